import type { Drafts } from '../kinds.ts';
import type { Problem } from '../problem.ts';

/** A statement about records that no schema of one record can make. Looks at fields that are there, and at no others. */
export type Rule = (drafts: Drafts) => readonly Problem[];
