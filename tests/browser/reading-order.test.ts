/** What a screen reader is told of each kind of page, in which order. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AriaNode, ariaTree, descendants, orderProblems } from '../support/aria.ts';
import { GOLDEN_PATH, onePageOfEachKind, openSite as readSite } from '../support/site.ts';
import { openSite, type Site } from '../support/visit.ts';

const KINDS = onePageOfEachKind(readSite('dist'));

describe('in reading order', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  async function treeOf(path: string): Promise<AriaNode> {
    const { page } = await site.visit(path);
    // What a script fills is read when it is filled.
    if ((await page.locator('calculator-tools').count()) > 0)
      await page.locator('calculator-tools[data-ready]').waitFor();
    const snapshot = await page.locator('body').ariaSnapshot();
    await page.context().close();
    return ariaTree(snapshot);
  }

  /** What the main part says, from its title on. */
  function fromTitle(root: AriaNode): readonly AriaNode[] {
    const parts = root.children.find(({ role }) => role === 'main')?.children ?? [];
    return parts.slice(parts.findIndex(({ role }) => role === 'heading'));
  }

  test.each(KINDS)('%s: skip link, landmarks, title, answer, then sections (%s)', async (_kind, path) => {
    const root = await treeOf(path);
    expect(orderProblems(root)).toEqual([]);
    expect(root.children[0]?.name).toBe('Skip to the answer');
    const [banner] = root.children.filter(({ role }) => role === 'banner');
    const roles = banner?.children.map(({ role, name }) => `${role} ${name}`.trim()) ?? [];
    expect(roles.slice(1, 3)).toEqual(['navigation Site', 'search']);
    const [title, answer] = fromTitle(root);
    expect(title).toMatchObject({ role: 'heading', level: 1 });
    expect(answer?.role).toBe('paragraph');
  });

  test('scenario: question, answer, the two figures, their parts, the bar, then the list of sections', async () => {
    const heard = fromTitle(await treeOf(GOLDEN_PATH));
    const place = (role: string, name: string | RegExp): number =>
      heard.findIndex(
        (node) =>
          node.role === role &&
          (typeof name === 'string' ? [node.name, node.text].includes(name) : name.test(node.name)),
      );
    const answer = heard.findIndex(
      ({ role, text }) => role === 'paragraph' && /needs [\d.]+\sGB .* plan for/.test(text),
    );
    const order = [
      answer,
      place('term', 'Plan for'),
      place('term', 'Needs'),
      place('table', /allocates/),
      heard.findIndex((node) => node.role === 'figure' && descendants(node).some(({ role }) => role === 'img')),
      place('navigation', 'On this page'),
      heard.findIndex(({ role, level }) => role === 'heading' && level === 2),
    ];
    expect(order[0]).toBe(1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('model: the answer at the usual quant and context comes before the bar and the sections', async () => {
    const heard = fromTitle(await treeOf('/models/qwen3-5-27b/'));
    expect(heard[1]?.text).toMatch(/^Qwen3\.5 27B at Q4_K_M .* needs [\d.]+\sGB .*; plan for [\d.]+\sGB/);
    const bar = heard.findIndex(({ role }) => role === 'figure');
    const sections = heard.findIndex(({ role, level }) => role === 'heading' && level === 2);
    expect(bar).toBeGreaterThan(1);
    expect(sections).toBeGreaterThan(bar);
  });
});
