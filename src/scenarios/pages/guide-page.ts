import type { Catalog } from '../../catalog/catalog.ts';
import { guideListPath, guidePath } from '../../site/routes.ts';
import type { GuidePage } from '../views.ts';
import { metaOf, sourceLinks } from './meta.ts';

/**
 * A hand-written page; its text is the record's.
 * @throws {RangeError} where there is no such guide
 */
export function guidePage(catalog: Catalog, id: string): GuidePage {
  const guide = catalog.byId.guides.get(id);
  if (!guide) throw new RangeError(`Found guide "${id}"; expected the id of a record in content/guides.`);
  return {
    kind: 'guide',
    id,
    meta: metaOf({
      path: guidePath(id),
      title: guide.title,
      description: [guide.description],
      crumbs: guidePath(id).startsWith(guideListPath()) ? [{ text: 'Guides', href: guideListPath() }] : [],
      name: guide.title,
      updated: guide.reviewed,
    }),
    heading: guide.title,
    sources: sourceLinks(guide),
  };
}
