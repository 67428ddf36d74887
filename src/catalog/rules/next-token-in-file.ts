import { type Architecture, keepsNextToken } from '../../vram/index.ts';
import { lacks } from '../kinds.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** Whether files of `architecture` always have those blocks; a class that is not known is another rule's problem. */
function alwaysInFile(architecture: Architecture): boolean {
  try {
    return (architecture.nextTokenLayers ?? 0) > 0 && keepsNextToken(architecture);
  } catch {
    return false;
  }
}

/** Where llama.cpp's converter always writes the multi-token-prediction blocks, the record says that files carry them. */
export const nextTokenInFile: Rule = (drafts) =>
  drafts.models.flatMap((model) => {
    const { id, architecture, mtpInFile } = model;
    if (architecture === undefined || mtpInFile === true || !(mtpInFile === false || lacks(model, 'mtpInFile')))
      return [];
    if (!alwaysInFile(architecture)) return [];
    return [
      problemIn('models', id, ['mtpInFile'], {
        found: mtpInFile === false ? 'false' : 'nothing',
        expected: `true: files of ${architecture.className} always carry the ${architecture.nextTokenLayers} prediction blocks`,
        fix: 'write "mtpInFile: true"',
      }),
    ];
  });
