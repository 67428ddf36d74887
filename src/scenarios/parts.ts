import { type Architecture, formatBitsPerWeight, formatParameters } from '../vram/index.ts';
import { partOf } from './bars.ts';
import type { Scenario } from './scenario.ts';
import type { Part } from './views.ts';
import { tokensText } from './words.ts';

/** What a cache holds of each token. */
function rowsText({ attention }: Architecture): string {
  if (attention.kind === 'compressed') return 'compressed rows';
  const full = attention.kind === 'linear-hybrid' ? attention.full : attention;
  return 'kvLoraRank' in full ? 'latent rows' : 'keys and values';
}

/** The parts of the answer: what the engine allocates on one device. */
export function partsOf({ model, allocation, contextTokens }: Scenario): readonly Part[] {
  const { device, parameters, bitsPerWeight } = allocation;
  return [
    partOf(
      'weights',
      device.weights,
      `${formatParameters(parameters)} parameters at ${formatBitsPerWeight(bitsPerWeight)} bits`,
    ),
    partOf('kv-cache', device.kvCache, `${tokensText(contextTokens)}, 16-bit ${rowsText(model.architecture)}`),
    ...(device.state > 0 ? [partOf('state', device.state, 'one sequence, any context')] : []),
    partOf('compute', device.compute, 'micro-batch of 512 tokens'),
  ];
}
