import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import { expect, test } from 'vitest';
import { fileOf, onePageOfEachKind, openSite } from '../support/site.ts';

const validator = new HtmlValidate({
  extends: ['html-validate:recommended', 'html-validate:document'],
  elements: ['html5', { 'vram-calculator': { flow: true, permittedContent: ['@flow'] } }],
});

const site = openSite('dist');

test.each(onePageOfEachKind(site))('the HTML of a page of kind "%s" (%s) is valid', async (_kind, path) => {
  const report = await validator.validateFile(join(site.directory, fileOf(path)));
  const messages = report.results.flatMap((result) =>
    result.messages.map(({ ruleId, message, line, column }) => `${line}:${column} ${message} (${ruleId})`),
  );
  expect(messages).toEqual([]);
});
