import type { Catalog } from '../catalog/catalog.ts';
import { SITE_NAME, SITE_TAGLINE } from './config.ts';
import { familyPath, gpuPath, guidePath, modelPath, quantPath } from './routes.ts';

/** One changed record. */
interface FeedItem {
  readonly title: string;
  readonly description: string;
  readonly link: string;
  /** Start of the day of the change, UTC. */
  readonly pubDate: Date;
}

const MOST_ITEMS = 60;

/** Records by the day they last changed, newest first; of one day models first, most looked-up first. */
export function feedItems(catalog: Catalog): readonly FeedItem[] {
  const item = (title: string, description: string, link: string, day: string): FeedItem => ({
    title,
    description,
    link,
    pubDate: new Date(`${day}T00:00:00Z`),
  });
  return [
    ...catalog.estimableModels.map(({ id, name, hook, updated }) => item(name, `${hook}.`, modelPath(id), updated)),
    ...catalog.guides.map(({ id, title, description, reviewed }) => item(title, description, guidePath(id), reviewed)),
    ...catalog.families.map(({ id, name, summary, updated }) =>
      item(`${name} family`, summary, familyPath(id), updated),
    ),
    ...catalog.quants.map(({ id, name, summary, updated }) => item(name, summary, quantPath(id), updated)),
    ...catalog.gpus.map(({ id, name, memoryGB, updated }) => item(name, `${memoryGB} GB.`, gpuPath(id), updated)),
  ]
    .sort((a, b) => b.pubDate.getTime() - a.pubDate.getTime())
    .slice(0, MOST_ITEMS);
}

/** What the feed calls itself. */
export const FEED_TITLE = `${SITE_NAME}: what changed`;
export const FEED_DESCRIPTION = `${SITE_TAGLINE}. Records of models, devices, quants and guides, by the day they changed.`;
