import { type Architecture, bytesPerToken, DEFAULT_SETTINGS, schemeOf } from '../../vram/index.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** Bytes on the device that a token reads; undefined where the estimator does not know the architecture or the scheme. */
function bytesRead(architecture: Architecture, scheme: string): number | undefined {
  try {
    return bytesPerToken(architecture, schemeOf(scheme), DEFAULT_SETTINGS, 0).device;
  } catch {
    return undefined;
  }
}

/**
 * No run decodes faster than its device reads what a token needs: such a row is about another device, another model, or
 * counts drafted tokens. A tenth above is let pass: bandwidths and file sizes are rounded.
 */
export const measuredSpeedsPossible: Rule = (drafts) =>
  drafts.measurements.flatMap(({ id, engine, speed }) => {
    // Other engines read checkpoints of other bytes.
    if (engine !== 'llama-cpp') return [];
    return (speed ?? []).flatMap((run, index) => {
      const architecture = drafts.models.find((model) => model.id === run.model)?.architecture;
      const scheme = drafts.quants.find((quant) => quant.id === run.quant)?.scheme;
      const bandwidth = drafts.gpus.find((gpu) => gpu.id === run.gpu)?.bandwidth?.GBps;
      // Another recipe has other bytes; part of the model in RAM is bounded by the RAM.
      if (run.recipe !== undefined || run.gpuLayers !== undefined || run.cpuMoeLayers !== undefined) return [];
      if (!architecture || !scheme || bandwidth === undefined) return [];
      const read = bytesRead(architecture, scheme);
      if (read === undefined) return [];
      const most = (bandwidth * 1e9 * (run.devices ?? 1)) / read;
      if (run.tokensPerSecond <= 1.1 * most) return [];
      return [
        problemIn('measurements', id, ['speed', index, 'tokensPerSecond'], {
          found: `${run.tokensPerSecond} tokens/s of ${run.model} at ${run.quant} on ${run.gpu}`,
          expected: `at most ${Math.round(most)}, the bandwidth over the bytes that a token reads`,
          fix: 'check model, format and device in the source, or leave the run out (speculative decoding counts drafted tokens)',
        }),
      ];
    });
  });
