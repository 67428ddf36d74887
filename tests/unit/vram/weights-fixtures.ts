/** Loads the reference figures of the weights tests. */
import { readFileSync } from 'node:fs';
import type { Architecture } from '../../../src/vram/architecture.ts';

const read = (name: string): string => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');

export function readJson<T>(name: string): T {
  return JSON.parse(read(name)) as T;
}

/** Rows of a CSV without quoting, each under the names of the first line. */
export function readRows(name: string): Record<string, string>[] {
  const [head = '', ...lines] = read(name).trim().split('\n');
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((column, index) => [column, cells[index] ?? '']));
  });
}

/** Models whose memory llama.cpp v0.5.0 reported while it loaded them. */
export const planned = readJson<Record<string, Architecture>>('weights-architectures.json');

export function plannedModel(name: string): Architecture {
  const architecture = planned[name];
  if (architecture === undefined) throw new Error(`no architecture for ${name}`);
  return architecture;
}

export interface Config {
  readonly model: string;
  readonly parameters: number;
  readonly config: Record<string, unknown>;
}

/** Configs as their vendors published them, without the fields that no memory depends on. */
export const configs = readJson<Config[]>('configs/configs.json');

export function configOf(model: string): Record<string, unknown> {
  const found = configs.find((entry) => entry.model === model);
  if (found === undefined) throw new Error(`no config of ${model}`);
  return found.config;
}
