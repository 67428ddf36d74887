import type { APIRoute, GetStaticPaths, InferGetStaticPropsType } from 'astro';
import { getCatalog } from '../../../../catalog/get-catalog.ts';
import { modelApi } from '../../../../site/api.ts';

export const getStaticPaths = (async () => {
  const { estimableModels } = await getCatalog();
  return estimableModels.map((model) => ({ params: { model: model.id }, props: { model } }));
}) satisfies GetStaticPaths;

export const GET: APIRoute<InferGetStaticPropsType<typeof getStaticPaths>> = async ({ props, site }) =>
  Response.json(modelApi(await getCatalog(), props.model, site?.href ?? ''));
