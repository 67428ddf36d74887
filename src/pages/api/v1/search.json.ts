import type { APIRoute } from 'astro';
import { getCatalog } from '../../../catalog/get-catalog.ts';
import { searchData } from '../../../site/search-data.ts';

export const GET: APIRoute = async () => Response.json(searchData(await getCatalog()));
