import regular from '@fontsource/gelasio/files/gelasio-latin-400-normal.woff2?inline';
import bold from '@fontsource/gelasio/files/gelasio-latin-700-normal.woff2?inline';
import type { APIRoute, GetStaticPaths, InferGetStaticPropsType } from 'astro';
import { getCatalog } from '../../../catalog/get-catalog.ts';
import { openGraphKeys, openGraphView } from '../../../scenarios/open-graph.ts';
import { openGraphImage } from '../../../site/open-graph-image.ts';

/** Fonts as the bundler hands them over: `data:font/woff2;base64,...`. */
const fonts = [regular, bold].map((url) => Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'));

export const getStaticPaths = (async () =>
  openGraphKeys(await getCatalog()).map((key) => ({ params: { ...key }, props: { key } }))) satisfies GetStaticPaths;

export const GET: APIRoute<InferGetStaticPropsType<typeof getStaticPaths>> = async ({ props }) =>
  new Response(await openGraphImage(openGraphView(await getCatalog(), props.key), fonts), {
    headers: { 'Content-Type': 'image/png' },
  });
