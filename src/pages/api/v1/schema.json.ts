import type { APIRoute } from 'astro';
import { apiJsonSchema } from '../../../site/api.schema.ts';

export const GET: APIRoute = () => Response.json(apiJsonSchema());
