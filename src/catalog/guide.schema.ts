/** A hand-written page: one file in content/guides. */
import { z } from 'astro/zod';
import { aliases, day, proseSources, sentence, sources } from './fields.ts';
import type { RecordOf } from './record.ts';

export const guideSchema = z.strictObject({
  title: sentence.max(70, 'at most 70 characters').describe('Title and heading of the page.'),
  description: sentence
    .max(170, 'at most 170 characters')
    .describe('What the page answers, for search results: 170 characters at most.'),
  reviewed: day.describe('Day somebody last checked every statement. Example: "2026-11-25".'),
  aliases: aliases.exactOptional().describe('What people type who want this page: each a few words, in any order.'),
  proseSources,
  sources: sources.exactOptional().describe('Where the statements come from, each under a short key.'),
});

export type GuideRecord = RecordOf<z.infer<typeof guideSchema>>;
