import type { APIRoute } from 'astro';
import { absoluteUrl, sitemapPath } from '../site/routes.ts';

export const GET: APIRoute = ({ site }) =>
  new Response(`User-agent: *\nAllow: /\n\nSitemap: ${absoluteUrl(sitemapPath(), site?.href ?? '')}\n`);
