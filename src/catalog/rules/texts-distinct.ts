import { type FieldPath, problemIn } from '../problem.ts';
import { recordFile } from '../record.ts';
import type { Rule } from './rule.ts';

/** A hook or an answer is true of one model only, so no two models share its words. */
export const textsDistinct: Rule = (drafts) => {
  const written = new Map<string, string>();
  return drafts.models.flatMap((model) => {
    const texts: { path: FieldPath; text: string }[] = (model.faq ?? []).map(({ answer }, index) => ({
      path: ['faq', index, 'answer'],
      text: answer,
    }));
    if (model.hook !== undefined) texts.push({ path: ['hook'], text: model.hook });
    return texts.flatMap(({ path, text }) => {
      const key = text.toLowerCase().replace(/\s+/g, ' ');
      const other = written.get(key);
      if (other === undefined) {
        written.set(key, model.id);
        return [];
      }
      return [
        problemIn('models', model.id, path, {
          found: `the words of ${recordFile('models', other)}`,
          expected: 'a sentence that is true of this model only',
          fix: 'say what sets this model apart, or remove it',
        }),
      ];
    });
  });
};
