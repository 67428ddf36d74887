import mdx from '@astrojs/mdx/server.js';
import { experimental_AstroContainer as AstroContainer } from 'astro/container';
import { type HTMLElement, parse } from 'node-html-parser';

type Component = Parameters<AstroContainer['renderToString']>[0];

/** Renders a component with made-up props; the root holds its markup. */
export async function renderComponent(
  component: Component,
  props: Record<string, unknown>,
  slot = '',
): Promise<HTMLElement> {
  const container = await AstroContainer.create();
  container.addServerRenderer({ renderer: mdx });
  return parse(await container.renderToString(component, { props, slots: { default: slot } }));
}

/** Text as a reader meets it: white space folded. */
export const textOf = (element: HTMLElement | null | undefined): string =>
  (element?.text ?? '').replace(/\s+/g, ' ').trim();

/** The element that `selector` names; fails where there is none. */
export function one(root: HTMLElement, selector: string): HTMLElement {
  const element = root.querySelector(selector);
  if (!element) throw new Error(`no ${selector} in ${root.outerHTML}`);
  return element;
}
