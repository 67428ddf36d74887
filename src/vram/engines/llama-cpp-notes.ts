/** What a reader must know beside figures of llama.cpp. */
import { LLAMA_CPP_VERSION } from './llama-cpp.ts';

const STANDING_NOTES = {
  checked: [],
  unchecked: [
    "The compute buffer follows llama.cpp's source for this model; it was not compared with what llama.cpp plans for it.",
  ],
  'not-run': [
    `llama.cpp ${LLAMA_CPP_VERSION} is not known to load this model. The compute buffer is approximate; weights and cache follow files that forks of it run.`,
  ],
} as const;

const DRAFT_NOTE =
  'Multi-token prediction is loaded: its blocks, their cache, the states it keeps and the compute buffer of its own context.';

const PLAIN_DRAFT_NOTE =
  'Multi-token prediction is loaded: its blocks, their cache and the states it keeps. The compute buffer of its own context is not counted.';

/**
 * @param standing what the graph of the model rests on
 * @param drafts whether the compute buffer of the context that drafts is counted; absent = nothing drafts
 */
export function notesOf(standing: keyof typeof STANDING_NOTES, drafts: boolean | undefined): readonly string[] {
  return [...STANDING_NOTES[standing], ...(drafts === undefined ? [] : [drafts ? DRAFT_NOTE : PLAIN_DRAFT_NOTE])];
}
