import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkRecords } from '../../src/catalog/check.ts';

describe('CONTRIBUTING.md', () => {
  it('shows a model record that the schema accepts', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[1] ?? '';
    const { problems } = checkRecords([{ kind: 'models', id: 'qwen3-8b', data: parse(example), body: 'Text.' }]);
    // A family of its own record is the one thing that the example alone cannot have.
    expect(problems.filter(({ path }) => path[0] !== 'family')).toEqual([]);
    expect(parse(example)).toMatchObject({ name: 'Qwen3 8B', architecture: { layers: 36 } });
  });
});
