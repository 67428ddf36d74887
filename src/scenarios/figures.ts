/**
 * Figures in hand-written pages. A guide names what it wants to show, as the attributes of an element:
 * `<Figure model="llama-3-1-8b" quant="q4-k-m" context="32k" part="kv" />`. The value is computed here from the catalogue.
 */
import type { Catalog } from '../catalog/catalog.ts';
import type { GpuRecord } from '../catalog/gpu.schema.ts';
import { isEstimable } from '../catalog/model.schema.ts';
import { nearestOf } from '../catalog/nearest.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { gpuPath, modelPath, quantPath } from '../site/routes.ts';
import {
  type Allocation,
  contextLabel,
  DEFAULT_SETTINGS,
  decodeSpeed,
  EstimateError,
  estimateLlamaCpp,
  expertsInRam,
  fewestDevices,
  formatBandwidth,
  formatBitsPerWeight,
  formatCount,
  formatGB,
  formatGiB,
  formatKiB,
  formatMB,
  formatMeasured,
  formatMiB,
  formatParameters,
  formatPercent,
  formatQuantity,
  formatSpeedRange,
  formatTokens,
  KV_TYPES,
  type KvType,
  largestContext,
  needOf,
  overheadOf,
  parseContextLabel,
  placeOn,
  type Settings,
} from '../vram/index.ts';
import { cachingLayers } from './cache-note.ts';
import { cacheSteps, calculationSteps, kvTerms } from './calculation.ts';
import { deviceOf, roomOf } from './devices.ts';
import { contextsOf, defaultQuantOf, maximumContext } from './expand.ts';
import { memoized } from './memoized.ts';
import { computeScenario, type ModelAtQuant, modelAtQuant, type Scenario } from './scenario.ts';
import { SPEED_DEPTH } from './speed.ts';
import type { CalculationStep, FigureTable } from './views.ts';
import { contextTitle, counted, deviceLabel, FIT_TEXT, joinWords } from './words.ts';

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
const SUBJECT_WORDS = {
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
type Subject = keyof typeof SUBJECT_WORDS;
const SUBJECT = Object.keys(SUBJECT_WORDS) as Subject[];

const fail = (attribute: string, value: string | undefined, expected: string, fix?: string): never => {
  throw new FigureError(attribute, value === undefined ? 'nothing' : `"${value}"`, expected, fix);
};

/** Names the nearest of what was expected. */
function failNear(attribute: string, found: string, expected: string, known: readonly string[]): never {
  const nearest = nearestOf(found, known);
  return fail(attribute, found, expected, nearest && `did you mean "${nearest}"?`);
}

/** The word itself; an error with the nearest of `words` where it is none of them. */
const oneOf = <T extends string>(attribute: string, value: string, words: readonly T[]): T =>
  words.find((own) => own === value) ?? failNear(attribute, value, `one of ${words.join(', ')}`, words);

const idsOf = (records: readonly { readonly id: string }[]): readonly string[] => records.map(({ id }) => id);

function wholeNumber(attribute: string, value: string): number {
  return /^[1-9]\d{0,6}$/.test(value) ? Number(value) : fail(attribute, value, 'a whole number above 0');
}

/** Allocations by settings: the columns of a table ask for the same one again and again. */
const allocations = memoized((_: ModelAtQuant) => new Map<string, Allocation>());

/** What an element asks about, with the records that it names. Whatever it does not name fails when a part needs it. */
class Asked {
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

/** One kind of figure: what heads its column, how it is found and, where it is a number, how it is shown. */
type Part =
  | {
      readonly title: string;
      readonly number: (asked: Asked) => number;
      readonly say: (value: number) => string;
      /** The context makes no difference, and need not be given. */
      readonly anyContext?: true;
    }
  | { readonly title: string; readonly text: (asked: Asked) => string };

const bytes = (title: string, number: (asked: Asked) => number): Part => ({ title, number, say: formatGB });
const ofWeights = (title: string, number: (asked: Asked) => number): Part => ({
  title,
  number,
  say: formatGB,
  anyContext: true,
});

/** Layers of a kind that own what they keep. */
const layersOf =
  (kind: 'F' | 'S' | 'L') =>
  ({ model }: Asked): number =>
    cachingLayers(model.architecture, kind);

/** What a placement without answer says. */
const NONE = 'none';

const PARTS: Readonly<Record<string, Part>> = {
  needs: bytes('Needs', ({ allocation }) => allocation.device.total),
  plan: bytes('Plan for', (asked) => needOf(asked.at.file, asked.settings).planForBytes),
  weights: ofWeights('Weights on the device', ({ allocation }) => allocation.device.weights),
  kv: bytes('KV cache', ({ allocation }) => allocation.device.kvCache),
  state: bytes('State', ({ allocation }) => allocation.device.state),
  cache: bytes('Cache and state', ({ allocation }) => allocation.device.kvCache + allocation.device.state),
  compute: bytes('Compute buffer', ({ allocation }) => allocation.device.compute),
  ram: ofWeights('Weights in RAM', ({ allocation }) => allocation.host.weights),
  file: ofWeights('File', ({ allocation }) => allocation.fileBytes),
  fullest: bytes('Fullest device', ({ allocation }) => Math.max(...allocation.perDevice.map(({ total }) => total))),
  bits: {
    title: 'Bits per weight',
    number: ({ allocation }) => allocation.bitsPerWeight,
    say: formatBitsPerWeight,
    anyContext: true,
  },
  share: {
    title: 'Share of cache and state',
    number: ({ allocation: { device } }) => (device.kvCache + device.state) / device.total,
    say: formatPercent,
  },
  'per-token': { title: 'Cache per token', number: ({ bytesPerToken }) => bytesPerToken, say: formatKiB },
  'full-layers': { title: 'Layers with the whole context', number: layersOf('F'), say: formatCount },
  'window-layers': { title: 'Layers with a window', number: layersOf('S'), say: formatCount },
  'state-layers': { title: 'Layers with a state', number: layersOf('L'), say: formatCount },
  maximum: { title: 'Longest context', number: ({ model }) => maximumContext(model), say: formatTokens },
  parameters: { title: 'Parameters', number: ({ model }) => model.parameters.total, say: formatParameters },
  active: {
    title: 'Active',
    number: ({ model }) => model.parameters.active ?? model.parameters.total,
    say: formatParameters,
  },
  divergence: { title: 'KL divergence', number: ({ divergence }) => divergence.value, say: formatMeasured },
  matrix: { title: 'Importance matrix', text: ({ divergence }) => (divergence.imatrix ? 'yes' : 'no') },
  sold: { title: 'Sold as', text: ({ gpu }) => `${gpu.memoryGB} GB` },
  usable: bytes('Usable', ({ own }) => own.device.usableBytes),
  context: bytes("Driver's context", ({ own }) => overheadOf(own.device)),
  room: bytes('For a model', ({ own }) => roomOf(own)),
  bandwidth: {
    title: 'Bandwidth',
    number: ({ gpu }) => gpu.bandwidth?.GBps ?? fail('gpu', gpu.id, 'a device with a known bandwidth'),
    say: formatBandwidth,
  },
  left: bytes('Left over', ({ placement }) => placement.headroomBytes),
  fit: { title: 'Verdict', text: ({ placement }) => FIT_TEXT[placement.fit] },
  longest: {
    title: 'Longest context that fits',
    text: ({ longest }) => (longest === 0 ? NONE : formatTokens(Math.floor(longest / 1024) * 1024)),
  },
  count: {
    title: 'Devices',
    text: ({ count }) => String(count ?? NONE),
  },
  'experts-in-ram': {
    title: '--n-cpu-moe',
    text: (asked) => String(expertsInRam(asked.at.file, asked.settings, asked.own.device)?.cpuMoeLayers ?? NONE),
  },
  speed: {
    title: 'Decode speed',
    text: ({ at, own, settings }) => {
      const device = own.speed ?? fail('gpu', own.gpu.id, 'a device with a known bandwidth');
      const { low, high } = decodeSpeed(at.file.architecture, at.file.scheme, settings, device, SPEED_DEPTH);
      return formatSpeedRange(low, high);
    },
  },
};

const UNITS: Readonly<Record<string, (bytes: number) => string>> = {
  GB: formatGB,
  GiB: formatGiB,
  MB: formatMB,
  MiB: formatMiB,
  KiB: formatKiB,
  bytes: (value) => `${formatCount(value)} bytes`,
};

/** The value at a path such as `architecture.attention.kvHeads` of a record. */
function fieldOf(record: object, path: string): string {
  let value: unknown = record;
  for (const key of path.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  if (typeof value === 'number') return Number.isInteger(value) ? formatCount(value) : formatQuantity(value);
  return typeof value === 'string' ? value : fail('field', path, 'the path of a number or a text of the record');
}

const partNamed = (attribute: string, name: string): Part => PARTS[oneOf(attribute, name, Object.keys(PARTS))] as Part;

/** A difference (`from-context="8k"`) or a quotient (`over-kv="f16"`) to the same figure of something else. */
function compared(attributes: Attributes): { readonly how: 'from' | 'over'; readonly other: Attributes } | undefined {
  const given = Object.keys(attributes).filter((name) => /^(from|over)-/.test(name));
  const [first] = given;
  if (first === undefined) return undefined;
  const how = first.startsWith('from-') ? 'from' : 'over';
  const mixed = given.find((name) => !name.startsWith(`${how}-`));
  if (mixed !== undefined) return fail(mixed, attributes[mixed], `only attributes with ${how}- beside ${first}`);
  const changes = given.map((name) => [name.slice(how.length + 1), attributes[name] ?? ''] as const);
  const same = Object.entries(attributes).filter(([name]) => !given.includes(name));
  return { how, other: Object.fromEntries([...same, ...changes]) };
}

function checkNames(attributes: Attributes, known: readonly string[]): void {
  for (const name of Object.keys(attributes)) {
    const bare = name.replace(/^(from|over)-/, '');
    if (known.includes(name) || (bare !== name && SUBJECT.some((own) => own === bare))) continue;
    const nearest = nearestOf(name, known);
    throw new FigureError(
      name,
      `the attribute "${name}"`,
      `one of ${known.join(', ')}`,
      nearest ? `did you mean "${nearest}"?` : 'remove it',
    );
  }
}

/** With a context where the part needs none and none is given: the shortest that the model has pages for. */
function withContext(catalog: Catalog, attributes: Attributes): Attributes {
  if (attributes['context'] !== undefined) return attributes;
  const [shortest = 1] = contextsOf(new Asked(catalog, attributes).model);
  return { ...attributes, context: contextLabel(shortest) };
}

function show(catalog: Catalog, attributes: Attributes, part: Part): string {
  const { unit } = attributes;
  if ('text' in part) return part.text(new Asked(catalog, attributes));
  const numberOf = (own: Attributes): number =>
    part.number(new Asked(catalog, part.anyContext ? withContext(catalog, own) : own));
  const say = unit === undefined ? part.say : (UNITS[oneOf('unit', unit, Object.keys(UNITS))] ?? part.say);
  const value = numberOf(attributes);
  const against = compared(attributes);
  if (!against) return say(value);
  const base = numberOf(against.other);
  return against.how === 'from' ? say(value - base) : formatQuantity(value / base);
}

/** What llama.cpp refuses is the element's fault too. */
function answered<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof EstimateError)) throw error;
    throw new FigureError('part', `an estimate that fails: ${error.message}`, 'settings that llama.cpp accepts');
  }
}

/**
 * The text of `<Figure />`: one figure, rounded and with its unit.
 * @throws {FigureError} where an attribute names nothing that exists
 */
export function figureText(catalog: Catalog, attributes: Attributes): string {
  checkNames(attributes, [...SUBJECT, 'part', 'field', 'unit']);
  const { part, field } = attributes;
  if (field !== undefined) return fieldOf(new Asked(catalog, attributes).record, field);
  const known = partNamed('part', part ?? fail('part', undefined, `one of ${Object.keys(PARTS).join(', ')}`));
  return answered(() => show(catalog, attributes, known));
}

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Every combination of the lists in the subject attributes; what comes first in the element changes slowest. */
function combinations(attributes: Attributes, names: readonly Subject[]): readonly Attributes[] {
  return names.reduce<readonly Attributes[]>(
    (rows, name) => rows.flatMap((row) => words(attributes[name] ?? '').map((value) => ({ ...row, [name]: value }))),
    [attributes],
  );
}

/**
 * The content of `<FigureTable />`: a row for every combination of the lists in its attributes, a column for each of
 * `columns`; with `across`, a column for each value of that attribute, all of one `part`.
 * @throws {FigureError} where an attribute names nothing that exists
 */
export function figureTable(catalog: Catalog, attributes: Attributes): FigureTable {
  checkNames(attributes, [...SUBJECT, 'columns', 'across', 'part', 'unit', 'caption']);
  const { caption, columns, across, part, ...subject } = attributes;
  const listed = (Object.keys(subject) as Subject[]).filter((name) => words(subject[name] ?? '').length > 1);
  const acrossName = across === undefined ? undefined : oneOf('across', across, SUBJECT);
  const down = listed.filter((name) => name !== acrossName);
  if (down.length === 0)
    return fail('model', subject['model'], 'an attribute with several values, separated by spaces');
  const rows = combinations(subject, down);
  const parts = words(columns ?? part ?? fail('columns', undefined, `some of ${Object.keys(PARTS).join(', ')}`)).map(
    (name) => partNamed(columns === undefined ? 'part' : 'columns', name),
  );
  const [only] = parts;
  return answered(() => ({
    caption: caption ?? fail('caption', undefined, 'a caption', 'write caption="..."'),
    corner: joinWords(down.map((name) => SUBJECT_WORDS[name])),
    columns:
      acrossName === undefined
        ? parts.map(({ title }) => title)
        : combinations(subject, [acrossName]).map(
            (own) => new Asked(catalog, { ...own, model: words(own['model'] ?? '')[0] ?? '' }).label(acrossName).text,
          ),
    rows: rows.map((row) => ({
      head: down.map((name) => new Asked(catalog, row).label(name)),
      cells:
        acrossName === undefined || only === undefined
          ? parts.map((own) => show(catalog, row, own))
          : combinations(row, [acrossName]).map((own) => show(catalog, own, only)),
    })),
  }));
}

/** What `of` of `<Working />` may be, and the steps it shows. */
const WORKINGS: Readonly<Record<string, (asked: Asked) => readonly CalculationStep[]>> = {
  needs: ({ scenario }) => calculationSteps(scenario),
  cache: ({ scenario }) => cacheSteps(scenario),
  device: (asked) => {
    const { gpu, own, placement } = asked;
    const { total } = placement.allocation.device;
    return [
      { term: gpu.shortName, formula: `sold as ${gpu.memoryGB} GB`, result: formatGB(own.device.usableBytes) },
      { term: 'Less', formula: "the driver's context of one process", result: formatGB(overheadOf(own.device)) },
      {
        term: 'Less',
        formula: `Needs of ${asked.model.name} at ${asked.quant.name} with ${contextTitle(asked.context)}`,
        result: formatGB(total),
      },
      {
        term: 'Left over',
        formula: `the verdict: ${FIT_TEXT[placement.fit]}`,
        result: formatGB(placement.headroomBytes),
      },
    ];
  },
  devices: ({ allocation, gpu, own }) => [
    ...allocation.perDevice.map(({ weights, kvCache, state, compute, total }, index) => ({
      term: `Device ${index + 1}`,
      formula: `${formatGB(weights)} of weights, ${formatGB(kvCache + state)} of cache, ${formatGB(compute)} of compute buffer`,
      result: formatGB(total),
    })),
    {
      term: 'Room on each',
      formula: `${gpu.shortName} less the driver's context`,
      result: formatGB(roomOf(own)),
    },
  ],
};

/**
 * The steps of `<Working />`: a calculation with the numbers of a model filled in.
 * @throws {FigureError} where an attribute names nothing that exists
 */
export function workingSteps(catalog: Catalog, attributes: Attributes): readonly CalculationStep[] {
  checkNames(attributes, [...SUBJECT, 'of']);
  const name = attributes['of'] ?? fail('of', undefined, `one of ${Object.keys(WORKINGS).join(', ')}`);
  const steps = WORKINGS[oneOf('of', name, Object.keys(WORKINGS))];
  return answered(() => steps?.(new Asked(catalog, attributes)) ?? []);
}

/** An element of a hand-written page, where it stands. */
interface PageElement {
  readonly name: string;
  readonly attributes: Attributes;
}

const ELEMENTS: Readonly<Record<string, (catalog: Catalog, attributes: Attributes) => unknown>> = {
  Figure: figureText,
  FigureTable: figureTable,
  Working: workingSteps,
};

/** What is wrong with an element; `undefined` where it can be shown. */
export function elementProblem(catalog: Catalog, { name, attributes }: PageElement): FigureError | undefined {
  const compute = ELEMENTS[name];
  if (!compute)
    return new FigureError('element', `<${name}>`, `one of ${Object.keys(ELEMENTS).join(', ')}`, 'rename or remove it');
  try {
    compute(catalog, attributes);
    return undefined;
  } catch (error) {
    if (error instanceof FigureError) return error;
    throw error;
  }
}

/** What a page hands to the elements in its text. */
export interface Figures {
  readonly text: (attributes: Attributes) => string;
  readonly table: (attributes: Attributes) => FigureTable;
  readonly working: (attributes: Attributes) => readonly CalculationStep[];
}

export const figuresOf = (catalog: Catalog): Figures => ({
  text: (attributes) => figureText(catalog, attributes),
  table: (attributes) => figureTable(catalog, attributes),
  working: (attributes) => workingSteps(catalog, attributes),
});
