import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { checkDisk, loadCatalogFromDisk } from '../../../src/catalog/from-disk.ts';
import { CatalogError, fieldName, formatProblem, type Problem } from '../../../src/catalog/problem.ts';
import { FILES, projectOf } from './made-up.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

type Files = Readonly<Record<string, string>>;

function problemsOf(files: Files): readonly Problem[] {
  const root = projectOf(files);
  roots.push(root);
  return checkDisk(root).problems;
}

/** FILES with one text of one file replaced; the text must be there. */
function edit(file: string, from: string, to: string): Files {
  const text = FILES[file] ?? '';
  if (text.split(from).length !== 2) throw new Error(`"${from}" is not in ${file} exactly once`);
  return { ...FILES, [file]: text.replace(from, () => to) };
}

function without(file: string): Files {
  return Object.fromEntries(Object.entries(FILES).filter(([path]) => path !== file));
}

/** 1-based line and column of `text`, found by looking. */
function placeOf(files: Files, file: string, text: string): { line: number; column: number } {
  const before = (files[file] ?? '').split(text)[0] ?? '';
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

const MODEL = 'content/models/tiny.mdx';
const FAMILY = 'content/families/small.mdx';
const QUANT = 'content/quants/q4-k-m.mdx';
const GPU = 'content/gpus/rtx-4090.mdx';
const ENGINE = 'content/engines/llama-cpp.mdx';
const MEASUREMENT = 'content/measurements/someone-rtx-4090.yaml';
const GUIDE = 'content/guides/method.mdx';

interface Mistake {
  readonly name: string;
  readonly files: Files;
  readonly file: string;
  /** Text that starts where the problem is; absent = the top of the file. */
  readonly at?: string;
  readonly field: string;
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

function mistake(
  name: string,
  file: string,
  from: string,
  to: string,
  rest: Omit<Mistake, 'name' | 'files' | 'file'>,
): Mistake {
  return { name, files: edit(file, from, to), file, ...rest };
}

const TWIN = 'content/models/twin.mdx';

/** FILES with a second model that differs in every name and text, and `from` replaced by `to` in it. */
function twin(from: string, to: string): Files {
  const text = (FILES[MODEL] ?? '')
    .replace('name: Tiny', 'name: Twin')
    .replace('[little one]', '[second one]')
    .replace('One gigabyte is plenty', 'Two of a kind')
    .replace('It does.', 'So does it.');
  if (text.split(from).length !== 2) throw new Error(`"${from}" is not in the second model exactly once`);
  return { ...FILES, [TWIN]: text.replace(from, () => to) };
}

const MISTAKES: readonly Mistake[] = [
  mistake('an unknown key', MODEL, 'vendor: Maker', 'vendor: Maker\nvendr: Maker', {
    at: 'vendr',
    field: 'vendr',
    found: 'the key "vendr"',
    expected: 'one of the known keys: name, family, vendor',
    fix: 'did you mean "vendor"?',
  }),
  mistake('an unknown key inside a block', MODEL, 'headDim: 128', 'headDim: 128, headDims: 3', {
    at: 'headDims',
    field: 'architecture.attention.headDims',
    found: 'the key "headDims"',
    expected: 'heads, indexer, kvHeads, headDim',
    fix: 'did you mean "headDim"?',
  }),
  mistake('a missing key', MODEL, 'hook: One gigabyte is plenty\n', '', {
    field: 'hook',
    found: 'nothing',
    expected: 'text',
    fix: 'add "hook:"',
  }),
  mistake('a missing source', MODEL, 'total: 596049920\n  source: page', 'total: 596049920', {
    at: 'parameters',
    field: 'parameters.source',
    found: 'nothing',
    expected: 'text',
    fix: 'add "source:". Where this was read',
  }),
  mistake('negative parameters', MODEL, 'total: 596049920', 'total: -5', {
    at: '-5',
    field: 'parameters.total',
    found: '-5',
    expected: 'a whole number above 0',
    fix: 'correct the value',
  }),
  mistake('text for a number', MODEL, 'layers: 28', 'layers: many', {
    at: 'many',
    field: 'architecture.layers',
    found: '"many"',
    expected: 'a whole number',
    fix: 'num_hidden_layers',
  }),
  mistake('a number for text', MODEL, 'name: Tiny', 'name: 7', {
    at: '7',
    field: 'name',
    found: '7',
    expected: 'text',
    fix: 'write it in quotes: "7"',
  }),
  mistake('an empty value', MODEL, 'vendor: Maker', 'vendor:', {
    at: '\nreleased',
    field: 'vendor',
    found: 'an empty value',
    expected: 'text',
    fix: 'correct the value',
  }),
  mistake('a date without quotes', MODEL, '"2026-01-02"', '2026-01-02', {
    at: '2026-01-02',
    field: 'released',
    found: '2026-01-02 without quotes',
    expected: 'text',
    fix: 'write it in quotes: "2026-01-02"',
  }),
  mistake('a day that does not exist', MODEL, '"2026-01-02"', '"2026-02-30"', {
    at: '"2026-02-30"',
    field: 'released',
    found: '"2026-02-30"',
    expected: 'YYYY-MM-DD',
    fix: 'correct the value',
  }),
  mistake('a word that is not on the list', MODEL, 'modalities: [text]', 'modalities: [text, smell]', {
    at: 'smell',
    field: 'modalities[2]',
    found: '"smell"',
    expected: 'one of: text, image, video, audio',
    fix: 'What the model reads',
  }),
  mistake('an unknown kind of attention', MODEL, 'kind: full', 'kind: flash', {
    at: 'flash',
    field: 'architecture.attention.kind',
    found: '"flash"',
    expected: 'one of: full, latent, sliding-window, linear-hybrid, compressed',
    fix: 'How the model attends',
  }),
  mistake('a word for a block', MODEL, 'license: { name: MIT, source: page }', 'license: MIT', {
    at: 'MIT',
    field: 'license',
    found: '"MIT"',
    expected: 'a block of keys: name, url, source',
    fix: 'correct the value',
  }),
  mistake('an address without https', MODEL, 'https://example.com', 'http://example.com', {
    at: '"http://example.com/page"',
    field: 'sources.page.url',
    found: '"http://example.com/page"',
    expected: 'an address that starts with https://',
    fix: 'correct the value',
  }),
  mistake(
    'a source key that is no key',
    MODEL,
    'total: 596049920\n  source: page',
    'total: 596049920\n  source: pege',
    {
      at: 'pege',
      field: 'parameters.source',
      found: '"pege"',
      expected: 'a key of `sources`: page',
      fix: 'did you mean "page"?',
    },
  ),
  mistake(
    'a source that nothing names',
    MODEL,
    'sources:\n',
    'sources:\n  spare: { title: Spare, url: "https://example.com" }\n',
    {
      at: 'spare',
      field: 'sources.spare',
      found: 'the source "spare", which no field names',
      expected: 'a source that',
      fix: 'proseSources',
    },
  ),
  mistake('a source that no reader can open', MODEL, 'title: A page', 'title: unlocated public file 12', {
    at: 'unlocated',
    field: 'sources.page.title',
    found: '"unlocated public file 12"',
    expected: 'that a reader can open',
    fix: 'leave the fact out',
  }),
  mistake('a family that does not exist', MODEL, 'family: small', 'family: smal', {
    at: 'smal',
    field: 'family',
    found: '"smal", and no file content/families/smal.mdx',
    expected: 'the id of a record in content/families',
    fix: 'did you mean "small"?',
  }),
  mistake('a quant for an engine that does not exist', QUANT, 'engine: llama-cpp', 'engine: exllama', {
    at: 'exllama',
    field: 'engine',
    found: '"exllama", and no file content/engines/exllama.mdx',
    expected: 'the id of a record in content/engines',
    fix: 'write content/engines/exllama.mdx',
  }),
  mistake('a family related to itself', FAMILY, 'related: []', 'related: [small]', {
    at: 'small]',
    field: 'related[1]',
    found: '"small", the record itself',
    expected: 'another record',
    fix: 'remove it',
  }),
  mistake('active parameters of a dense model', MODEL, 'total: 596049920', 'total: 596049920\n  active: 3000', {
    at: '3000',
    field: 'parameters.active',
    found: '3000, on a model without experts',
    expected: 'no "active"',
    fix: 'remove it',
  }),
  mistake('more active than all parameters', MODEL, 'total: 596049920', 'total: 596049920\n  active: 596049921', {
    at: '596049921',
    field: 'parameters.active',
    found: '596049921, more than the total of 596049920',
    expected: 'at most `parameters.total`',
    fix: 'swapped',
  }),
  mistake('parameters that the tensors do not have', MODEL, 'total: 596049920', 'total: 751632384', {
    at: '751632384',
    field: 'parameters.total',
    found: '751632384, +26.1 % from the 596049920',
    expected: 'at most 1 %',
    fix: 'parametersDiffer',
  }),
  mistake('an exception that is not needed', MODEL, 'parameters:\n', 'parametersDiffer: They do.\nparameters:\n', {
    at: 'They do.',
    field: 'parametersDiffer',
    found: 'a reason, though 596049920 is within 1 %',
    expected: 'only where they differ',
    fix: 'remove "parametersDiffer"',
  }),
  mistake('an extended context below the native one', MODEL, 'native: 40960', 'native: 40960, extended: 32768', {
    at: '32768',
    field: 'context.extended',
    found: '32768 tokens, not more than the native 40960',
    expected: 'more than `context.native`',
    fix: 'remove it',
  }),
  mistake('a context in thousands', MODEL, 'native: 40960', 'native: 128', {
    at: '128, source',
    field: 'context.native',
    found: '128 tokens',
    expected: '1024 to',
    fix: '131072, not 128',
  }),
  mistake('a release after the last change', MODEL, '"2026-01-02"', '"2026-12-01"', {
    at: '"2026-12-01"',
    field: 'released',
    found: '2026-12-01, after `updated` 2026-11-25',
    expected: 'a day not after `updated`',
    fix: 'correct',
  }),
  mistake('an architecture that the estimator does not know', MODEL, 'Qwen3ForCausalLM', 'MadeUpForCausalLM', {
    at: 'architecture:',
    field: 'architecture',
    found: 'MadeUpForCausalLM',
    expected: 'one that the estimator knows',
    fix: 'estimable: false',
  }),
  mistake('layers that do not go with the attention', MODEL, 'layers: 28', 'layers: 28\n  layerPattern: SF', {
    at: 'SF',
    field: 'architecture.layerPattern',
    found: 'the letter S',
    expected: 'attention of kind "full"',
    fix: 'config.json',
  }),
  mistake('more usable memory than sold', GPU, 'bytes: 25246564352', 'bytes: 26843545600', {
    at: '26843545600',
    field: 'usable.bytes',
    found: '26843545600 bytes, 104.2 % of the 24 GiB',
    expected: '50 to 100 %',
    fix: 'MiB x 1048576',
  }),
  mistake('a format by a name llama-quantize does not know', QUANT, 'scheme: Q4_K_M', 'scheme: Q4_K_MM', {
    at: 'Q4_K_MM',
    field: 'scheme',
    found: '"Q4_K_MM"',
    expected: 'one of:',
    fix: 'did you mean "Q4_K_M"?',
  }),
  mistake(
    'a list with a dash too few',
    MODEL,
    '  - question: Does it fit a phone?\n',
    '    question: Does it fit a phone?\n',
    {
      at: 'faq',
      field: 'faq',
      found: 'a block with the keys question, answer',
      expected: 'a list',
      fix: 'correct the value',
    },
  ),
  mistake('one key twice', ENGINE, 'name: llama.cpp', 'name: llama.cpp\nname: llama.cpp', {
    at: 'name: llama.cpp\nversion',
    field: '(file)',
    found: 'the key "name", which this block already has',
    expected: 'every key once in a block',
    fix: 'keep one of the two',
  }),
  mistake('YAML that cannot be read', GUIDE, 'title: Method', 'title: "Method', {
    at: '\ndescription: How',
    field: '(file)',
    found: 'YAML that cannot be read',
    expected: 'valid YAML',
    fix: 'quotes',
  }),
  mistake('a measured run of a model that does not exist', MEASUREMENT, 'model: tiny', 'model: tinny', {
    at: 'tinny',
    field: 'memory[1].model',
    found: '"tinny", and no file content/models/tinny.mdx',
    expected: 'the id of a record in content/models',
    fix: 'did you mean "tiny"?',
  }),
  mistake('a buffer that no engine logs', MEASUREMENT, 'kvCache: 896', 'kvCache: 896, kv: 896', {
    at: 'kv: 896',
    field: 'memory[1].MiB.kv',
    found: 'the key "kv"',
    expected: 'kvCache',
    fix: 'remove the key',
  }),
  {
    name: 'measurements that are no YAML file',
    files: { ...FILES, 'content/measurements/other.mdx': '' },
    file: 'content/measurements/other.mdx',
    field: '(file)',
    found: 'a file that is no record',
    expected: 'only files named <id>.yaml',
    fix: 'rename it to <id>.yaml',
  },
  mistake('text that YAML takes for a reference', MODEL, 'hook: One gigabyte is plenty', 'hook: *One', {
    at: '*One',
    field: '(file)',
    found: 'YAML that cannot be read',
    expected: 'valid YAML',
    fix: 'in quotes',
  }),
  mistake('text that YAML takes for a tag', MODEL, 'hook: One gigabyte', 'hook: !One gigabyte', {
    at: '!One',
    field: '(file)',
    found: 'YAML that cannot be read',
    expected: 'valid YAML',
    fix: 'in quotes',
  }),
  {
    name: 'front matter that is a list',
    files: { ...FILES, [GUIDE]: '---\n- title: Method\n---\n' },
    file: GUIDE,
    field: '(file)',
    found: 'a list of 1',
    expected: 'a block of keys',
    fix: 'correct the value',
  },
  mistake('code in a guide that is no code', GUIDE, 'Weights first: ', 'Weights first: {one and one} ', {
    at: 'and one}',
    field: '(file)',
    found: 'text that MDX cannot compile',
    expected: 'Markdown text and elements',
    fix: '&lt;',
  }),
  mistake('an expression in a guide', GUIDE, 'Weights first: ', 'Weights first: {1 + 1} ', {
    at: '{1 + 1}',
    field: '(file)',
    found: 'an expression in { } in the text',
    expected: 'Markdown text and elements',
    fix: '&#123;',
  }),
  mistake('an attribute of an element that is computed', GUIDE, 'part="per-token"', 'part={1}', {
    at: '<Figure',
    field: '(file)',
    found: 'an attribute of <Figure> that is no text in quotes',
    expected: 'name="text"',
    fix: 'in quotes',
  }),
  mistake('a brace in the text of a record', MODEL, 'A model for tests.', 'A model for {tests}.', {
    at: '{tests}',
    field: '(file)',
    found: 'an expression in { } in the text',
    expected: 'Markdown text without code',
    fix: '&#123;',
  }),
  mistake('text that MDX cannot compile', GUIDE, 'Weights first: ', 'Weights first: {1 + ', {
    at: '{1 +',
    field: '(file)',
    found: 'text that MDX cannot compile',
    expected: 'Markdown text and elements',
    fix: '&lt;',
  }),
  {
    name: 'no front matter',
    files: { ...FILES, [GUIDE]: 'Just text.\n' },
    file: GUIDE,
    field: '(file)',
    found: 'no front matter',
    expected: 'facts in YAML between two lines "---"',
    fix: 'start the file with "---"',
  },
  {
    name: 'front matter without an end',
    files: { ...FILES, [GUIDE]: '---\ntitle: Method\n' },
    file: GUIDE,
    field: '(file)',
    found: 'front matter that is not closed',
    expected: 'facts in YAML between two lines "---"',
    fix: 'close the facts with "---"',
  },
  {
    name: 'an empty file',
    files: { ...FILES, 'content/guides/other.mdx': '' },
    file: 'content/guides/other.mdx',
    field: '(file)',
    found: 'an empty file',
    expected: 'facts in YAML',
    fix: 'start the file',
  },
  {
    name: 'a file name that is no id',
    files: { ...without(GUIDE), 'content/guides/My_Guide.mdx': FILES[GUIDE] ?? '' },
    file: 'content/guides/My_Guide.mdx',
    field: '(file)',
    found: 'the file name "My_Guide.mdx"',
    expected: 'lower-case letters and digits',
    fix: 'rename the file to "my-guide.mdx"',
  },
  {
    name: 'a file that is no record',
    files: { ...FILES, 'content/models/notes.md': 'Notes.\n' },
    file: 'content/models/notes.md',
    field: '(file)',
    found: 'a file that is no record',
    expected: 'only files named <id>.mdx in content/models',
    fix: 'rename it',
  },
  {
    name: 'a folder inside a folder of records',
    files: { ...FILES, 'content/models/more/x.mdx': 'x\n' },
    file: 'content/models/more',
    field: '(file)',
    found: 'a folder',
    expected: 'only files named <id>.mdx in content/models',
    fix: 'move its files up',
  },
  {
    name: 'a folder of no kind',
    files: { ...FILES, 'content/modles/x.mdx': 'x\n' },
    file: 'content/modles',
    field: '(file)',
    found: 'the folder "modles"',
    expected: 'one of: models, families',
    fix: 'rename or remove it',
  },
  {
    name: 'an alias that another model has',
    files: twin('[second one]', '[second one, Little_One]'),
    file: TWIN,
    at: 'Little_One',
    field: 'aliases[2]',
    found: '"Little_One", which content/models/tiny.mdx answers to as "little one"',
    expected: 'a name of one record only',
    fix: 'remove or lengthen the other',
  },
  {
    name: 'a hook that another model has',
    files: twin('Two of a kind', 'One gigabyte  is plenty'),
    file: TWIN,
    at: 'One gigabyte',
    field: 'hook',
    found: 'the words of content/models/tiny.mdx',
    expected: 'true of this model only',
    fix: 'say what sets this model apart',
  },
  {
    name: 'an answer that another model has',
    files: twin('So does it.', 'It does.'),
    file: TWIN,
    at: 'It does.',
    field: 'faq[1].answer',
    found: 'the words of content/models/tiny.mdx',
    expected: 'true of this model only',
    fix: 'say what sets this model apart',
  },
  {
    name: 'a place in the order that another quant has',
    files: {
      ...FILES,
      'content/quants/q8-0.mdx': (FILES[QUANT] ?? '')
        .replace('name: Q4_K_M', 'name: Q8_0')
        .replace('scheme: Q4_K_M', 'scheme: Q8_0')
        .replace('nominalBits: 4.5', 'nominalBits: 8.5'),
    },
    file: 'content/quants/q8-0.mdx',
    at: '10',
    field: 'order',
    found: '10, which content/quants/q4-k-m.mdx has too',
    expected: 'a number that no other record has',
    fix: 'move one of the two',
  },
  mistake('a hook with a full stop', MODEL, 'One gigabyte is plenty', 'One gigabyte is plenty.', {
    at: 'One gigabyte',
    field: 'hook',
    found: '"One gigabyte is plenty."',
    expected: 'no full stop at the end',
    fix: 'correct the value',
  }),
  mistake('a hook that fills no title', MODEL, 'One gigabyte is plenty', `One gigabyte ${'is plenty '.repeat(8)}here`, {
    at: 'One gigabyte',
    field: 'hook',
    found: '"One gigabyte is plenty',
    expected: 'at most 80 characters',
    fix: 'correct the value',
  }),
  mistake('a question without a question mark', MODEL, 'Does it fit a phone?', 'Fits a phone', {
    at: 'Fits a phone',
    field: 'faq[1].question',
    found: '"Fits a phone"',
    expected: 'a question that ends in "?"',
    fix: 'correct the value',
  }),
  mistake('an alias twice', MODEL, '[little one]', '[little one, little one]', {
    at: 'aliases',
    field: 'aliases',
    found: 'a list of 2',
    expected: 'every alias once',
    fix: 'correct the value',
  }),
  mistake('a repository that is an address', MODEL, 'vendor: Maker', 'vendor: Maker\nrepository: huggingface.co/a/b', {
    at: 'huggingface.co',
    field: 'repository',
    found: '"huggingface.co/a/b"',
    expected: 'owner/name',
    fix: 'correct the value',
  }),
  mistake('an exception without its reason', MODEL, 'modalities: [text]', 'modalities: [text]\nestimable: false', {
    field: 'notEstimableBecause',
    found: 'nothing, with `estimable: false`',
    expected: 'what is missing for an estimate',
    fix: 'add "notEstimableBecause:"',
  }),
  mistake(
    'an exception that has outlived its reason',
    MODEL,
    'modalities: [text]',
    'modalities: [text]\nestimable: false\nnotEstimableBecause: Not yet.',
    {
      at: 'false\nnotEstimable',
      field: 'estimable',
      found: 'false, though the estimator knows this architecture',
      expected: 'an exception only where there is no estimate',
      fix: 'remove `estimable`',
    },
  ),
  mistake('bits that the format does not have', QUANT, 'nominalBits: 4.5', 'nominalBits: 5.5', {
    at: '5.5',
    field: 'nominalBits',
    found: '5.5 bits',
    expected: 'as the base type of Q4_K_M has',
    fix: 'base block type',
  }),
  mistake('an importance matrix that nobody needs', QUANT, 'order: 10', 'order: 10\nneedsImatrix: true', {
    at: 'true',
    field: 'needsImatrix',
    found: 'true',
    expected: 'writes Q4_K_M without one',
    fix: 'remove it',
  }),
  mistake('an engine of another version', ENGINE, 'version: v0.5.0', 'version: v0.4.0', {
    at: 'v0.4.0',
    field: 'version',
    found: '"v0.4.0"',
    expected: 'v0.5.0',
    fix: 'a newer one needs a new estimator first',
  }),
  mistake('a device without a source for its bandwidth', GPU, '{ GBps: 1008, source: page }', '{ GBps: 1008 }', {
    at: 'bandwidth',
    field: 'bandwidth.source',
    found: 'nothing',
    expected: 'text',
    fix: 'add "source:"',
  }),
  {
    name: 'a family without a model',
    files: { ...FILES, 'content/families/lone.mdx': (FILES[FAMILY] ?? '').replace('name: Small', 'name: Lone') },
    file: 'content/families/lone.mdx',
    field: '(file)',
    found: 'a family that no model names',
    expected: '"family: lone"',
    fix: 'add the model',
  },
];

test('the files that the mistakes are planted in have no problem', () => {
  expect(problemsOf(FILES)).toEqual([]);
});

describe('a mistake is reported once, with its place, what was found, what was expected and what to do', () => {
  test.each(MISTAKES)('$name', ({ files, file, at, field, found, expected, fix }) => {
    const problems = problemsOf(files);
    expect(problems.map(formatProblem)).toHaveLength(1);
    const [problem] = problems as [Problem];
    expect({ file: problem.file, field: fieldName(problem.path), line: problem.line, column: problem.column }).toEqual({
      file,
      field,
      ...(at === undefined ? { line: 1, column: 1 } : placeOf(files, file, at)),
    });
    expect(problem.level).toBe('error');
    expect(problem.found).toContain(found);
    expect(problem.expected).toContain(expected);
    expect(problem.fix).toContain(fix);
  });
});

test('every problem of every file is reported in one run, by file and line', () => {
  const files = {
    ...FILES,
    [MODEL]: (FILES[MODEL] ?? '')
      .replace('family: small', 'family: none')
      .replace('total: 596049920', 'total: -1')
      .replace('vendor:', 'vendr:'),
    [GPU]: (FILES[GPU] ?? '')
      .replace('vendor: NVIDIA', 'vendor: Nvidia')
      .replace('bytes: 25246564352', 'bytes: 99999999999'),
    [GUIDE]: '---\ntitle: "open\n---\n',
  };
  const places = problemsOf(files).map(({ file, line, path }) => `${file}:${line} ${fieldName(path)}`);
  expect(places).toEqual([
    `${FAMILY}:1 (file)`,
    `${GPU}:4 vendor`,
    `${GPU}:8 usable.bytes`,
    `${GUIDE}:3 (file)`,
    `${MODEL}:1 vendor`,
    `${MODEL}:3 family`,
    `${MODEL}:4 vendr`,
    `${MODEL}:10 parameters.total`,
  ]);
});

test('a broken record is no reason to say that it does not exist', () => {
  const files = { ...FILES, [FAMILY]: '---\nname: [open\n---\n', [ENGINE]: 'no front matter\n' };
  expect(new Set(problemsOf(files).map(({ file }) => file))).toEqual(new Set([FAMILY, ENGINE]));
});

test('lines are counted right with Windows line ends', () => {
  const files = edit(MODEL, 'total: 596049920', 'total: -5');
  const windows = { ...files, [MODEL]: (files[MODEL] ?? '').replaceAll('\n', '\r\n') };
  expect(problemsOf(windows).map(({ line, column }) => ({ line, column }))).toEqual([placeOf(files, MODEL, '-5')]);
});

test('a fact that is a year old is a warning, and stops nothing', () => {
  const root = projectOf(edit(FAMILY, 'updated: "2026-11-25"', 'updated: "2025-11-24"'));
  roots.push(root);
  const { problems, catalog, count } = checkDisk(root);
  expect(problems.map(({ level, file, line }) => ({ level, file, line }))).toEqual([
    { level: 'warning', file: FAMILY, line: 6 },
  ]);
  expect(catalog?.families).toHaveLength(1);
  expect(count).toBe(7);
});

test('the catalogue is loaded, or an error lists every problem', () => {
  const root = projectOf(FILES);
  const broken = projectOf({ ...edit(MODEL, 'total: 596049920', 'total: -5'), [GUIDE]: '' });
  roots.push(root, broken);
  expect(loadCatalogFromDisk(root).resolveModel('Little-One')?.id).toBe('tiny');
  expect(loadCatalogFromDisk(root).byId.models.get('tiny')?.body).toBe('A model for tests.');
  expect(() => loadCatalogFromDisk(broken)).toThrow(CatalogError);
  expect(() => loadCatalogFromDisk(broken)).toThrow(
    /guides\/method\.mdx:1:1[\s\S]*models\/tiny\.mdx:10:10 parameters\.total[\s\S]*2 problems in 2 files/,
  );
});

test('a folder without content/ is a problem of its own', () => {
  const root = projectOf({ 'other.txt': '' });
  roots.push(root);
  expect(checkDisk(root).problems.map(({ file, found }) => `${file}: ${found}`)).toEqual(['content: no such folder']);
});
