/** What every record is, whatever its kind. */

/** `T` with every property and array inside it read-only. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;

/** The front matter of a record with its id (the file name) and the MDX text below it; measurements have no text. */
export type RecordOf<Data> = Immutable<Data> & { readonly id: string; readonly body: string };

export const KINDS = ['models', 'families', 'quants', 'gpus', 'engines', 'measurements', 'guides'] as const;

/** A kind of record is named like its folder in content/. */
export type Kind = (typeof KINDS)[number];

/** Ending of the files of a kind: measurements are figures without prose. */
export function recordEnding(kind: Kind): '.mdx' | '.yaml' {
  return kind === 'measurements' ? '.yaml' : '.mdx';
}

/** The file of a record, as messages name it. */
export function recordFile(kind: Kind, id: string): string {
  return `content/${kind}/${id}${recordEnding(kind)}`;
}
