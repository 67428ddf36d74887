import { type FieldPath, problemIn } from '../problem.ts';
import { recordFile } from '../record.ts';
import type { Rule } from './rule.ts';

/** Shorter pieces ("On Ollama it is `qwen3:8b`.") say the same of many models because there is one way to say it. */
const FEWEST_WORDS = 6;

const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim();

/** The words without what differs by model anyway: its name and every number. */
const withoutFigures = (text: string, name: string): string =>
  plain(text)
    .replaceAll(name.toLowerCase(), '<name>')
    .replace(/\d[\d.,]*/g, '#');

function sentencesOf(text: string): readonly string[] {
  return text.split(/(?<=[.?!])\s+|\n+/).filter((sentence) => sentence.split(' ').length >= FEWEST_WORDS);
}

interface Text {
  readonly path: FieldPath;
  readonly key: string;
}

/**
 * What a record says is true of one model only: no two models share a hook or an answer that differs in figures alone,
 * nor any sentence of their answers, caveats and notes.
 */
export const textsDistinct: Rule = (drafts) => {
  const written = new Map<string, string>();
  return drafts.models.flatMap((model) => {
    const { name = model.id, hook, caveats = [], faq = [], body } = model;
    const whole = [
      ...(hook === undefined ? [] : [{ path: ['hook'], text: hook }]),
      ...faq.map(({ answer }, index) => ({ path: ['faq', index, 'answer'], text: answer })),
    ];
    const parts = [
      ...whole,
      ...caveats.map((text, index) => ({ path: ['caveats', index], text })),
      { path: [], text: body },
    ];
    const texts: Text[] = [
      ...whole.map(({ path, text }) => ({ path, key: `whole ${withoutFigures(text, name)}` })),
      ...parts.flatMap(({ path, text }) => sentencesOf(text).map((sentence) => ({ path, key: plain(sentence) }))),
    ];
    const shared = texts.filter(({ key }) => (written.get(key) ?? model.id) !== model.id);
    for (const { key } of texts) if (!written.has(key)) written.set(key, model.id);
    // A text that is shared as a whole is not reported again for its sentences.
    return shared
      .filter(({ path }, index) => shared.findIndex((other) => String(other.path) === String(path)) === index)
      .map(({ path, key }) =>
        problemIn('models', model.id, path, {
          found: `the words of ${recordFile('models', written.get(key) ?? '')}: "${key.replace(/^whole /, '')}"`,
          expected: 'a sentence that is true of this model only',
          fix: 'say what sets this model apart, or remove it',
        }),
      );
  });
};
