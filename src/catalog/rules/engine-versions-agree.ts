import { LLAMA_CPP_VERSION, MLX_VERSION, VLLM_VERSION } from '../../vram/index.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

const VERSIONS: Readonly<Record<string, string>> = {
  'llama-cpp': LLAMA_CPP_VERSION,
  vllm: VLLM_VERSION,
  mlx: MLX_VERSION,
};

/** The version that an engine's record names is the one that the estimator computes for. */
export const engineVersionsAgree: Rule = (drafts) =>
  drafts.engines.flatMap(({ id, version }) => {
    const computed = VERSIONS[id];
    if (version === undefined || computed === undefined || version === computed) return [];
    return [
      problemIn('engines', id, ['version'], {
        found: `"${version}"`,
        expected: `${computed}, the version whose allocations the estimator reproduces`,
        fix: 'write that version; a newer one needs a new estimator first',
      }),
    ];
  });
