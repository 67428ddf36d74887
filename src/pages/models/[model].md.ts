import type { APIRoute, GetStaticPaths } from 'astro';
import { getCatalog } from '../../catalog/get-catalog.ts';
import { modelPage } from '../../scenarios/pages.ts';
import { modelText } from '../../site/model-text.ts';

export const getStaticPaths = (async () => {
  const { estimableModels } = await getCatalog();
  return estimableModels.map(({ id }) => ({ params: { model: id } }));
}) satisfies GetStaticPaths;

export const GET: APIRoute = async ({ params, site }) =>
  new Response(modelText(modelPage(await getCatalog(), params['model'] ?? ''), site?.href ?? ''), {
    headers: { 'Content-Type': 'text/markdown; charset=utf-8' },
  });
