import { describe, expect, test } from 'vitest';
import { ariaTree, descendants, orderProblems } from '../../support/aria.ts';

const GOOD = `- link "Skip to the answer":
  - /url: "#main"
- banner:
  - navigation "Site":
    - list:
      - listitem:
        - link "Models":
          - /url: /models/
  - 'button "Theme: auto"'
- main:
  - navigation "Breadcrumb":
    - list:
      - listitem: Qwen3 8B
  - 'heading "How much VRAM does \\"it\\" need? Don''t ask" [level=1]'
  - paragraph: It needs 5.9 GB.
  - figure:
    - img "6 GB to plan for"
  - heading "Hardware that fits" [level=2]
  - figure "Table":
    - table:
      - row "a"
- contentinfo:
  - paragraph: Updated.`;

describe('the tree of an aria snapshot', () => {
  test('has roles, names, levels and texts in reading order', () => {
    const main = ariaTree(GOOD).children[2];
    expect(main?.children.map(({ role }) => role)).toEqual([
      'navigation',
      'heading',
      'paragraph',
      'figure',
      'heading',
      'figure',
    ]);
    expect(main?.children[1]).toMatchObject({ level: 1, name: 'How much VRAM does \\"it\\" need? Don\'t ask' });
    expect(main?.children[2]?.text).toBe('It needs 5.9 GB.');
    expect(descendants(ariaTree(GOOD)).filter(({ name }) => name === 'Theme: auto')).toHaveLength(1);
  });

  test('is in order where nothing is wrong', () => {
    expect(orderProblems(ariaTree(GOOD))).toEqual([]);
  });

  test.each([
    ['a landmark that is missing', GOOD.replace('- contentinfo:', '- paragraph:'), 'expected link, banner, main'],
    [
      'something before the title',
      GOOD.replace('navigation "Breadcrumb"', 'table "Figures"'),
      'before the title: table',
    ],
    ['a page without a title', GOOD.replace('[level=1]', '[level=2]'), 'the first heading has level 2'],
    ['two titles', GOOD.replace('[level=2]', '[level=1]'), 'a second title: Hardware that fits'],
    ['a level that is left out', GOOD.replace('[level=2]', '[level=3]'), 'level 3 after 1: Hardware'],
    [
      'a heading with nothing below',
      GOOD.replace(/ {2}- figure "Table":[\s\S]*(?=- contentinfo)/, ''),
      'nothing below it: Hardware',
    ],
    ['a link without a name', GOOD.replace('link "Models"', 'link'), 'a link without a name'],
    ['a picture without a name', GOOD.replace('img "6 GB to plan for"', 'img'), 'a img without a name'],
    ['a table without a name', GOOD.replace('- figure "Table":', '- group:'), 'a table without a name'],
  ])('%s is found', (_what, snapshot, problem) => {
    expect(orderProblems(ariaTree(snapshot))).toContainEqual(expect.stringContaining(problem));
  });
});
