import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import { expect, test } from 'vitest';
import { fileOf, onePageOfEachKind, openSite } from '../support/site.ts';

const validator = new HtmlValidate({
  extends: ['html-validate:recommended', 'html-validate:document'],
  rules: {
    // Scripts and styles come from the site itself.
    'require-sri': 'off',
    // The calculator's form is never sent: its answer follows every change.
    'wcag/h32': 'off',
    // A title says question and hook; search engines cut what is too long for them.
    'long-title': 'off',
  },
  elements: [
    'html5',
    {
      'vram-calculator': { flow: true, permittedContent: ['@flow'] },
      'calculator-tools': { flow: true, permittedContent: ['@flow'] },
    },
  ],
});

const site = openSite('dist');

test.each(onePageOfEachKind(site))('the HTML of a page of kind "%s" (%s) is valid', async (_kind, path) => {
  const report = await validator.validateFile(join(site.directory, fileOf(path)));
  const messages = report.results.flatMap((result) =>
    result.messages.map(({ ruleId, message, line, column }) => `${line}:${column} ${message} (${ruleId})`),
  );
  expect(messages).toEqual([]);
});
