/** The compute buffers that multi-token prediction adds. Apart from the model's own, because few estimates load the blocks. */
import type { Architecture } from './architecture.ts';
import { type ComputeBuffers, roundContext, weightTableOf } from './compute-buffer.ts';
import { runAllocations } from './ggml/allocator.ts';
import { planGraph } from './ggml/scheduler.ts';
import { cacheLayoutOf } from './kv-cache.ts';
import { type LayerPlacement, placingOf } from './layer-split.ts';
import { type GraphSettings, ModelGraph } from './llama-graphs/builder.ts';
import { DRAFTS } from './llama-graphs/draft-classes.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { tensorDeviceBytes, type WeighOptions } from './weights.ts';

/**
 * Compute buffers of the context in which the multi-token-prediction block drafts: a graph of its own over a micro-batch
 * as large as the model's, with a cache of F16 rows. `undefined` where the graph is not known. Not memoised: it is one layer.
 */
export function draftBuffers(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: GraphSettings,
  placement: LayerPlacement,
): ComputeBuffers | undefined {
  const build = DRAFTS[architecture.className];
  if (!build) return undefined;
  const options: WeighOptions = { mtpInFile: true };
  const model = new ModelGraph(
    architecture,
    { ...settings, kType: 'f16', vType: 'f16', context: roundContext(architecture, settings) },
    weightTableOf(architecture, options),
    cacheLayoutOf(architecture).widestValues,
    [architecture.layers],
  );
  build(model, architecture.layers);
  const deviceOfLayer = [...placement.deviceOfLayer, ...placement.deviceOfNextToken];
  const plan = planGraph(model.graph, placingOf({ ...placement, deviceOfLayer }));
  const bytes = Float64Array.from(plan.bytesOf);
  if (placement.weightsOnHost) {
    const bytesByWeight = tensorDeviceBytes(architecture, scheme, options);
    plan.weightOf.forEach((weight, slot) => {
      if (weight >= 0) bytes[slot] = bytesByWeight[weight] as number;
    });
  }
  const { highest } = runAllocations(plan, bytes);
  return { devices: highest.slice(0, placement.devices), host: highest[placement.devices] ?? 0 };
}
