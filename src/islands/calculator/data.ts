/** The data the calculator loads: what the estimator must know about models, quants and devices. */
import {
  type Architecture,
  type Device,
  type GraphFamily,
  loadGraph,
  type PackedTensors,
  type QuantizationScheme,
  type Questions,
  type RuleOfThumbInputs,
  tellTensors,
} from '../../vram/browser.ts';

export interface CalculatorModel {
  readonly id: string;
  readonly name: string;
  readonly architecture: Architecture;
  readonly graph: GraphFamily;
  readonly tensors: PackedTensors;
  readonly publishedParameters: number;
  /** Longest published context in tokens. */
  readonly maxContext: number;
  /** Context it was trained for, in tokens; absent = `maxContext`. */
  readonly nativeContext?: number;
  /** The format of the maker's checkpoint. */
  readonly published?: string;
  /** Absent = false. */
  readonly mtpInFile?: boolean;
  /** Size of its projector file; absent = not known. */
  readonly projectorBytes?: number;
  /** What the maker's checkpoint has for images or audio, which vLLM loads; absent = not known. */
  readonly towerBytes?: number;
  readonly ruleOfThumb?: RuleOfThumbInputs;
}

export interface CalculatorQuant {
  readonly id: string;
  readonly name: string;
  readonly scheme: QuantizationScheme;
  readonly nominalBits: number;
}

export interface CalculatorDevice extends Device {
  readonly id: string;
  readonly name: string;
  /** Heading of its group in the list. */
  readonly group: string;
}

export interface CalculatorData {
  readonly version: 1;
  /** The reader's own model joins them on the calculator's page. */
  readonly models: CalculatorModel[];
  /** Fewest bits first. */
  readonly quants: readonly CalculatorQuant[];
  readonly devices: readonly CalculatorDevice[];
  /** Types of the cache; absent = llama.cpp's. */
  readonly kvTypes?: readonly string[];
}

let loaded: Promise<CalculatorData> | undefined;

/**
 * Loads the data from the site itself, once for all parts of a page.
 * @throws Error where it cannot be loaded or is of another version of the site
 */
export function loadData(href: string): Promise<CalculatorData> {
  loaded ??= load(href);
  return loaded;
}

async function load(href: string): Promise<CalculatorData> {
  const response = await fetch(href);
  const data: CalculatorData = await response.json();
  if (data.version !== 1) throw new Error(href);
  return data;
}

/** Makes everything ready that estimates of a model need; resolves at once where it is. */
export async function prepareModel(
  { architecture, graph, tensors }: CalculatorModel,
  questions?: Questions,
): Promise<void> {
  tellTensors(architecture, tensors);
  await loadGraph(architecture, graph, questions);
}
