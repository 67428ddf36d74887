/** What a model may be called, from its repository's name and its siblings in the catalogue. */
import type { RawRecord } from '../../catalog/check.ts';
import { nameKey } from '../../catalog/names.ts';

/** Words at the end of a repository's name that tell the release, not the model; a month may follow: `-Instruct-2512`. */
const SUFFIX = /[-_](instruct|it|chat|hf|bf16|fp8|base)([-_]\d{4})?$/i;

/** "Qwen3 30B-A3B" of `Qwen/Qwen3-30B-A3B-Instruct`. */
export function nameOfRepository(repository: string): string {
  const name = (repository.split('/')[1] ?? repository).replace(SUFFIX, '');
  return name.replace(/[-_]+/g, ' ').replace(/(\d[TBM]) (A\d)/gi, '$1-$2');
}

function fieldOf(record: RawRecord, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    record.data,
  );
}

export function textOf(record: RawRecord, ...path: readonly string[]): string | undefined {
  const value = fieldOf(record, ...path);
  return typeof value === 'string' ? value : undefined;
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** Letters that two ids must share before one counts as a sibling of the other: a maker's first word, a version. */
const SHARED_LETTERS = 4;

/** The model of the catalogue whose id begins most like `id`; one of the same owner and class goes first. */
export function siblingOf(
  models: readonly RawRecord[],
  { id, repository, className }: { readonly id: string; readonly repository: string; readonly className: string },
): RawRecord | undefined {
  const owner = repository.split('/')[0];
  const scored = models
    .map((model) => ({
      model,
      shared: commonLength(model.id, id),
      kin:
        (textOf(model, 'repository')?.split('/')[0] === owner ? 2 : 0) +
        (textOf(model, 'architecture', 'className') === className ? 1 : 0),
    }))
    .filter(({ shared, kin }) => shared >= SHARED_LETTERS && kin > 0);
  return scored.sort((a, b) => b.shared - a.shared || b.kin - a.kin)[0]?.model;
}

/** The models of the catalogue whose repository has the same owner. */
function ofOwner(models: readonly RawRecord[], repository: string): readonly RawRecord[] {
  const owner = repository.split('/')[0];
  return models.filter((model) => textOf(model, 'repository')?.split('/')[0] === owner);
}

/** What a vendor of the catalogue is called, from its owner name on the hub. */
export function vendorOf(models: readonly RawRecord[], repository: string): string | undefined {
  return ofOwner(models, repository)
    .map((model) => textOf(model, 'vendor'))
    .find((vendor) => vendor !== undefined);
}

/** The families that the owner of `repository` has in the catalogue, in the order of the alphabet. */
export function familiesOf(models: readonly RawRecord[], repository: string): readonly string[] {
  const families = ofOwner(models, repository).map((model) => textOf(model, 'family'));
  return [...new Set(families.filter((family) => family !== undefined))].sort();
}

/** The record that already has `repository`, or that answers to its name as an alias. */
export function ownerOf(
  models: readonly RawRecord[],
  repository: string,
): { readonly record: RawRecord; readonly isItself: boolean } | undefined {
  const key = nameKey(repository);
  for (const record of models) {
    const own = textOf(record, 'repository');
    if (own !== undefined && nameKey(own) === key) return { record, isItself: true };
    const aliases = fieldOf(record, 'aliases');
    const names = [key, nameKey(repository.split('/')[1] ?? '')];
    if (Array.isArray(aliases) && aliases.some((alias) => names.includes(nameKey(String(alias))))) {
      return { record, isItself: false };
    }
  }
  return undefined;
}
