/** The attributes of an element with a figure: which records and settings they name, and what is wrong with them. */
import type { Catalog } from '../catalog/catalog.ts';
import type { GpuRecord } from '../catalog/gpu.schema.ts';
import { isEstimable } from '../catalog/model.schema.ts';
import { nearestOf } from '../catalog/nearest.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { gpuPath, modelPath, quantPath } from '../site/routes.ts';
import {
  type Allocation,
  DEFAULT_SETTINGS,
  estimateLlamaCpp,
  expertsInRam,
  fewestDevices,
  formatCount,
  KV_TYPES,
  type KvType,
  largestContext,
  parseContextLabel,
  placeOn,
  type Settings,
} from '../vram/index.ts';
import { kvTerms } from './calculation.ts';
import { deviceOf } from './devices.ts';
import { defaultQuantOf, maximumContext } from './expand.ts';
import { memoized } from './memoized.ts';
import { computeScenario, type ModelAtQuant, modelAtQuant, type Scenario } from './scenario.ts';
import { contextTitle, counted, deviceLabel } from './words.ts';

/** Attributes of an element as they are written, all of them text. */
export type Attributes = Readonly<Record<string, string>>;

/** An element that names no figure: which attribute, what it says, what was expected, what to do. */
export class FigureError extends RangeError {
  readonly attribute: string;
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
  constructor(attribute: string, found: string, expected: string, fix = 'change the attribute') {
    super(`${attribute}: found ${found}; expected ${expected}; ${fix}.`);
    this.name = 'FigureError';
    this.attribute = attribute;
    this.found = found;
    this.expected = expected;
    this.fix = fix;
  }
}

const FLASH = ['auto', 'on', 'off'] as const;

/** What a figure is of, and what a reader calls it. In a table each of them may be a list, separated by spaces. */
export const SUBJECT_WORDS = {
  model: 'Model',
  quant: 'Format',
  context: 'Context',
  kv: 'Cache type',
  slots: 'Slots',
  devices: 'Devices',
  'cpu-moe': 'Experts in RAM',
  flash: 'FlashAttention',
  'micro-batch': 'Micro-batch',
  gpu: 'Device',
} as const;
export type Subject = keyof typeof SUBJECT_WORDS;
export const SUBJECT = Object.keys(SUBJECT_WORDS) as Subject[];

/** Throws: `attribute` says `value`, or nothing, where `expected` should stand. */
export const fail = (attribute: string, value: string | undefined, expected: string, fix?: string): never => {
  throw new FigureError(attribute, value === undefined ? 'nothing' : `"${value}"`, expected, fix);
};

/** Names the nearest of what was expected. */
function failNear(attribute: string, found: string, expected: string, known: readonly string[]): never {
  const nearest = nearestOf(found, known);
  return fail(attribute, found, expected, nearest && `did you mean "${nearest}"?`);
}

/** The word itself; an error with the nearest of `words` where it is none of them. */
export const oneOf = <T extends string>(attribute: string, value: string, words: readonly T[]): T =>
  words.find((own) => own === value) ?? failNear(attribute, value, `one of ${words.join(', ')}`, words);

const idsOf = (records: readonly { readonly id: string }[]): readonly string[] => records.map(({ id }) => id);

function wholeNumber(attribute: string, value: string): number {
  return /^[1-9]\d{0,6}$/.test(value) ? Number(value) : fail(attribute, value, 'a whole number above 0');
}

/** Allocations by settings: the columns of a table ask for the same one again and again. */
const allocations = memoized((_: ModelAtQuant) => new Map<string, Allocation>());

/** What an element asks about, with the records that it names. Whatever it does not name fails when a part needs it. */
export class Asked {
  readonly #catalog: Catalog;
  readonly #attributes: Attributes;

  constructor(catalog: Catalog, attributes: Attributes) {
    this.#catalog = catalog;
    this.#attributes = attributes;
  }

  #text(name: Subject): string {
    return this.#attributes[name] ?? fail(name, undefined, `the attribute ${name}`, `write ${name}="..."`);
  }

  get at(): ModelAtQuant {
    return modelAtQuant(this.#catalog, this.model.id, this.quant.id);
  }

  get model() {
    const id = this.#text('model');
    const model = this.#catalog.byId.models.get(id);
    if (model && isEstimable(model)) return model;
    const expected = 'the id of a record in content/models that has an architecture';
    return failNear('model', id, expected, idsOf(this.#catalog.estimableModels));
  }

  get quant(): QuantRecord {
    const id = this.#text('quant');
    if (id === 'usual') return defaultQuantOf(this.#catalog, this.model);
    const { byId, quants } = this.#catalog;
    const expected = 'the id of a record in content/quants, or "usual"';
    return byId.quants.get(id) ?? failNear('quant', id, expected, idsOf(quants));
  }

  get gpu(): GpuRecord {
    const id = this.#text('gpu');
    const { byId, gpus } = this.#catalog;
    return byId.gpus.get(id) ?? failNear('gpu', id, 'the id of a record in content/gpus', idsOf(gpus));
  }

  get own() {
    return deviceOf(this.gpu) ?? fail('gpu', this.gpu.id, 'a device that llama.cpp runs on');
  }

  get context(): number {
    const text = this.#text('context');
    const longest = maximumContext(this.model);
    if (text === 'max') return longest;
    const tokens = parseContextLabel(text) ?? fail('context', text, 'tokens such as 32k or 8192, or "max"');
    return tokens <= longest
      ? tokens
      : fail('context', text, `at most ${formatCount(longest)} tokens, the maximum of ${this.model.id}`);
  }

  /** Everything but the placement of experts. */
  get #plain(): Settings {
    const { kv, slots, devices, flash } = this.#attributes;
    const kvType: KvType | undefined = kv === undefined ? undefined : oneOf('kv', kv, KV_TYPES);
    const microBatch = this.#attributes['micro-batch'];
    return {
      ...DEFAULT_SETTINGS,
      context: this.context,
      ...(kvType && { kType: kvType, vType: kvType }),
      ...(slots !== undefined && { sequences: wholeNumber('slots', slots) }),
      ...(devices !== undefined && { devices: wholeNumber('devices', devices) }),
      ...(flash !== undefined && { flashAttention: oneOf('flash', flash, FLASH) }),
      ...(microBatch !== undefined && { microBatch: wholeNumber('micro-batch', microBatch) }),
    };
  }

  get settings(): Settings {
    const cpuMoe = this.#attributes['cpu-moe'];
    const settings = this.#plain;
    if (cpuMoe === undefined) return settings;
    if (!this.model.architecture.feedForward.experts) {
      return fail('model', this.model.id, 'a mixture of experts, because cpu-moe is given');
    }
    if (cpuMoe === 'all') return { ...settings, cpuMoeLayers: -1 };
    if (cpuMoe !== 'fit') return { ...settings, cpuMoeLayers: wholeNumber('cpu-moe', cpuMoe) };
    const split = expertsInRam(this.at.file, settings, this.own.device);
    return split
      ? { ...settings, cpuMoeLayers: split.cpuMoeLayers }
      : fail('gpu', this.gpu.id, 'a device that holds the model without its experts');
  }

  get scenario(): Scenario {
    return computeScenario(this.#catalog, { model: this.model.id, quant: this.quant.id, context: this.context });
  }

  get allocation(): Allocation {
    const { at, settings } = this;
    const known = allocations(at);
    const key = JSON.stringify(settings);
    let allocation = known.get(key);
    if (!allocation) {
      const { architecture, scheme, mtpInFile } = at.file;
      allocation = estimateLlamaCpp(architecture, scheme, settings, mtpInFile === undefined ? {} : { mtpInFile });
      known.set(key, allocation);
    }
    return allocation;
  }

  get placement() {
    return placeOn(this.at.file, this.settings, this.own.device);
  }

  /** Bytes that the 16-bit cache grows by for one more token, at the long end of the context. */
  get bytesPerToken(): number {
    const { model } = this;
    const cacheOf = (context: number): number =>
      kvTerms(model.architecture, context).reduce((sum, term) => sum + term.bytes, 0);
    // Whole steps of 1,024, and both beyond every window.
    const quarter = Math.floor(maximumContext(model) / 1024) * 256;
    return (cacheOf(4 * quarter) - cacheOf(3 * quarter)) / quarter;
  }

  /** Whether the settings are those that the pages of scenarios have, whose search is quicker. */
  get isUsual(): boolean {
    return ['kv', 'slots', 'cpu-moe', 'flash', 'micro-batch'].every((name) => this.#attributes[name] === undefined);
  }

  /** Tokens of the largest context whose Plan for the devices hold. */
  get longest(): number {
    const { at, own, settings } = this;
    return this.isUsual
      ? at.largestContext(own.device, settings.devices)
      : largestContext(at.file, settings, own.device, at.maximumContext);
  }

  /** The fewest equal devices that hold Plan for. */
  get count(): number | undefined {
    const { at, own, settings, context } = this;
    return this.isUsual ? at.fewestDevices(own.device, context) : fewestDevices(at.file, settings, own.device);
  }

  /** The measurement of the quant that llama.cpp's own table has, the one with an importance matrix where there are two. */
  get divergence() {
    const entries = (this.quant.quality ?? []).filter(
      ({ metric, model }) => metric === 'mean KL divergence' && model === 'Llama-3-8B',
    );
    return (
      entries.find(({ imatrix }) => imatrix === true) ??
      entries[0] ??
      fail('quant', this.quant.id, 'a format whose mean KL divergence on Llama-3-8B is in its record')
    );
  }

  /** The record that a `field` belongs to: of the model, else of the device, else of the quant. */
  get record(): object {
    if (this.#attributes['model'] !== undefined) return this.model;
    return this.#attributes['gpu'] === undefined ? this.quant : this.gpu;
  }

  /** How a reader calls one of the attributes. */
  label(name: Subject): { readonly text: string; readonly href?: string } {
    switch (name) {
      case 'model':
        return { text: this.model.name, href: modelPath(this.model.id) };
      case 'quant':
        return { text: this.quant.name, href: quantPath(this.quant.id) };
      case 'gpu':
        return { text: this.gpu.shortName, href: gpuPath(this.gpu.id) };
      case 'context':
        return { text: contextTitle(this.context) };
      case 'kv':
        return { text: `${this.#text(name).toUpperCase()} cache` };
      case 'devices':
        return this.#attributes['gpu'] === undefined
          ? { text: `${this.#text(name)} devices` }
          : { text: deviceLabel(this.gpu, wholeNumber(name, this.#text(name))) };
      case 'slots':
        return { text: `${this.#text(name)} ${this.#text(name) === '1' ? 'slot' : 'slots'}` };
      case 'cpu-moe':
        return this.#text(name) === 'all'
          ? { text: 'all layers' }
          : { text: counted(this.settings.cpuMoeLayers, 'layer') };
      case 'flash':
        return { text: `FlashAttention ${this.#text(name)}` };
      case 'micro-batch':
        return { text: `-ub ${this.#text(name)}` };
    }
  }
}
