/**
 * What every page says, as plain data: text is worded, numbers are rounded, links are made.
 * Components only put it into markup. Built by `pages.ts`; one object feeds the visible page, the meta tags,
 * the JSON-LD and the JSON API, so they cannot disagree.
 */
import type { KvType } from '../vram/index.ts';

/** A link; `href` is a site path made in `site/routes.ts`. */
export interface Link {
  readonly text: string;
  readonly href: string;
}

/** A link with the one figure that tells it from its neighbours, e.g. "Plan for 24.1 GB". */
export interface LinkWithFigure extends Link {
  readonly figure: string;
  readonly note?: string;
}

/** Related pages of one kind under a title of their own. */
export interface RelatedGroup {
  readonly title: string;
  readonly links: readonly LinkWithFigure[];
}

/** An amount of memory in both units, already formatted: "963 GB", "897 GiB". */
export interface Memory {
  readonly bytes: number;
  readonly gb: string;
  readonly gib: string;
}

export type FitWord = 'fits' | 'tight' | 'no';

/** One segment of the memory bar. `start` and `width` are per mille of the bar's scale. */
export interface BarSegment {
  readonly part: 'weights' | 'kv-cache' | 'state' | 'compute' | 'overhead' | 'free';
  readonly label: string;
  readonly amount: string;
  readonly start: number;
  readonly width: number;
}

/** A horizontal bar to scale, with ticks at memory sizes people own. */
export interface MemoryBar {
  /** The whole bar in words, for readers who do not see it. */
  readonly description: string;
  readonly segments: readonly BarSegment[];
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** A scenario's parts beside each other, in per mille of all of them: drawn once, and scaled for each device. */
export type HeldParts = readonly Pick<BarSegment, 'part' | 'start' | 'width'>[];

/** The memory bar in small: a device's memory with the scenario laid over it. The row says the rest. */
export interface MiniBar {
  /** How much of the bar the device's share of the scenario takes, in per mille, and the driver's context after it. */
  readonly held: number;
  readonly overhead: number;
  /** Where the device's memory ends, where that is before the end of the bar. */
  readonly end?: number;
}

/** Devices held against one scenario. */
export interface Hardware {
  readonly intro: string;
  readonly held: HeldParts;
  readonly groups: readonly DeviceGroup[];
}

export interface Question {
  readonly question: string;
  /** Plain text, one or more sentences. */
  readonly answer: string;
}

/** What the head of a page needs; turned into tags by `site/metadata.ts`. */
export interface PageMeta {
  readonly path: string;
  /** Path of the page that search engines should index instead; the page's own path where it is indexable. */
  readonly canonicalPath: string;
  readonly indexable: boolean;
  readonly title: string;
  readonly description: string;
  readonly breadcrumbs: readonly Link[];
  readonly questions: readonly Question[];
  /** ISO date of the newest record behind the page. */
  readonly updated: string;
}

/** One part of the answer: weights, KV cache, ... */
export interface Part {
  /** The bar's segment that the part is drawn as. */
  readonly part: BarSegment['part'];
  readonly label: string;
  readonly memory: Memory;
  /** Where the figure comes from, short: "1,573B parameters at 4.84 bits". */
  readonly detail: string;
}

/** One device (or several of one kind) held against the scenario. */
export interface DeviceRow {
  readonly device: Link;
  readonly count: number;
  /** "2 x RTX 3090". */
  readonly label: string;
  readonly fit: FitWord;
  /** "fits", "tight", "does not fit". */
  readonly fitText: string;
  /** Memory the driver leaves usable, all devices together. */
  readonly usable: string;
  /** "6.2 GB free" or "3.1 GB short". */
  readonly headroom: string;
  readonly largestContext: string;
  /** "35-70 tokens/s", absent where no rule with evidence exists. */
  readonly speed?: string;
  readonly bar: MiniBar;
}

export interface DeviceGroup {
  readonly title: string;
  /** How many of the rows fit, where the group is a full table: "12 of 61 fit". */
  readonly note?: string;
  readonly rows: readonly DeviceRow[];
}

export interface CommandBlock {
  readonly tool: string;
  readonly command: string;
  readonly note?: string;
}

/** One line of "how this is calculated": a term, its formula with this model's numbers, its result. */
export interface CalculationStep {
  readonly term: string;
  readonly formula: string;
  readonly result: string;
  readonly source?: { readonly text: string; readonly href: string };
}

/** The calculator's state, whose settings the browser reads back from the form, and its figures until it computes them. */
export interface CalculatorPreset {
  readonly model: string;
  readonly quant: string;
  readonly kType: KvType;
  readonly vType: KvType;
  readonly sequences: number;
  readonly gpu: string;
  readonly devices: number;
  /** URL of the JSON with the catalogue's architectures, quants and devices. */
  readonly dataHref: string;
  /** The words of the preset, for the one option that each select holds before the data arrives. */
  readonly modelName: string;
  readonly quantName: string;
  /** The device's short name, as in the data file. */
  readonly gpuName: string;
  readonly contextLabel: string;
  /** In this order: weights, KV cache, state (only where there is one), compute buffer; one device, as the page's card. */
  readonly parts: readonly Part[];
  readonly needsMemory: Memory;
  readonly planForMemory: Memory;
  /** The page's scenario on `devices` x `gpu`. */
  readonly fit: FitWord;
  readonly fitText: string;
  /** As in the device's row: "2.9 GB free", "77 GB short each". */
  readonly headroom: string;
  /** Most tokens of context that fit on `devices` x `gpu`, in words; "none" where the weights alone do not fit. */
  readonly largestContext: string;
}

export interface ScenarioPage {
  readonly kind: 'scenario';
  readonly meta: PageMeta;
  readonly modelName: string;
  readonly quantName: string;
  readonly contextLabel: string;
  readonly heading: string;
  readonly hook: string;
  /** The direct answer, first sentence first. */
  readonly answer: readonly string[];
  readonly planFor: Memory;
  readonly needs: Memory;
  readonly parts: readonly Part[];
  readonly bar: MemoryBar;
  readonly ruleOfThumb: { readonly intro: string; readonly parts: readonly Part[]; readonly total: Memory };
  readonly calculator: CalculatorPreset;
  readonly accuracy: {
    readonly text: string;
    /** What measured runs of models with the same kind of attention say. */
    readonly measured: string;
    readonly link: Link;
  };
  /** The cheapest ways to make the scenario smaller, best first: each with what it frees and what it costs. */
  readonly cheaper: readonly string[];
  /** The cache in other types; absent where it is too small a part to matter. */
  readonly kvTypes?: KvTypes;
  /** Plan for at every context of the model at this quant, the page's own marked. */
  readonly plot: Plot;
  /** About a cache that is not plain GQA; absent for plain GQA. */
  readonly cacheNote?: { readonly title: string; readonly text: readonly string[] };
  readonly hardware: Hardware & {
    /** Experts kept in RAM: absent for dense models. */
    readonly expertsInRam?: { readonly text: readonly string[] };
  };
  readonly commands: readonly CommandBlock[];
  /** The same context under vLLM and MLX; absent where neither has a format for the model. */
  readonly engines: { readonly intro: string; readonly grid: Grid } | undefined;
  readonly calculation: readonly CalculationStep[];
  readonly verdict: readonly string[];
  readonly related: readonly RelatedGroup[];
  readonly faq: readonly Question[];
  readonly engine: string;
  readonly sources: readonly Link[];
  readonly apiHref: string;
}

/** The same scenario with the cache in several types. */
export interface KvTypes {
  readonly text: string;
  readonly rows: readonly {
    readonly type: string;
    readonly cache: string;
    readonly needs: string;
    readonly planFor: string;
    /** Smallest single cards that hold Plan for. */
    readonly fits: string;
  }[];
}

/** A grid of quants x contexts (model hub) or models x anything (GPU page): row heads, column heads, linked cells. */
export interface Grid {
  readonly caption: string;
  readonly corner: string;
  readonly columns: readonly string[];
  /** Two memory sizes or more, smallest first, of which the reader chooses one to mark what fits it; `chosen` is marked at first. */
  readonly sizes?: { readonly labels: readonly string[]; readonly chosen: number };
  readonly rows: readonly {
    /** `href` is empty where the head is text only. */
    readonly head: Link;
    readonly note?: string;
    /** `href` is empty where a head or cell is text only. `fit`: against the memory that the grid is about. */
    readonly cells: readonly ({
      readonly text: string;
      readonly href: string;
      readonly note?: string;
      readonly fit?: FitWord;
      /** Index of the smallest of the grid's sizes that holds the cell's memory; absent where none does. */
      readonly size?: number;
    } | null)[];
  }[];
}

export interface Fact {
  readonly term: string;
  readonly text: string;
  readonly source?: { readonly text: string; readonly href: string };
}

export interface ModelPage {
  readonly kind: 'model';
  readonly meta: PageMeta;
  /** Record id: the route renders this record's MDX body. */
  readonly id: string;
  readonly heading: string;
  readonly hook: string;
  readonly answer: readonly string[];
  readonly bar: MemoryBar;
  readonly grid: Grid;
  /** The usual context under each engine; absent where only one has a format for the model. */
  readonly engines: { readonly intro: string; readonly grid: Grid } | undefined;
  /** VRAM against context, one series per quant: numbers for an inline SVG, with its text twin in the grid. */
  readonly plot: Plot;
  /** Quality loss against memory over the quants; absent where nothing was measured. */
  readonly quality?: Plot;
  readonly hardware: Hardware;
  readonly cacheNote?: { readonly title: string; readonly text: readonly string[] };
  readonly facts: readonly Fact[];
  readonly aliases: readonly string[];
  readonly faq: readonly Question[];
  readonly related: readonly RelatedGroup[];
  readonly calculator: CalculatorPreset;
  readonly sources: readonly Link[];
  readonly engine: string;
  readonly apiHref: string;
}

/** Where a label stands beside what it names, if not in its usual place. */
interface LabelPlace<Side> {
  readonly side?: Side;
  readonly below?: true;
}

/** Points are in per mille of the drawing area; axis labels are worded. */
export interface Plot {
  readonly title: string;
  readonly description: string;
  readonly series: readonly {
    readonly label: string;
    readonly points: readonly (readonly [number, number])[];
    /** Points by themselves; absent = joined by a line. */
    readonly dots?: boolean;
  }[];
  readonly xTicks: readonly { readonly at: number; readonly label: string }[];
  readonly yTicks: readonly { readonly at: number; readonly label: string }[];
  /** Horizontal lines: device memory sizes. A name stands above its line at the left end, if not told otherwise. */
  readonly lines: readonly ({ readonly at: number; readonly label: string } & LabelPlace<'right'>)[];
  /**
   * Single points: what the page is about, or one for each quant. A label stands above its point to the right, if not told
   * otherwise, and may be empty.
   */
  readonly marks?: readonly ({ readonly x: number; readonly y: number; readonly label: string } & LabelPlace<
    'left' | 'middle'
  >)[];
  /** What the drawing says, in sentences that stand below it; absent where a table of the page says it. */
  readonly text?: readonly string[];
}

export interface ModelQuantPage {
  readonly kind: 'model-quant';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly hook: string;
  readonly answer: readonly string[];
  readonly bar: MemoryBar;
  /** One row per context. */
  readonly contexts: Grid;
  readonly hardware: Hardware;
  readonly commands: readonly CommandBlock[];
  readonly facts: readonly Fact[];
  readonly faq: readonly Question[];
  readonly related: readonly RelatedGroup[];
  readonly engine: string;
  readonly sources: readonly Link[];
}

export interface QuantPage {
  readonly kind: 'quant';
  readonly meta: PageMeta;
  readonly id: string;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly facts: readonly Fact[];
  /** Models at this quant: size, bits per weight, memory at 8K. */
  readonly grid: Grid;
  readonly faq: readonly Question[];
  readonly related: readonly RelatedGroup[];
  readonly sources: readonly Link[];
}

export interface GpuPage {
  readonly kind: 'gpu';
  readonly meta: PageMeta;
  readonly id: string;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly facts: readonly Fact[];
  /** The picks of each size class; absent where a better-known device's page has them, or nothing runs. */
  readonly best?: Grid;
  /** What the next device up holds that this one does not; absent likewise, and for the largest. */
  readonly unlocks?: Addition;
  /** What runs on it: largest quants by context and speed, by model. */
  readonly grid: Grid;
  readonly faq: readonly Question[];
  readonly related: readonly RelatedGroup[];
  readonly sources: readonly Link[];
}

export interface FamilyPage {
  readonly kind: 'family';
  readonly meta: PageMeta;
  readonly id: string;
  readonly heading: string;
  readonly answer: readonly string[];
  /** Members by size: parameters, usual quant, memory, smallest card. */
  readonly grid: Grid;
  /** Members without pages of their own, whose text and sources stand here: ids of records. */
  readonly announced: readonly { readonly id: string; readonly name: string }[];
  readonly faq: readonly Question[];
  readonly related: readonly RelatedGroup[];
  /** Those of the announced members; what is said of the others has its sources on their pages. */
  readonly sources: readonly Link[];
}

/** What more memory holds. */
export interface Addition extends RelatedGroup {
  readonly text: string;
}

export interface VramTierPage {
  readonly kind: 'vram-tier';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  /** The pick of each size class. */
  readonly best: Grid;
  /** What the next size up holds that this one does not; absent for the largest. */
  readonly unlocks?: Addition;
  /** Mixtures of experts that fit with experts in RAM; absent for unified memory, whose RAM is the same. */
  readonly expertsInRam?: Grid;
  readonly grid: Grid;
  readonly related: readonly RelatedGroup[];
}

/** Two models, or two devices, side by side. */
export interface ComparePage {
  readonly kind: 'compare';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  /** One row a property, one column a side. */
  readonly table: Grid;
  /** What the two sides are: devices have an article. */
  readonly pair: 'models' | 'devices';
  /** When to take which. */
  readonly choose: readonly { readonly link: Link; readonly reasons: readonly string[] }[];
  /** Both sides on devices, or models on both; no rows where no device holds either. */
  readonly held: { readonly title: string; readonly grid: Grid };
  readonly related: readonly RelatedGroup[];
}

/** The calculator as a page, with a table that needs no script. */
export interface CalculatorPage {
  readonly kind: 'calculator';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly calculator: CalculatorPreset;
  /** URL of the JSON that its commands need. */
  readonly dataHref: string;
  readonly table: Grid;
}

/** Search: every hub as a plain link, in groups. */
export interface SearchPage {
  readonly kind: 'search';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly examples: readonly Link[];
  readonly groups: readonly {
    readonly id: string;
    readonly title: string;
    readonly links: readonly LinkWithFigure[];
  }[];
}

/** What the site publishes for programs. */
export interface DataPage {
  readonly kind: 'data';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly files: Grid;
  readonly fields: Grid;
  readonly example: CommandBlock;
  readonly notes: readonly string[];
}

/** Lists: all models, quants, GPUs, families. */
export interface ListPage {
  readonly kind: 'list';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly sections: readonly { readonly title: string; readonly grid: Grid }[];
}

/** Estimates against measured runs. */
export interface AccuracyPage {
  readonly kind: 'accuracy';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly memory: {
    readonly intro: readonly string[];
    readonly misses: Grid;
    /** The other runs. */
    readonly others: Grid;
    readonly plot: Plot;
    readonly classes: Grid;
    /** Runs that no estimate can be held against, and why. */
    readonly notCompared: readonly string[];
  };
  readonly speed: {
    readonly intro: readonly string[];
    readonly classes: Grid;
    readonly plot: Plot;
    readonly misses: Grid;
    readonly devices: Grid;
  };
  readonly sources: Grid;
  readonly links: readonly Link[];
}

export interface HomePage {
  readonly kind: 'home';
  readonly meta: PageMeta;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly calculator: CalculatorPreset;
  readonly popular: Grid;
  readonly byMemory: readonly LinkWithFigure[];
  readonly counts: readonly Fact[];
}

/** A table in a hand-written page, computed from the catalogue. */
export interface FigureTable {
  readonly caption: string;
  /** What the rows are. */
  readonly corner: string;
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly head: readonly { readonly text: string; readonly href?: string }[];
    readonly cells: readonly string[];
  }[];
}

/** A hand-written MDX page; the route renders the record's body. */
export interface GuidePage {
  readonly kind: 'guide';
  readonly meta: PageMeta;
  readonly id: string;
  readonly heading: string;
  readonly sources: readonly Link[];
}

/** Any page of the site. */
export type Page =
  | ScenarioPage
  | ModelPage
  | ModelQuantPage
  | QuantPage
  | GpuPage
  | FamilyPage
  | VramTierPage
  | ComparePage
  | CalculatorPage
  | SearchPage
  | DataPage
  | ListPage
  | AccuracyPage
  | HomePage
  | GuidePage;
