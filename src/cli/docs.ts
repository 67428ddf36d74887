/** `npm run docs`: writes schemas/*.schema.json, the records in CONTRIBUTING.md, and what the editor's completion reads. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRecords } from '../catalog/from-disk.ts';
import { KINDS, recordFile } from '../catalog/record.ts';
import { jsonSchemaFile, jsonSchemaOf, withRecords } from './docs/pages.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Where Astro writes the same files when it runs, and where its editor extension looks for them. */
const EDITOR_FOLDER = join(ROOT, '.astro/collections');

mkdirSync(join(ROOT, 'schemas'), { recursive: true });
mkdirSync(EDITOR_FOLDER, { recursive: true });
const entries: Record<string, string> = {};
for (const kind of KINDS) {
  const schema = jsonSchemaOf(kind);
  writeFileSync(join(ROOT, jsonSchemaFile(kind)), schema);
  writeFileSync(join(EDITOR_FOLDER, `${kind}.schema.json`), schema);
  for (const { id } of readRecords(ROOT, kind)) {
    entries[pathToFileURL(join(ROOT, recordFile(kind, id))).href.toLowerCase()] = kind;
  }
}
writeFileSync(
  join(EDITOR_FOLDER, 'collections.json'),
  JSON.stringify({ collections: KINDS.map((name) => ({ hasSchema: true, name })), entries }, null, 2),
);

const contributing = join(ROOT, 'CONTRIBUTING.md');
writeFileSync(contributing, withRecords(ROOT, readFileSync(contributing, 'utf8')));
console.log(`Wrote schemas/, CONTRIBUTING.md and ${Object.keys(entries).length} entries for the editor`);
