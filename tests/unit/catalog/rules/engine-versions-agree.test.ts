import { expect, test } from 'vitest';
import { engineVersionsAgree } from '../../../../src/catalog/rules/engine-versions-agree.ts';
import { drafts, engine } from '../made-up.ts';

test.each([
  ['llama-cpp', 'v0.5.0', 0],
  ['llama-cpp', 'v0.6.0', 1],
  ['vllm', '0.27.1+', 0],
  ['vllm', '0.26.0', 1],
  ['mlx', '0.32.2', 0],
  ['mlx', '0.32.1', 1],
  ['sglang', '0.5.0', 0],
])('%s %s has %i problems', (id, version, count) => {
  expect(engineVersionsAgree(drafts({ engines: [engine({ id, version })] }))).toHaveLength(count);
});
