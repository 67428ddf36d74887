/** Which schema and which type belong to which kind of record. */
import { type EngineRecord, engineSchema } from './engine.schema.ts';
import { type FamilyRecord, familySchema } from './family.schema.ts';
import { type GpuRecord, gpuSchema } from './gpu.schema.ts';
import { type GuideRecord, guideSchema } from './guide.schema.ts';
import { type MeasurementRecord, measurementSchema } from './measurement.schema.ts';
import { type ModelRecord, modelSchema } from './model.schema.ts';
import { type QuantRecord, quantSchema } from './quant.schema.ts';
import type { Kind } from './record.ts';

export const SCHEMAS = {
  models: modelSchema,
  families: familySchema,
  quants: quantSchema,
  gpus: gpuSchema,
  engines: engineSchema,
  measurements: measurementSchema,
  guides: guideSchema,
} as const;

export interface RecordByKind {
  models: ModelRecord;
  families: FamilyRecord;
  quants: QuantRecord;
  gpus: GpuRecord;
  engines: EngineRecord;
  measurements: MeasurementRecord;
  guides: GuideRecord;
}

/** All records, valid each by itself. */
export type Records = { readonly [K in Kind]: readonly RecordByKind[K][] };

/** A record of which only the top-level fields that are valid are there. */
export type Draft<R extends { readonly id: string; readonly body: string }> = Partial<Omit<R, 'id' | 'body'>> &
  Pick<R, 'id' | 'body'> & {
    /** Top-level keys that the file has, but not with a valid value; "all" where the file could not be read. */
    readonly unread?: readonly string[] | 'all';
  };

/** Whether the file of `draft` says nothing under `key`, not even something invalid. */
export function lacks(draft: Draft<{ readonly id: string; readonly body: string }>, key: string): boolean {
  if (draft.unread === 'all' || draft.unread?.includes(key)) return false;
  return (draft as unknown as Readonly<Record<string, unknown>>)[key] === undefined;
}

/** What rules look at: every record that has a file, so that one mistake hides no other. */
export type Drafts = { readonly [K in Kind]: readonly Draft<RecordByKind[K]>[] };
