/**
 * Reads a query as a person means it: a model, a quant, a context, a device, a memory size, two of a kind. Pure: what it
 * knows comes with {@link SearchData}.
 */

/** A page that a query may name. The shapes are those of the site's search file. */
export interface NamedPage {
  readonly id: string;
  readonly name: string;
  readonly href: string;
  readonly names: readonly string[];
}

export interface SearchModel extends NamedPage {
  readonly contexts: readonly string[];
  readonly quant: string;
  readonly context: string;
  readonly experts?: boolean;
  readonly family: string;
}

export interface SearchQuant extends NamedPage {
  readonly pages?: 'all' | 'experts';
}

export interface SearchData {
  readonly version: 1;
  readonly models: readonly SearchModel[];
  readonly quants: readonly SearchQuant[];
  readonly gpus: readonly NamedPage[];
  readonly families: readonly NamedPage[];
  readonly tiers: readonly { readonly gigabytes: number; readonly mac: boolean; readonly href: string }[];
  readonly pairs: readonly { readonly ids: readonly string[]; readonly href: string }[];
  readonly sizes: readonly { readonly below?: number; readonly text: string; readonly href: string }[];
  readonly topics: readonly NamedPage[];
  readonly paths: { readonly scenario: string; readonly modelQuant: string };
}

/** The page that answers a query, and what it is about. */
export interface Destination {
  readonly text: string;
  readonly href: string;
}

/** Words that every query may have and no name needs. */
const FILLERS = new Set(
  (
    'a about ai an and any are at bench benchmark best can card cards chart chat check compare compatibility cpp do does ' +
    'experts kv cache moe n ' +
    'for from good gpu gguf hardware how i in instruct is it its laptop llm llms local locally long max maximum memory mine ' +
    'minimum model models much my need needed needs of offload ollama on or per pc quant quantization quantized ram require ' +
    'required requirement requirements requires run running runs second server size sizes speed system table the to token ' +
    'tokens use uses usage using v vram what which will with without would you'
  ).split(' '),
);
const VERSUS = new Set(['vs', 'versus']);
const MAC = new Set(['mac', 'macbook', 'macs', 'imac', 'apple', 'unified']);
const SEVERAL = new Set(['dual', 'double', 'two', '2x', '3x', '4x', '8x']);
const SIZE = /^\d+(\.\d+)?[bt]$/;
const MEMORY = /^(\d+)(gb|gib|g)$/;
const CONTEXT = /^(\d+)([km])$/;
/** "262k" and "131k" are said for 256K and 128K: a context so close below what was asked for is meant. */
const NEARLY = 0.97;
/** Plain numbers from here on are contexts in tokens. */
const LEAST_TOKENS = 1024;

/**
 * Words of a text: lower case, "qwen3.5:27b" as qwen, 3.5, 27b; "q4_k_m" as q4, k, m; "24 GB" as 24gb; "4-bit" as 4, bit.
 */
export function wordsOf(text: string): readonly string[] {
  const words = text
    .toLowerCase()
    .replace(/(\d)\s*(gb|gib)\b/g, '$1$2')
    .replace(/(\d)-?bit\b/g, '$1 bit')
    .replace(/\bllama\.?cpp\b/g, ' ')
    .replace(/\+/g, ' plus ')
    .split(/[^a-z0-9.]+/)
    .flatMap((part) => part.split(/(?<!\d)\.+|\.+(?!\d)/))
    .flatMap((word) => /^([a-z]{3,})(\d.*)$/.exec(word)?.slice(1) ?? [word])
    .flatMap((word) => /^(\d{3,})(ti|super|xtx?)$/.exec(word)?.slice(1) ?? [word]);
  return words.filter((word) => word !== '');
}

interface Phrase<T> {
  readonly page: T;
  readonly from: number;
  readonly length: number;
}

const wordLists = new WeakMap<object, readonly (readonly string[])[]>();

/** Words that tell models apart, of all of them. */
const vocabularies = new WeakMap<object, ReadonlySet<string>>();

function vocabularyOf(models: readonly SearchModel[]): ReadonlySet<string> {
  let words = vocabularies.get(models);
  if (!words) {
    words = new Set(models.flatMap(namesInWords).flat());
    vocabularies.set(models, words);
  }
  return words;
}

/** The words of each name of a page. */
function namesInWords(page: NamedPage): readonly (readonly string[])[] {
  let lists = wordLists.get(page);
  if (!lists) {
    lists = page.names.map(wordsOf).filter((words) => words.length > 0);
    wordLists.set(page, lists);
  }
  return lists;
}

/** The longest name that stands word for word in the query. */
function longestPhrase<T extends NamedPage>(words: readonly string[], pages: readonly T[]): Phrase<T> | undefined {
  let best: Phrase<T> | undefined;
  for (const page of pages) {
    for (const name of namesInWords(page)) {
      if (best && name.length <= best.length) continue;
      const from = words.findIndex((_, start) => name.every((word, index) => words[start + index] === word));
      if (from >= 0) best = { page, from, length: name.length };
    }
  }
  return best;
}

const without = (words: readonly string[], { from, length }: Phrase<unknown>): readonly string[] => [
  ...words.slice(0, from),
  ...words.slice(from + length),
];

interface Found {
  readonly model: SearchModel;
  readonly matched: ReadonlySet<string>;
  /** The query is its name, with nothing left over. */
  readonly exact: boolean;
}

/** The model that the words name, in full or in part; the most looked-up one where several could be meant. */
function findModel(words: readonly string[], models: readonly SearchModel[]): Found | undefined {
  const asked = new Set(words.filter((word) => !FILLERS.has(word)));
  const vocabulary = vocabularyOf(models);
  // A word that the name at hand does not have means another model where it is a size, a version, or in another's name.
  const decides = (word: string): boolean => /\d/.test(word) || vocabulary.has(word);
  let best: (Found & { readonly score: number }) | undefined;
  for (const model of models) {
    for (const full of namesInWords(model)) {
      const name = full.filter((word) => !FILLERS.has(word));
      const matched = new Set(name.filter((word) => asked.has(word)));
      if (matched.size === 0) continue;
      const over = [...asked].filter((word) => !matched.has(word));
      if (over.some((word) => decides(word) && !CONTEXT.test(word))) continue;
      const missing = name.filter((word) => !matched.has(word)).length;
      const score = 10 * matched.size - 4 * over.filter((word) => !CONTEXT.test(word)).length - missing;
      if (score > 0 && score > (best?.score ?? 0))
        best = { model, matched, exact: over.length === 0 && missing === 0, score };
    }
  }
  if (!best || best.exact) return best;
  // One common word ("qwen") or a size alone ("30b") names no model, unless only one family has it.
  const only = best.matched.size === 1 ? [...best.matched][0] : undefined;
  if (only === undefined) return best;
  if (SIZE.test(only)) return undefined;
  const families = new Set(
    models.filter((model) => namesInWords(model).some((name) => name.includes(only))).map(({ family }) => family),
  );
  return families.size === 1 ? best : undefined;
}

/** The label of a page's context that holds what was asked for: the same, the next longer one, or the longest. */
function contextFor(model: SearchModel, tokens: number): string {
  return model.contexts.find((label) => tokensOf(label) >= NEARLY * tokens) ?? model.contexts.at(-1) ?? model.context;
}

function tokensOf(label: string): number {
  const match = CONTEXT.exec(label);
  return match ? Number(match[1]) * (match[2] === 'm' ? 1024 * 1024 : 1024) : Number(label);
}

function contextAsked(words: readonly string[], taken: ReadonlySet<string>): number | undefined {
  const word = words.find(
    (own) => !taken.has(own) && (CONTEXT.test(own) || (/^\d{4,8}$/.test(own) && Number(own) >= LEAST_TOKENS)),
  );
  return word === undefined ? undefined : tokensOf(word);
}

/** The page of a model that answers for a quant, a context, both or neither. */
function modelPage(
  data: SearchData,
  model: SearchModel,
  quant: SearchQuant | undefined,
  tokens: number | undefined,
): Destination {
  const has = quant?.pages === 'all' || (quant?.pages === 'experts' && model.experts === true);
  const own = has ? quant : undefined;
  if (!own && tokens === undefined) return { text: model.name, href: model.href };
  const id = own?.id ?? model.quant;
  const fill = (path: string, context = ''): string =>
    path.replace('{model}', model.id).replace('{quant}', id).replace('{context}', context);
  const name = data.quants.find((other) => other.id === id)?.name ?? id;
  if (tokens === undefined) return { text: `${model.name}, ${name}`, href: fill(data.paths.modelQuant) };
  const context = contextFor(model, tokens);
  return {
    text: `${model.name}, ${name}, ${context.toUpperCase()} context`,
    href: fill(data.paths.scenario, context),
  };
}

/** The page of a memory size: the size itself or the next smaller one. */
function tierPage(data: SearchData, gigabytes: number, mac: boolean): Destination | undefined {
  const at = (isMac: boolean) => data.tiers.filter((tier) => tier.mac === isMac && tier.gigabytes <= gigabytes).at(-1);
  const own = mac ? at(true) : undefined;
  const cards = at(false);
  const tier = own && own.gigabytes >= (cards?.gigabytes ?? 0) ? own : cards;
  return tier && { text: `What runs in ${tier.gigabytes} GB${tier.mac ? ' on a Mac' : ''}`, href: tier.href };
}

function sizePage(data: SearchData, size: string): Destination | undefined {
  const parameters = Number.parseFloat(size) * (size.endsWith('t') ? 1e12 : 1e9);
  const own = data.sizes.find(({ below }) => below === undefined || parameters < below);
  return own && { text: own.text, href: own.href };
}

const isSaid = (name: readonly string[], words: readonly string[]): boolean =>
  name.every((word) => words.includes(word));

/** The topic with the most words, all of them in the query. */
function findTopic(words: readonly string[], topics: readonly NamedPage[]): NamedPage | undefined {
  let best: { readonly page: NamedPage; readonly length: number } | undefined;
  for (const page of topics) {
    for (const name of namesInWords(page)) {
      if (name.length > (best?.length ?? 0) && isSaid(name, words)) best = { page, length: name.length };
    }
  }
  return best?.page;
}

/** The family that the words name, with nothing left over. */
function findFamily(asked: readonly string[], families: readonly NamedPage[]): NamedPage | undefined {
  return families.find((page) =>
    namesInWords(page).some((name) => name.length === asked.length && name.every((word) => asked.includes(word))),
  );
}

/** The first pair with one side among `a` and the other among `b`. */
function findPair(data: SearchData, a: readonly string[], b: readonly string[]): Destination | undefined {
  const pair = data.pairs.find(
    ({ ids: [first = '', second = ''] }) =>
      (a.includes(first) && b.includes(second)) || (a.includes(second) && b.includes(first)),
  );
  if (!pair) return undefined;
  const name = (id: string): string => [...data.models, ...data.gpus].find((page) => page.id === id)?.name ?? id;
  return { text: pair.ids.map(name).join(' vs '), href: pair.href };
}

/** The page that a query names, or `undefined` where it names none and a search must do. */
export function understand(query: string, data: SearchData): Destination | undefined {
  const words = wordsOf(query);
  if (words.length === 0) return undefined;

  const versus = words.findIndex((word) => VERSUS.has(word));
  if (versus > 0) {
    const [before, after] = [words.slice(0, versus), words.slice(versus + 1)];
    const device = (part: readonly string[]): string | undefined => longestPhrase(part, data.gpus)?.page.id;
    const models = (part: readonly string[]): readonly string[] => {
      const asked = part.filter((word) => !FILLERS.has(word));
      const family = findFamily(asked, data.families);
      if (family) return data.models.filter((model) => model.family === family.id).map(({ id }) => id);
      const found = findModel(part, data.models);
      return found ? [found.model.id] : [];
    };
    const devices = (part: readonly string[]): readonly string[] => [device(part)].filter((id) => id !== undefined);
    const pair = findPair(data, devices(before), devices(after)) ?? findPair(data, models(before), models(after));
    if (pair) return pair;
    const topic = findTopic(words, data.topics);
    if (topic) return { text: topic.name, href: topic.href };
  }

  const gpu = longestPhrase(words, data.gpus);
  const rest = gpu ? without(words, gpu) : words;
  const quantPhrase = longestPhrase(rest, data.quants);
  const named = quantPhrase ? without(rest, quantPhrase) : rest;
  const memory = named.flatMap((word) => MEMORY.exec(word)?.[1] ?? []).map(Number)[0];
  const subject = named.filter((word) => !MEMORY.test(word) && !SEVERAL.has(word) && !MAC.has(word));
  const mac = words.some((word) => MAC.has(word));
  const quant = quantPhrase?.page;

  const asked = subject.filter((word) => !FILLERS.has(word) && !CONTEXT.test(word));
  const found = asked.length > 0 ? findModel(subject, data.models) : undefined;
  const family = findFamily(asked, data.families);
  const isName = found?.exact === true && wordsOf(found.model.name).join() === asked.join();
  const tokens = contextAsked(subject, found?.matched ?? new Set());

  if (family && !isName && !query.includes(':') && !quant && tokens === undefined && !gpu) {
    if (memory !== undefined) return tierPage(data, memory, mac);
    return { text: family.name, href: family.href };
  }
  if (found) {
    const page = modelPage(data, found.model, quant, tokens);
    if (/n-?cpu-?moe|offload|experts/i.test(query) && !quant && tokens === undefined)
      return modelPage(
        data,
        found.model,
        data.quants.find(({ id }) => id === found.model.quant),
        tokensOf(found.model.context),
      );
    if (!gpu && memory === undefined) return page;
    // The model's own page has every device, at its usual quant and context.
    const { model } = found;
    const usual = (!quant || quant.id === model.quant) && (tokens === undefined || tokens === tokensOf(model.context));
    return { ...page, href: `${usual ? model.href : page.href}#hardware` };
  }

  const size = subject.find((word) => SIZE.test(word));
  const topic = findTopic(words, data.topics);
  // A topic with a word of its own ("fine tune", "out of memory") says more than a size beside it.
  const says =
    topic && namesInWords(topic).some((name) => isSaid(name, words) && name.some((word) => !FILLERS.has(word)));
  if (topic && says && !gpu && memory === undefined) return { text: topic.name, href: topic.href };
  if (size !== undefined && gpu) {
    const model = data.models.find((own) => namesInWords(own).some((name) => name.includes(size)));
    if (model) {
      const page = modelPage(data, model, quant, tokens ?? tokensOf(model.context));
      return { ...page, href: `${page.href}#hardware` };
    }
  }
  if (gpu) return { text: `What runs on ${gpu.page.name}`, href: gpu.page.href };
  if (memory !== undefined) return tierPage(data, memory, mac);
  if (quant) return { text: `${quant.name}: every model at it`, href: quant.href };
  if (size !== undefined) return sizePage(data, size);
  if (topic) return { text: topic.name, href: topic.href };
  return undefined;
}
