import type { Catalog } from '../catalog/catalog.ts';
import { type EstimableModel, isEstimable } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import {
  type Allocation,
  balancedSplit,
  cacheBytes,
  DEFAULT_SETTINGS,
  type Device,
  EstimateError,
  type ExpertSplit,
  estimateLlamaCpp,
  estimateRuleOfThumb,
  type Fit,
  hostBytesOf,
  MOST_DEVICES,
  type ModelFile,
  type Need,
  planForBytes,
  type RuleOfThumb,
  roomOn,
  type Settings,
  schemeOf,
  splitExperts,
} from '../vram/index.ts';
import type { ScenarioKey } from './expand.ts';
import { contextsOf, maximumContext, namedParameters } from './expand.ts';
import { memoized } from './memoized.ts';

/** Needs and Plan for with another type of KV cache. */
export interface KvTypeNeed extends Need {
  readonly kvBytes: number;
  readonly computeBytes: number;
}

/** A model held against devices; headrooms are of the fullest device, negative = short by so much. */
export interface DeviceFit {
  readonly fit: Fit;
  /** All devices together. */
  readonly usableBytes: number;
  /** Left on the fullest device when the engine has allocated. */
  readonly headroomBytes: number;
  /** The same against Plan for, on average over the devices. */
  readonly planHeadroomBytes: number;
  /** The fullest device's share of Needs, without the driver's context. */
  readonly shareBytes: number;
  /** Blocks per device for `--tensor-split`; absent where llama.cpp's own split does. */
  readonly tensorSplit?: readonly number[];
}

/** Needs on several devices, in bytes: of the fullest by llama.cpp's own layer split and by the most even one, and of all. */
interface Share {
  readonly byDefault: number;
  readonly total: number;
  readonly balanced: () => { readonly bytes: number; readonly blocks: readonly number[] };
}

/** llama.cpp pads a context to this many tokens, so that largest contexts are multiples of it. */
const CONTEXT_STEP = 256;

/**
 * One model at one quant: what its pages share. Whatever does not depend on the page's own context (largest context per
 * device) or repeats between pages (Needs of a context) is computed once and kept as plain numbers.
 * The rules are those of `vram/placement.ts`; a test holds the two against each other.
 */
export class ModelAtQuant {
  readonly model: EstimableModel;
  readonly quant: QuantRecord;
  readonly file: ModelFile;
  /** Parameters that the rule of thumb counts: as published. */
  readonly publishedParameters: number;
  readonly maximumContext: number;
  /** Those with a page, ascending; the last is the maximum. */
  readonly #contexts: readonly number[];
  readonly #allocations = new Map<number, Allocation>();
  readonly #needs = new Map<number, Need>();
  readonly #shares = new Map<number, Share>();
  /** By host room, then by room and count. */
  readonly #largest = new Map<Device['hostRoomBytes'], Map<number, number>>();
  readonly #kvTypes = new Map<string, KvTypeNeed | undefined>();

  constructor(model: EstimableModel, quant: QuantRecord) {
    this.model = model;
    this.quant = quant;
    this.publishedParameters = namedParameters(model);
    this.maximumContext = maximumContext(model);
    this.#contexts = contextsOf(model);
    const { ruleOfThumb } = model;
    this.file = {
      architecture: model.architecture,
      scheme: schemeOf(quant.scheme),
      mtpInFile: model.mtpInFile === true,
      publishedParameters: this.publishedParameters,
      ...(ruleOfThumb && { ruleOfThumb }),
    };
  }

  /** What llama.cpp allocates with the default settings, on one device. Throws {@link EstimateError} where it refuses. */
  allocation(context: number): Allocation {
    let allocation = this.#allocations.get(context);
    if (!allocation) {
      allocation = this.allocate(context);
      this.#allocations.set(context, allocation);
    }
    return allocation;
  }

  /** The same with `changes` to the default settings. */
  allocate(context: number, changes: Partial<Settings> = {}): Allocation {
    const settings = { ...DEFAULT_SETTINGS, context, ...changes };
    return estimateLlamaCpp(this.file.architecture, this.file.scheme, settings, this.file);
  }

  /** The model with the experts of every layer in RAM, or of as few as leave the rest within `roomBytes`; `undefined` for dense models. */
  expertsInRam(context: number, roomBytes?: number): ExpertSplit | undefined {
    const { architecture, scheme, mtpInFile } = this.file;
    return splitExperts(architecture, scheme, this.allocation(context), context, this.maximumContext, {
      ...(mtpInFile !== undefined && { mtpInFile }),
      ...(roomBytes !== undefined && { roomBytes }),
    });
  }

  /** The rule of thumb's figures for a context, with `changes` to the default settings. */
  ruleOfThumb(context: number, changes: Partial<Settings> = {}): RuleOfThumb {
    const { architecture, scheme, ruleOfThumb } = this.file;
    return estimateRuleOfThumb(
      architecture,
      scheme,
      { ...DEFAULT_SETTINGS, context, ...changes },
      this.publishedParameters,
      ruleOfThumb,
    );
  }

  /** Needs and Plan for on one device, in bytes. */
  need(context: number): Need {
    let need = this.#needs.get(context);
    if (!need) {
      // Contexts that a search tries have no page, and nobody asks for their parts.
      const whole = this.#contexts.includes(context) ? this.allocation(context) : this.allocate(context);
      const needsBytes = whole.device.total;
      const planned = planForBytes(needsBytes, this.ruleOfThumb(context).total);
      need = { needsBytes, planForBytes: planned, hostBytes: hostBytesOf(whole) };
      this.#needs.set(context, need);
    }
    return need;
  }

  /** Needs and Plan for with another type of KV cache; `undefined` where llama.cpp refuses it for this model. */
  needWithKvType(context: number, kvType: Settings['kType']): KvTypeNeed | undefined {
    const key = `${context}/${kvType}`;
    if (!this.#kvTypes.has(key)) this.#kvTypes.set(key, this.#computeWithKvType(context, kvType));
    return this.#kvTypes.get(key);
  }

  #computeWithKvType(context: number, kvType: Settings['kType']): KvTypeNeed | undefined {
    try {
      const types = { kType: kvType, vType: kvType };
      const isDefault = kvType === DEFAULT_SETTINGS.kType && kvType === DEFAULT_SETTINGS.vType;
      const whole = isDefault ? this.allocation(context) : this.allocate(context, types);
      const { total: needsBytes, kvCache: kvBytes, compute: computeBytes } = whole.device;
      const planned = planForBytes(needsBytes, this.ruleOfThumb(context, types).total);
      return { needsBytes, planForBytes: planned, hostBytes: hostBytesOf(whole), kvBytes, computeBytes };
    } catch (error) {
      if (error instanceof EstimateError) return undefined;
      throw error;
    }
  }

  /** The model at `context` on `count` equal devices. */
  fitOn(device: Device, count: number, context: number): DeviceFit {
    const { needsBytes, planForBytes: planned, hostBytes } = this.need(context);
    const room = roomOn(device, hostBytes);
    let shareBytes = needsBytes;
    let repeated = 0;
    let tensorSplit: readonly number[] | undefined;
    if (count > 1) {
      const share = this.#share(context, count);
      shareBytes = share.byDefault;
      repeated = share.total - needsBytes;
      if (shareBytes > room && share.balanced().bytes < shareBytes) {
        shareBytes = share.balanced().bytes;
        tensorSplit = share.balanced().blocks;
      }
    }
    const headroomBytes = room - shareBytes;
    const planHeadroomBytes = Math.min(headroomBytes, planHeadroom(room, planned + repeated, count));
    const held: DeviceFit = {
      fit: planHeadroomBytes >= 0 ? 'fits' : headroomBytes >= 0 ? 'tight' : 'no',
      usableBytes: device.usableBytes * count,
      headroomBytes,
      planHeadroomBytes,
      shareBytes,
    };
    return tensorSplit ? { ...held, tensorSplit } : held;
  }

  /** Tokens of the largest context whose Plan for `count` devices hold; 0 where even the shortest with a page does not fit. */
  largestContext(device: Device, count: number): number {
    let known = this.#largest.get(device.hostRoomBytes);
    if (!known) {
      known = new Map();
      this.#largest.set(device.hostRoomBytes, known);
    }
    const key = roomOn(device) * (MOST_DEVICES + 1) + count;
    let tokens = known.get(key);
    if (tokens === undefined) {
      tokens = this.#searchLargest(device, count);
      known.set(key, tokens);
    }
    return tokens;
  }

  /** The fewest equal devices that hold Plan for; `undefined` where `limit`, or as many as llama.cpp uses, do not. */
  fewestDevices(device: Device, context: number, limit = MOST_DEVICES): number | undefined {
    const most = Math.min(limit, MOST_DEVICES, this.model.architecture.layers + 1);
    const { planForBytes: planned, hostBytes } = this.need(context);
    const room = roomOn(device, hostBytes);
    const { compute } = this.allocation(context).device;
    // All devices together hold Plan for and one more compute buffer each: smaller counts need not be tried.
    const least = Math.max(1, Math.ceil((planned - compute) / Math.max(room - compute, 1)));
    for (let count = least; count <= most; count++) if (this.fitOn(device, count, context).fit === 'fits') return count;
    return undefined;
  }

  #share(context: number, count: number): Share {
    const key = context * (MOST_DEVICES + 1) + count;
    let share = this.#shares.get(key);
    if (!share) {
      const { perDevice, device } = this.allocate(context, { devices: count });
      const compute = Math.max(...perDevice.map((own) => own.compute));
      let balanced: ReturnType<Share['balanced']> | undefined;
      share = {
        byDefault: Math.max(...perDevice.map((own) => own.total)),
        total: device.total,
        balanced: () => {
          if (!balanced) {
            const settings = { ...DEFAULT_SETTINGS, context, devices: count };
            const { blocks, fullestBytes } = balancedSplit(
              this.file.architecture,
              this.file.scheme,
              settings,
              this.file,
            );
            balanced = { blocks, bytes: fullestBytes + compute };
          }
          return balanced;
        },
      };
      // Contexts that a search tries have no page, and are seldom tried again.
      if (this.#contexts.includes(context)) this.#shares.set(key, share);
    }
    return share;
  }

  /**
   * The last multiple of {@link CONTEXT_STEP}, or the maximum, with headroom. Memory grows nearly in proportion to the
   * context, so that the point where the headroom ends is guessed from the contexts with pages around it.
   */
  #searchLargest(device: Device, count: number): number {
    let good = 0;
    let goodRoom = 0;
    let bad = 0;
    let badRoom = 0;
    for (let index = this.#contexts.length - 1; good === 0; index--) {
      const context = this.#contexts[index];
      if (context === undefined) return 0;
      // Devices that repeat nothing leave more: where not even they have room, no split is tried.
      const { planForBytes: planned, hostBytes } = this.need(context);
      const most = planHeadroom(roomOn(device, hostBytes), planned, count);
      const room = most < 0 ? most : this.fitOn(device, count, context).planHeadroomBytes;
      if (room < 0) {
        bad = Math.ceil(context / CONTEXT_STEP);
        badRoom = room;
      } else if (context === this.maximumContext) {
        return context;
      } else {
        good = Math.floor(context / CONTEXT_STEP);
        goodRoom = room;
      }
    }
    for (let tries = 0; bad - good > 1; tries++) {
      const guess = tries % 4 === 3 ? (good + bad) / 2 : good + ((bad - good) * goodRoom) / (goodRoom - badRoom);
      const step = Math.min(Math.max(Math.floor(guess), good + 1), bad - 1);
      const context = step * CONTEXT_STEP;
      const room = this.fitOn(device, count, context).planHeadroomBytes;
      if (room < 0) {
        bad = step;
        badRoom = room;
      } else {
        good = step;
        goodRoom = room;
        if (this.#endsAt(device, count, context)) break;
      }
    }
    return good * CONTEXT_STEP;
  }

  #cacheBytes(context: number): number {
    const settings = { ...DEFAULT_SETTINGS, context, transposedValues: false };
    return cacheBytes(this.file.architecture, settings).kvCache;
  }

  /** Whether the cache of one more {@link CONTEXT_STEP} alone, with nothing else larger, takes more than is left at `context`. */
  #endsAt(device: Device, count: number, context: number): boolean {
    const { needsBytes, hostBytes } = this.need(context);
    const next = context + CONTEXT_STEP;
    const grown = this.#cacheBytes(next) - this.#cacheBytes(context);
    const planned = planForBytes(needsBytes + grown, this.ruleOfThumb(next).total);
    const repeated = count === 1 ? 0 : this.#share(context, count).total - needsBytes;
    return planHeadroom(roomOn(device, hostBytes), planned + repeated, count) < 0;
  }
}

/** What Plan for leaves free on each of `count` devices with `room`, on average; negative = short by so much. */
const planHeadroom = (room: number, planBytes: number, count: number): number => Math.floor(room - planBytes / count);

/** One scenario, computed: the figures that every page, tag and data file of it carries. */
export interface Scenario extends Need {
  readonly key: ScenarioKey;
  readonly at: ModelAtQuant;
  readonly model: EstimableModel;
  readonly quant: QuantRecord;
  readonly contextTokens: number;
  /** Everything on one device. */
  readonly allocation: Allocation;
  readonly ruleOfThumb: RuleOfThumb;
}

/** By model, then by quant. */
const known = memoized((_: Catalog) => new Map<string, Map<string, ModelAtQuant>>());

/** @throws {EstimateError} `unknown-model` where there is no record with an architecture */
export function estimableModel(catalog: Catalog, id: string): EstimableModel {
  const model = catalog.byId.models.get(id);
  if (model && isEstimable(model)) return model;
  throw new EstimateError(
    'unknown-model',
    `Found model "${id}"; expected the id of a record in content/models with an architecture.`,
  );
}

/**
 * A model at a quant, computed once per catalogue.
 * @throws {EstimateError} `unknown-model` or `unknown-quant`, naming the id that has no estimable record.
 */
export function modelAtQuant(catalog: Catalog, model: string, quant: string): ModelAtQuant {
  let ofModel = known(catalog).get(model);
  if (!ofModel) {
    ofModel = new Map();
    known(catalog).set(model, ofModel);
  }
  let at = ofModel.get(quant);
  if (!at) {
    const modelRecord = estimableModel(catalog, model);
    const quantRecord = catalog.byId.quants.get(quant);
    if (!quantRecord)
      throw new EstimateError(
        'unknown-quant',
        `Found quant "${quant}"; expected the id of a record in content/quants.`,
      );
    at = new ModelAtQuant(modelRecord, quantRecord);
    ofModel.set(quant, at);
  }
  return at;
}

/** Needs, Plan for and what stays in RAM of a scenario, in bytes, without the rest of it: for links and lists. */
export const needOf = (catalog: Catalog, key: ScenarioKey): Need =>
  modelAtQuant(catalog, key.model, key.quant).need(key.context);

/**
 * Computes a scenario.
 * @throws {EstimateError} where a record is missing or llama.cpp refuses the settings.
 */
export function computeScenario(catalog: Catalog, key: ScenarioKey): Scenario {
  const at = modelAtQuant(catalog, key.model, key.quant);
  const need = at.need(key.context);
  return {
    key,
    at,
    model: at.model,
    quant: at.quant,
    contextTokens: key.context,
    allocation: at.allocation(key.context),
    ruleOfThumb: at.ruleOfThumb(key.context),
    ...need,
  };
}
