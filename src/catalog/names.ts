/** Names that people type for records, and when two names are the same. */

import type { GpuRecord } from './gpu.schema.ts';
import type { Draft } from './kinds.ts';
import type { ModelRecord } from './model.schema.ts';
import type { QuantRecord } from './quant.schema.ts';

/** A name without what makes no difference: capitals, and dots, dashes, spaces, underscores, colons and slashes between words. */
export function nameKey(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s._\-:/]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** A name that a record answers to, and the field it is written in. */
export interface Name {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

/** `owner/name` as it is, and `name` alone. */
function repositoryNames(repository: string, path: Name['path']): Name[] {
  return [repository, repository.split('/').at(-1) ?? repository].map((text) => ({ text, path }));
}

function nameOf(text: string | undefined, ...path: Name['path']): Name[] {
  return text === undefined ? [] : [{ text, path }];
}

function aliasesOf(aliases: readonly string[] | undefined): Name[] {
  return (aliases ?? []).map((text, index) => ({ text, path: ['aliases', index] }));
}

/** Every name of a model: id, name, repositories, Ollama tag, aliases. */
export function namesOfModel(model: Draft<ModelRecord>): Name[] {
  return [
    ...nameOf(model.id),
    ...nameOf(model.name, 'name'),
    ...(model.repository === undefined ? [] : repositoryNames(model.repository, ['repository'])),
    ...nameOf(model.ollama, 'ollama'),
    ...(model.ggufRepositories ?? []).flatMap((repository, index) =>
      repositoryNames(repository, ['ggufRepositories', index]),
    ),
    ...aliasesOf(model.aliases),
  ];
}

/** Every name of a device: id, both names, aliases. */
export function namesOfGpu(gpu: Draft<GpuRecord>): Name[] {
  return [
    ...nameOf(gpu.id),
    ...nameOf(gpu.name, 'name'),
    ...nameOf(gpu.shortName, 'shortName'),
    ...aliasesOf(gpu.aliases),
  ];
}

/** Every name of a format: id, name, scheme, aliases. */
export function namesOfQuant(quant: Draft<QuantRecord>): Name[] {
  return [
    ...nameOf(quant.id),
    ...nameOf(quant.name, 'name'),
    ...nameOf(quant.scheme, 'scheme'),
    ...aliasesOf(quant.aliases),
  ];
}

/** Finds a record by any of its names; by the name without separators where only one record can be meant. */
export function resolver<R extends { readonly id: string }>(
  records: readonly R[],
  namesOf: (record: R) => Name[],
): (name: string) => R | undefined {
  const byKey = new Map<string, R>();
  const bySqueezed = new Map<string, R | undefined>();
  for (const record of records) {
    for (const { text } of namesOf(record)) {
      const key = nameKey(text);
      if (!byKey.has(key)) byKey.set(key, record);
      const squeezed = key.replaceAll('-', '');
      const other = bySqueezed.get(squeezed);
      bySqueezed.set(squeezed, bySqueezed.has(squeezed) && other?.id !== record.id ? undefined : record);
    }
  }
  return (name) => {
    const key = nameKey(name);
    return byKey.get(key) ?? bySqueezed.get(key.replaceAll('-', ''));
  };
}
