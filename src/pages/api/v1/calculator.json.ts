import type { APIRoute } from 'astro';
import { getCatalog } from '../../../catalog/get-catalog.ts';
import { calculatorCatalog } from '../../../site/calculator-data.ts';

export const GET: APIRoute = async () => Response.json(calculatorCatalog(await getCatalog()));
