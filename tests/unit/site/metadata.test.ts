import { describe, expect, it } from 'vitest';
import type { PageMeta } from '../../../src/scenarios/views.ts';
import { type HeadTags, headTags } from '../../../src/site/metadata.ts';

const meta: PageMeta = {
  path: '/models/m/q4-k-m/8k/',
  canonicalPath: '/models/m/q4-k-m/8k/',
  indexable: true,
  title: 'M Q4_K_M at 8K: 6.13 GB VRAM',
  description: 'M at Q4_K_M with 8K context: plan for 6.13 GB of VRAM.',
  breadcrumbs: [],
  questions: [],
  updated: '2026-11-25',
};

const contentOf = ({ metas }: HeadTags, name: string): readonly string[] =>
  metas.filter((tag) => ('name' in tag ? tag.name : tag.property) === name).map(({ content }) => content);

describe('the head of a page', () => {
  const head = headTags(meta, 'https://example.org');

  it('has each tag once, with absolute addresses', () => {
    const names = head.metas.map((tag) => ('name' in tag ? tag.name : tag.property));
    expect(new Set(names).size).toBe(names.length);
    expect(head.title).toBe('M Q4_K_M at 8K: 6.13 GB VRAM | VRAM Atlas');
    expect(contentOf(head, 'description')).toEqual([meta.description]);
    expect(contentOf(head, 'og:title')).toEqual([meta.title]);
    expect(contentOf(head, 'og:url')).toEqual(['https://example.org/models/m/q4-k-m/8k/']);
    expect(contentOf(head, 'og:image')[0]).toMatch(/^https:\/\/example\.org\/.+\.png$/);
    expect(['og:image:width', 'og:image:height'].map((name) => contentOf(head, name))).toEqual([['1200'], ['630']]);
    expect(contentOf(head, 'twitter:card')).toEqual(['summary_large_image']);
    expect(head.links).toEqual([{ rel: 'canonical', href: 'https://example.org/models/m/q4-k-m/8k/' }]);
  });

  it('lets an indexable page be indexed', () => {
    expect(contentOf(head, 'robots')[0]).toMatch(/^index, follow/);
  });

  it('leaves a page with another canonical to that canonical', () => {
    const other = headTags({ ...meta, canonicalPath: '/models/m/q4-k-m/', indexable: false }, 'https://example.org');
    expect(other.links[0]?.href).toBe('https://example.org/models/m/q4-k-m/');
    expect(contentOf(other, 'robots')[0]).not.toContain('noindex');
  });

  it('keeps a page out that no other page stands for', () => {
    expect(
      contentOf(
        headTags({ ...meta, path: '/404.html', canonicalPath: '/404.html', indexable: false }, 'https://example.org'),
        'robots',
      ),
    ).toEqual(['noindex, follow']);
  });

  it('does not repeat the site name on the home page', () => {
    expect(
      headTags({ ...meta, path: '/', canonicalPath: '/', title: 'VRAM Atlas: how much?' }, 'https://example.org').title,
    ).toBe('VRAM Atlas: how much?');
  });
});
