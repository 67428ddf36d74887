/** Makes every graph known, tensors derived and notes written: for whoever does not count the bytes of code. */

import { repeatWith } from './compute-buffer.ts';
import { checkWith, explainWith } from './engines/llama-cpp.ts';
import { llamaCppNotes } from './engines/llama-cpp-notes.ts';
import { checkSettings } from './engines/llama-cpp-settings.ts';
import { addGraphs } from './llama-graphs/classes.ts';
import { GRAPHS as COMPRESSED } from './llama-graphs/compressed-classes.ts';
import { GRAPHS as DECODERS } from './llama-graphs/decoder-classes.ts';
import { GRAPHS as DELTA_NET } from './llama-graphs/delta-net-classes.ts';
import { GRAPHS as GEMMA } from './llama-graphs/gemma-classes.ts';
import { GRAPHS as GLM5_NEXT } from './llama-graphs/glm5-next-classes.ts';
import { GRAPHS as HY4 } from './llama-graphs/hy4-classes.ts';
import { GRAPHS as HYBRID } from './llama-graphs/hybrid-classes.ts';
import { GRAPHS as KIMI_DELTA } from './llama-graphs/kimi-delta-classes.ts';
import { GRAPHS as KIMI_K3 } from './llama-graphs/kimi-k3-classes.ts';
import { GRAPHS as LATENT } from './llama-graphs/latent-classes.ts';
import { GRAPHS as LIGHTNING } from './llama-graphs/lightning-classes.ts';
import { GRAPHS as QWEN4 } from './llama-graphs/qwen4-classes.ts';
import { GRAPHS as SPARSE } from './llama-graphs/sparse-classes.ts';
import { repeatedLayers, repeatedPlan } from './repeated-layers.ts';
import { deriveTensorsWith } from './tensor-lists.ts';
import { converterKeepsNextToken, tensorsOf } from './tensors.ts';

deriveTensorsWith({ tensorsOf, converterKeepsNextToken });
explainWith(llamaCppNotes);
checkWith(checkSettings);
repeatWith({
  // Pages ask for every number of devices, which one graph of all layers serves.
  repeatedLayers: (architecture, table, placement) =>
    placement.devices > 1 ? undefined : repeatedLayers(architecture, table, placement),
  repeatedPlan,
});
for (const graphs of [
  COMPRESSED,
  DECODERS,
  DELTA_NET,
  GEMMA,
  GLM5_NEXT,
  HY4,
  HYBRID,
  KIMI_DELTA,
  KIMI_K3,
  LATENT,
  LIGHTNING,
  QWEN4,
  SPARSE,
]) {
  addGraphs(graphs);
}
