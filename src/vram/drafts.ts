/** All that multi-token prediction adds to an estimate. Apart from the engine, because few estimates load the blocks. */
import { draftBuffers } from './draft-buffer.ts';
import { nextTokenCacheBytes, statesKeptWithDrafts } from './draft-cache.ts';
import type { Drafts } from './engines/llama-cpp.ts';

export const drafts: Drafts = { draftBuffers, nextTokenCacheBytes, statesKeptWithDrafts };
