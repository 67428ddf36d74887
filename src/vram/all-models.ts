/** Makes every graph known, and tensors derived: for whoever does not count the bytes of code. */

import { addGraphs } from './llama-graphs/classes.ts';
import { GRAPHS as COMPRESSED } from './llama-graphs/compressed-classes.ts';
import { GRAPHS as DECODERS } from './llama-graphs/decoder-classes.ts';
import { GRAPHS as DELTA_NET } from './llama-graphs/delta-net-classes.ts';
import { GRAPHS as GEMMA } from './llama-graphs/gemma-classes.ts';
import { GRAPHS as HYBRID } from './llama-graphs/hybrid-classes.ts';
import { GRAPHS as KIMI_DELTA } from './llama-graphs/kimi-delta-classes.ts';
import { GRAPHS as LATENT } from './llama-graphs/latent-classes.ts';
import { GRAPHS as QWEN4 } from './llama-graphs/qwen4-classes.ts';
import { GRAPHS as SPARSE } from './llama-graphs/sparse-classes.ts';
import { GRAPHS as STREAMS } from './llama-graphs/streams-classes.ts';
import { deriveTensorsWith } from './tensor-lists.ts';
import { converterKeepsNextToken, tensorsOf } from './tensors.ts';

deriveTensorsWith({ tensorsOf, converterKeepsNextToken });
for (const graphs of [COMPRESSED, DECODERS, DELTA_NET, GEMMA, HYBRID, KIMI_DELTA, LATENT, QWEN4, SPARSE, STREAMS])
  addGraphs(graphs);
