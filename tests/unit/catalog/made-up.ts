/** Records for tests: the smallest valid one of each kind, as objects and as files. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EngineRecord } from '../../../src/catalog/engine.schema.ts';
import type { FamilyRecord } from '../../../src/catalog/family.schema.ts';
import type { GpuRecord } from '../../../src/catalog/gpu.schema.ts';
import type { GuideRecord } from '../../../src/catalog/guide.schema.ts';
import type { Drafts, Records } from '../../../src/catalog/kinds.ts';
import type { MeasurementRecord } from '../../../src/catalog/measurement.schema.ts';
import type { ModelRecord } from '../../../src/catalog/model.schema.ts';
import type { QuantRecord } from '../../../src/catalog/quant.schema.ts';
import type { Architecture } from '../../../src/vram/index.ts';

const sources = { page: { title: 'A page', url: 'https://example.com/page' } };
const common = { sources, updated: '2026-11-25', body: '' };

/** Qwen3-0.6B as published: 596,049,920 parameters. */
export const denseArchitecture: Architecture = {
  className: 'Qwen3ForCausalLM',
  layers: 28,
  hiddenSize: 1024,
  vocabularySize: 151936,
  tiedEmbeddings: true,
  attention: { kind: 'full', heads: 16, kvHeads: 8, headDim: 128 },
  feedForward: { intermediateSize: 3072 },
};

export function model(changes: Partial<ModelRecord> = {}): ModelRecord {
  return {
    id: 'tiny',
    name: 'Tiny',
    family: 'small',
    vendor: 'Maker',
    released: '2026-01-02',
    license: { name: 'MIT', source: 'page' },
    aliases: [],
    hook: 'One gigabyte is plenty',
    parameters: { total: 596049920, source: 'page' },
    context: { native: 40960, source: 'page' },
    modalities: ['text'],
    nativeFormat: { name: 'BF16', source: 'page' },
    architecture: denseArchitecture,
    architectureSource: 'page',
    ...common,
    ...changes,
  };
}

export function family(changes: Partial<FamilyRecord> = {}): FamilyRecord {
  return { id: 'small', name: 'Small', vendor: 'Maker', summary: 'Small ones.', related: [], ...common, ...changes };
}

export function quant(changes: Partial<QuantRecord> = {}): QuantRecord {
  return {
    id: 'q4-k-m',
    name: 'Q4_K_M',
    engine: 'llama-cpp',
    scheme: 'Q4_K_M',
    nominalBits: 4.5,
    source: 'page',
    order: 10,
    summary: 'The usual one.',
    ...common,
    ...changes,
  };
}

export function gpu(changes: Partial<GpuRecord> = {}): GpuRecord {
  return {
    id: 'rtx-4090',
    name: 'GeForce RTX 4090',
    shortName: 'RTX 4090',
    vendor: 'NVIDIA',
    class: 'consumer',
    architecture: 'Ada Lovelace',
    memoryGB: 24,
    bandwidth: { GBps: 1008, source: 'page' },
    unifiedMemory: false,
    specificationSource: 'page',
    released: true,
    aliases: [],
    ...common,
    ...changes,
  };
}

export function engine(changes: Partial<EngineRecord> = {}): EngineRecord {
  return {
    id: 'llama-cpp',
    name: 'llama.cpp',
    version: 'v0.5.0',
    repository: 'https://github.com/ggml-org/llama.cpp',
    summary: 'Runs GGUF files.',
    source: 'page',
    ...common,
    ...changes,
  };
}

export function measurement(changes: Partial<MeasurementRecord> = {}): MeasurementRecord {
  return {
    id: 'someone-rtx-4090',
    title: 'Runs on an RTX 4090, by someone',
    engine: 'llama-cpp',
    evidence: 'log',
    source: 'page',
    memory: [{ model: 'tiny', quant: 'q4-k-m', gpu: 'rtx-4090', context: 8192, MiB: { kvCache: 896 } }],
    speed: [{ model: 'tiny', quant: 'q4-k-m', gpu: 'rtx-4090', tokensPerSecond: 400 }],
    ...common,
    ...changes,
  };
}

export function guide(changes: Partial<GuideRecord> = {}): GuideRecord {
  return {
    id: 'method',
    title: 'Method',
    description: 'How it is done.',
    reviewed: '2026-11-25',
    body: '',
    ...changes,
  };
}

/** One valid record of each kind, with `changes` in their place. */
export function records(changes: Partial<Records> = {}): Records {
  return {
    models: [model()],
    families: [family()],
    quants: [quant()],
    gpus: [gpu()],
    engines: [engine()],
    measurements: [measurement()],
    guides: [guide()],
    ...changes,
  };
}

/** Only these drafts, and none of the other kinds. */
export function drafts(given: Partial<Drafts>): Drafts {
  return { models: [], families: [], quants: [], gpus: [], engines: [], measurements: [], guides: [], ...given };
}

/** The same records as files of a project. */
export const FILES: Readonly<Record<string, string>> = {
  'content/models/tiny.mdx': `---
name: Tiny
family: small
vendor: Maker
released: "2026-01-02"
license: { name: MIT, source: page }
aliases: [little one]
hook: One gigabyte is plenty
parameters:
  total: 596049920
  source: page
context: { native: 40960, source: page }
modalities: [text]
nativeFormat: { name: BF16, source: page }
architecture:
  className: Qwen3ForCausalLM
  layers: 28
  hiddenSize: 1024
  vocabularySize: 151936
  tiedEmbeddings: true
  attention: { kind: full, heads: 16, kvHeads: 8, headDim: 128 }
  feedForward: { intermediateSize: 3072 }
architectureSource: page
faq:
  - question: Does it fit a phone?
    answer: It does.
sources:
  page: { title: A page, url: "https://example.com/page" }
updated: "2026-11-25"
---

A model for tests.
`,
  'content/families/small.mdx': `---
name: Small
vendor: Maker
summary: Small ones.
related: []
updated: "2026-11-25"
---
`,
  'content/quants/q4-k-m.mdx': `---
name: Q4_K_M
engine: llama-cpp
scheme: Q4_K_M
nominalBits: 4.5
source: page
order: 10
summary: The usual one.
sources:
  page: { title: A page, url: "https://example.com/page" }
updated: "2026-11-25"
---
`,
  'content/gpus/rtx-4090.mdx': `---
name: GeForce RTX 4090
shortName: RTX 4090
vendor: NVIDIA
class: consumer
architecture: Ada Lovelace
memoryGB: 24
usable: { bytes: 25246564352, basis: CUDA total, source: page }
bandwidth: { GBps: 1008, source: page }
unifiedMemory: false
specificationSource: page
launch: { date: "2022-10-12", priceUsd: 1599, source: page }
released: true
aliases: []
sources:
  page: { title: A page, url: "https://example.com/page" }
updated: "2026-11-25"
---
`,
  'content/engines/llama-cpp.mdx': `---
name: llama.cpp
version: v0.5.0
repository: https://github.com/ggml-org/llama.cpp
summary: Runs GGUF files.
source: page
sources:
  page: { title: A page, url: "https://example.com/page" }
updated: "2026-11-25"
---
`,
  'content/measurements/someone-rtx-4090.yaml': `title: Runs on an RTX 4090, by someone
engine: llama-cpp
evidence: log
source: page
memory:
  - { model: tiny, quant: q4-k-m, gpu: rtx-4090, context: 8192, MiB: { kvCache: 896 } }
sources:
  page: { title: A page, url: "https://example.com/page" }
updated: "2026-11-25"
`,
  'content/guides/method.mdx': `---
title: Method
description: How it is done.
reviewed: "2026-11-25"
---

Weights first: <Figure model="small-1b" part="per-token" /> parts.
`,
};

/** A new folder with `files` in it. */
export function projectOf(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'vram-atlas-content-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
