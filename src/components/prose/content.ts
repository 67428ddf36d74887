/** The text of a record as a component: MDX without imports and exports, compiled where it is shown. */
import { satteriHeadingIdsPlugin } from '@astrojs/markdown-satteri';
import { Fragment, jsx } from 'astro/jsx-runtime';
import type { AstroComponentFactory } from 'astro/runtime/server/index.js';
import { evaluate, type HastPluginDefinition } from 'satteri';
import { keepUnits } from '../../vram/index.ts';

const element = jsx as (type: unknown, props: unknown) => unknown;

/** Comes after the ids of headings, which are made of the text as typed; code stays as typed too. */
const unitsPlugin: HastPluginDefinition = {
  name: 'keep-units',
  text: (node, context) => {
    const whole = keepUnits(node.value);
    if (whole === node.value) return;
    const parent = context.parent(node);
    if (parent.type !== 'element' || parent.tagName !== 'code') context.setProperty(node, 'value', whole);
  },
};

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
      hastPlugins: [satteriHeadingIdsPlugin(), unitsPlugin],
      elementAttributeNameCase: 'html',
    });
    return (module as { default: AstroComponentFactory }).default;
  } catch (error) {
    throw new Error(`${file}: \`npm run check:content\` says where its text cannot be compiled`, { cause: error });
  }
}
