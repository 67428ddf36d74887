/** What `browser.ts` loads for estimates that count multi-token prediction: figures, and the sentences beside them. */
export { draftBuffers } from './draft-buffer.ts';
export { notesOf } from './engines/llama-cpp-notes.ts';
