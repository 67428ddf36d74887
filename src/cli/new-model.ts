/** `npm run new:model`: a record of a model from its Hugging Face repository, and what a human must still fill in. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ID_PATTERN, idOf } from '../catalog/fields.ts';
import { checkDisk, readRecords } from '../catalog/from-disk.ts';
import { formatProblem } from '../catalog/problem.ts';
import { recordFile } from '../catalog/record.ts';
import { type Architecture, architectureFromConfig, EstimateError } from '../vram/index.ts';
import { type Arguments, HELP, NewModelError, parseArguments } from './new-model/flags.ts';
import { findingsOf } from './new-model/hub.ts';
import { mdxOf } from './new-model/mdx.ts';
import { familiesOf, nameOfRepository, ownerOf, siblingOf, textOf, vendorOf } from './new-model/names.ts';
import { recordOf, summaryOf } from './new-model/record.ts';
import { explainUnknownClass } from './new-model/unknown-class.ts';

const ROOT = process.cwd();

function architectureOf(config: unknown, parameters: number | undefined): Architecture {
  try {
    return architectureFromConfig(config);
  } catch (error) {
    if (!(error instanceof EstimateError)) throw error;
    if (error.code !== 'unknown-architecture') throw new NewModelError(error.message);
    const found = /"([^"]*)"/.exec(error.message)?.[1] ?? 'none';
    throw new NewModelError(explainUnknownClass(config, found, parameters));
  }
}

async function write(args: Arguments): Promise<void> {
  const { repository } = args;
  const models = readRecords(ROOT, 'models');
  const name = nameOfRepository(repository);
  const id = args.id ?? idOf(name);
  const file = recordFile('models', id);
  if (!ID_PATTERN.test(id)) {
    throw new NewModelError(`--id is "${id}", expected lower-case letters and digits joined by "-"`);
  }
  const owner = ownerOf(models, repository);
  if (owner?.isItself === true) {
    throw new NewModelError(`${repository} is content/models/${owner.record.id}.mdx already; change that file`);
  }
  if (existsSync(join(ROOT, file))) {
    throw new NewModelError(`${file} is there already and stays as it is; choose another name with --id`);
  }

  const findings = await findingsOf(args);
  const architecture = architectureOf(findings.config, findings.checkpoint?.parameters);
  const sibling = siblingOf(models, { id, repository, className: architecture.className });
  const vendor = vendorOf(models, repository);
  const record = recordOf(architecture, findings, {
    repository,
    name,
    family: args.family ?? (sibling === undefined ? '' : (textOf(sibling, 'family') ?? '')),
    ...(args.family !== undefined || sibling === undefined ? {} : { sibling: sibling.id }),
    ...(vendor === undefined ? {} : { vendor }),
    ...(args.released === undefined ? {} : { released: args.released }),
    families: familiesOf(models, repository),
    ...(args.config === undefined ? {} : { config: args.source === undefined ? {} : { foundAt: args.source } }),
    today: new Date().toISOString().slice(0, 10),
  });
  // `wx` refuses a file that appeared in the meantime.
  writeFileSync(join(ROOT, file), mdxOf(record.data, record.body), { flag: 'wx' });

  const lines = [`Wrote ${file}`, `  ${summaryOf(architecture, record)}`];
  if (findings.missing.length > 0) lines.push('', 'Could not be read:', ...findings.missing.map((text) => `  ${text}`));
  lines.push('', 'Still to be filled in or confirmed:', ...record.open.map((text) => `  - ${text}`));
  if (owner !== undefined) {
    lines.push(`  - content/models/${owner.record.id}.mdx has this repository among its aliases; remove it there`);
  }
  const problems = checkDisk(ROOT).problems.filter((problem) => problem.file === file && problem.level === 'error');
  lines.push(
    '',
    problems.length === 0
      ? 'The record has 0 problems as it stands. `npm run dev` shows its pages.'
      : `What \`npm run check:content\` says of it now:\n\n${problems.map(formatProblem).join('\n\n')}`,
  );
  console.log(lines.join('\n'));
}

try {
  const args = parseArguments(process.argv.slice(2), process.env);
  if (args === undefined) process.stdout.write(HELP);
  else await write(args);
} catch (error) {
  if (!(error instanceof NewModelError || error instanceof EstimateError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
