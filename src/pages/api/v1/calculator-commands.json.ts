import type { APIRoute } from 'astro';
import { getCatalog } from '../../../catalog/get-catalog.ts';
import { calculatorCommands } from '../../../site/api.ts';

export const GET: APIRoute = async () => Response.json(calculatorCommands(await getCatalog()));
