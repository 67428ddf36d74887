/** The text of a record as a component: MDX without imports and exports, compiled where it is shown. */
import { satteriHeadingIdsPlugin } from '@astrojs/markdown-satteri';
import { Fragment, jsx } from 'astro/jsx-runtime';
import type { AstroComponentFactory } from 'astro/runtime/server/index.js';
import { evaluate } from 'satteri';

const element = jsx as (type: unknown, props: unknown) => unknown;

/**
 * What shows `body`, the text of `file`; it takes the elements that stand in it as `components`.
 * @throws Error where it does not compile
 */
export function contentOf(body: string, file: string): AstroComponentFactory {
  try {
    const module = evaluate(body, {
      Fragment,
      jsx: element,
      jsxs: element,
      hastPlugins: [satteriHeadingIdsPlugin()],
      features: { gfm: true, smartPunctuation: true },
      elementAttributeNameCase: 'html',
    });
    return (module as { default: AstroComponentFactory }).default;
  } catch (error) {
    throw new Error(`${file}: \`npm run check:content\` says where its text cannot be compiled`, { cause: error });
  }
}
