/**
 * Figures in hand-written pages. A guide names what it wants to show, as the attributes of an element:
 * `<Figure model="llama-3-1-8b" quant="q4-k-m" context="32k" part="kv" />`. The value is computed here from the catalogue.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { nearestOf } from '../catalog/nearest.ts';
import { contextLabel, EstimateError, formatCount, formatGB, formatQuantity, overheadOf } from '../vram/index.ts';
import { cacheSteps, calculationSteps } from './calculation.ts';
import { roomOf } from './devices.ts';
import { contextsOf } from './expand.ts';
import {
  Asked,
  type Attributes,
  FigureError,
  fail,
  oneOf,
  SUBJECT,
  SUBJECT_WORDS,
  type Subject,
} from './figure-attributes.ts';
import { PARTS, type Part, partNamed, UNITS } from './figure-parts.ts';
import type { CalculationStep, FigureTable } from './views.ts';
import { contextTitle, FIT_TEXT, joinWords } from './words.ts';

/** The value at a path such as `architecture.attention.kvHeads` of a record. */
function fieldOf(record: object, path: string): string {
  let value: unknown = record;
  for (const key of path.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  if (typeof value === 'number') return Number.isInteger(value) ? formatCount(value) : formatQuantity(value);
  return typeof value === 'string' ? value : fail('field', path, 'the path of a number or a text of the record');
}

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
