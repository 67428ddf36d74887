/** What `browser.ts` loads for estimates that count multi-token prediction: figures, and the sentences beside them. */
import { drafts } from './drafts.ts';
import { bring } from './engines/llama-cpp.ts';
import { notesOf } from './engines/llama-cpp-notes.ts';

bring({ drafts, notesOf });
