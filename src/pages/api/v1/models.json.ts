import type { APIRoute } from 'astro';
import { getCatalog } from '../../../catalog/get-catalog.ts';
import { apiIndex } from '../../../site/api.ts';

export const GET: APIRoute = async ({ site }) => Response.json(apiIndex(await getCatalog(), site?.href ?? ''));
