/** `npm run check:content`: prints every problem of content/, and fails when there is one. */
import { formatProblems } from '../catalog/problem.ts';
import { contentProblems } from './content-problems.ts';

const { problems, count } = contentProblems(process.cwd());
if (problems.length > 0) console.log(`${formatProblems(problems)}\n`);
const errors = problems.filter(({ level }) => level === 'error').length;
if (errors === 0) console.log(`0 problems in ${count} records`);
process.exitCode = errors === 0 ? 0 : 1;
