/** `npm run estimate`: memory of a model on the command line, or of many in a stream of JSON lines. */
import { once } from 'node:events';
import { join } from 'node:path';
import { loadCatalogFromDisk } from '../catalog/from-disk.ts';
import { type Answer, Estimator, failureOf } from './estimate/answer.ts';
import { HELP, parseArguments } from './estimate/flags.ts';
import { type Line, LONGEST_LINE, linesOf } from './estimate/lines.ts';
import { parseRequest } from './estimate/request.ts';
import { formatResult } from './estimate/table.ts';

const PROJECT = join(import.meta.dirname, '../..');

function answerLine(estimator: Estimator, line: Line): Answer {
  if (line === undefined) return badLine(`the line has more than ${LONGEST_LINE} characters`);
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch (error) {
    return badLine(`the line is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  return estimator.answer(request);
}

function badLine(message: string): Answer {
  return { ok: false, error: { code: 'bad-request', message } };
}

/** Answers stdin line by line on stdout, in order, waiting where the reader is slow. */
async function answerStream(estimator: Estimator): Promise<void> {
  process.stdin.setEncoding('utf8');
  // Whoever reads the answers may have seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  for await (const lines of linesOf(process.stdin as AsyncIterable<string>)) {
    const text = lines.map((line) => `${JSON.stringify(answerLine(estimator, line))}\n`).join('');
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  }
}

async function main(): Promise<void> {
  const { mode, fields } = parseArguments(process.argv.slice(2));
  if (mode === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const estimator = new Estimator(loadCatalogFromDisk(PROJECT));
  if (mode === 'jsonl') {
    await answerStream(estimator);
  } else if (mode === 'json') {
    const answer = estimator.answer(fields);
    console.log(JSON.stringify(answer));
    if (!answer.ok) process.exitCode = 1;
  } else {
    const request = parseRequest(fields);
    console.log(formatResult(request, estimator.estimate(request)));
  }
}

try {
  await main();
} catch (error) {
  const failure = failureOf(error);
  console.error(failure.error.code === 'internal' && error instanceof Error ? error.message : failure.error.message);
  process.exitCode = 1;
}
