import type { APIRoute } from 'astro';
import { getCatalog } from '../catalog/get-catalog.ts';
import { llmsText } from '../site/llms-text.ts';

export const GET: APIRoute = async ({ site }) => new Response(llmsText(await getCatalog(), site?.href ?? ''));
