import type { APIRoute } from 'astro';
import { getCatalog } from '../catalog/get-catalog.ts';
import { sitemapData } from '../site/sitemap.ts';

export const GET: APIRoute = async () => Response.json(sitemapData(await getCatalog()));
