import type { APIRoute } from 'astro';
import { getCatalog } from '../../../catalog/get-catalog.ts';
import { measurementsOf } from '../../../site/api.ts';

export const GET: APIRoute = async () => Response.json(measurementsOf(await getCatalog()));
