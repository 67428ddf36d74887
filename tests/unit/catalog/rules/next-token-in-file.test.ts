import { expect, test } from 'vitest';
import { nextTokenInFile } from '../../../../src/catalog/rules/next-token-in-file.ts';
import { denseArchitecture, drafts, model } from '../made-up.ts';

// llama.cpp's converter writes the prediction blocks of GLM-4.5 and MiMo-V2 always, those of DeepSeek V3 never.
test.each([
  ['Glm4MoeForCausalLM', 1, undefined, 1],
  ['Glm4MoeForCausalLM', 1, false, 1],
  ['Glm4MoeForCausalLM', 1, true, 0],
  ['Glm4MoeForCausalLM', undefined, undefined, 0],
  ['DeepseekV3ForCausalLM', 1, undefined, 0],
  ['MadeUpForCausalLM', 1, undefined, 0],
])('%s with %j prediction blocks and mtpInFile %j', (className, nextTokenLayers, mtpInFile, count) => {
  const architecture = {
    ...denseArchitecture,
    className,
    ...(nextTokenLayers === undefined ? {} : { nextTokenLayers }),
  };
  const record = model({ architecture, ...(mtpInFile === undefined ? {} : { mtpInFile }) });
  const problems = nextTokenInFile(drafts({ models: [record] }));
  expect(problems.map(({ path }) => path)).toEqual(Array.from({ length: count }, () => ['mtpInFile']));
});

test('a value that could not be read is not called missing', () => {
  const architecture = { ...denseArchitecture, className: 'Glm4MoeForCausalLM', nextTokenLayers: 1 };
  const draft = { ...model({ architecture }), unread: ['mtpInFile'] };
  expect(nextTokenInFile(drafts({ models: [draft] }))).toEqual([]);
});
