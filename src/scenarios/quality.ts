/** What quantization costs: the divergences that were measured of a quant, and of which model. */
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { memoized } from './memoized.ts';

/** Mean KL divergence from the 16-bit model that was measured of a quant, and on which model. */
export interface Loss {
  readonly value: number;
  readonly model: string;
}

/** What was measured of a quant: with an importance matrix where it was measured so; `undefined` where nothing was. */
export const lossOf = memoized(({ quality }: QuantRecord): Loss | undefined => {
  const measured = (quality ?? []).filter(({ metric }) => metric === 'mean KL divergence');
  return measured.find(({ imatrix }) => imatrix === true) ?? measured[0];
});

/** Weights of a block of the K and I types. */
const BLOCK = 256;

/**
 * The same of a model's file. Where blocks do not divide the rows, most tensors take other types than the quant is named
 * for (llama-quantize falls back), and what was measured elsewhere says nothing.
 */
export const lossIn = ({ architecture }: EstimableModel, quant: QuantRecord): Loss | undefined =>
  architecture.hiddenSize % BLOCK === 0 ? lossOf(quant) : undefined;

/** Mean KL divergences of one quant and of another that were measured alike. */
interface AlikeLosses {
  readonly before: number;
  readonly after: number;
  /** On which model. */
  readonly model: string;
}

const lossesFrom = memoized((from: QuantRecord) =>
  memoized((to: QuantRecord): AlikeLosses | undefined => {
    for (const after of to.quality ?? []) {
      if (after.metric !== 'mean KL divergence') continue;
      const before = (from.quality ?? []).find(
        ({ metric, model, imatrix }) =>
          metric === after.metric && model === after.model && (imatrix === true) === (after.imatrix === true),
      );
      if (before) return { before: before.value, after: after.value, model: after.model };
    }
    return undefined;
  }),
);

/** Losses of two quants that were measured alike; `undefined` where there are none. */
export const lossesAlike = (from: QuantRecord, to: QuantRecord): AlikeLosses | undefined => lossesFrom(from)(to);
