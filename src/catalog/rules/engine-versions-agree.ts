import { LLAMA_CPP_VERSION } from '../../vram/index.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** The version that an engine's record names is the one that the estimator computes for. */
export const engineVersionsAgree: Rule = (drafts) =>
  drafts.engines
    .filter(({ id, version }) => id === 'llama-cpp' && version !== undefined && version !== LLAMA_CPP_VERSION)
    .map(({ id, version }) =>
      problemIn('engines', id, ['version'], {
        found: `"${version}"`,
        expected: `${LLAMA_CPP_VERSION}, the version whose allocations the estimator reproduces`,
        fix: 'write that version; a newer one needs a new estimator first',
      }),
    );
