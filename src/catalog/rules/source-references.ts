import type { Drafts } from '../kinds.ts';
import type { FieldPath } from '../problem.ts';
import { KINDS, type Kind } from '../record.ts';

/** A place in a record that names one of its sources. */
interface SourceReference {
  readonly path: FieldPath;
  readonly key: string;
}

/** Every `source`, `...Source` and `proseSources` in `value`. */
export function sourceReferences(value: unknown, path: FieldPath = []): SourceReference[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const part = Array.isArray(value) ? Number(name) : name;
    const here = [...path, part];
    if (path.length === 0 && (name === 'sources' || name === 'body')) return [];
    if (name === 'proseSources' && Array.isArray(inner)) {
      return inner.map((key: unknown, index) => ({ path: [...here, index], key: String(key) }));
    }
    if (/(^s|S)ource$/.test(name) && typeof inner === 'string') return [{ path: here, key: inner }];
    return sourceReferences(inner, here);
  });
}

/** All drafts with their kind. */
export function everyDraft(drafts: Drafts): { readonly kind: Kind; readonly record: Drafts[Kind][number] }[] {
  return KINDS.flatMap((kind) => drafts[kind].map((record) => ({ kind, record })));
}
