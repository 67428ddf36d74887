import rss from '@astrojs/rss';
import type { APIRoute } from 'astro';
import { getCatalog } from '../catalog/get-catalog.ts';
import { FEED_DESCRIPTION, FEED_TITLE, feedItems } from '../site/feed.ts';

export const GET: APIRoute = async ({ site }) =>
  rss({
    title: FEED_TITLE,
    description: FEED_DESCRIPTION,
    site: site?.href ?? '',
    items: feedItems(await getCatalog()).map((item) => ({ ...item })),
  });
