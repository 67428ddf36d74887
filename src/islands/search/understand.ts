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

interface SearchModel extends NamedPage {
  readonly contexts: readonly string[];
  readonly quant: string;
  readonly context: string;
  readonly experts?: boolean;
  readonly family: string;
  readonly kinds: readonly string[];
}

interface SearchQuant extends NamedPage {
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
    'tokens use uses usage using v vram what which will with without would you ' +
    'fit fits get give gib ggml hf huggingface llamacpp mtp qat rig setup should unsloth bartowski worth buy fast ' +
    'pull download install load enough nvlink'
  ).split(' '),
);
const VERSUS = new Set(['vs', 'versus']);
const MAC = new Set(['mac', 'macbook', 'macs', 'imac', 'apple', 'unified']);
/** Kinds of Macs; they and the chip (m3) say nothing of a model where it is clear that a Mac is meant. */
const MAC_KINDS = new Set(['air', 'mini', 'studio', 'pro']);
/** Sizes of memory that Macs come in: beside the name of a Mac or its chip such a number is meant as one. */
const MAC_SIZES = new Set('16 18 24 32 36 48 64 96 128 192 256 512'.split(' '));
const MAC_CHIP = /^m\d$/;
const SEVERAL = new Set('dual double two triple three quad four pair 2x 3x 4x 6x 8x x2 x3 x4 x6 x8'.split(' '));
/** Other models and tools whose names are one letter away from names here. */
const NO_TYPOS = new Set(['llava', 'deepspeed', 'code', 'smolvlm', 'stable']);
/** What makes another model of a name: one for vectors, pictures or speech. */
const OTHER_KINDS = new Set(['embedding', 'embed', 'reranker', 'image', 'tts', 'asr', 'audio', 'omni']);
/** Words as short as this are too easily another word. */
const SHORTEST_TYPO = 4;
const SIZE = /^\d+(\.\d+)?[bt]$/;
const MEMORY = /^(\d+)(gb|gib|g)$/;
const CONTEXT = /^(\d+)([km])$/;
/** "262k" and "131k" are said for 256K and 128K: a context so close below what was asked for is meant. */
const NEARLY = 0.97;
/** Plain numbers from here on are contexts in tokens. */
const LEAST_TOKENS = 1024;

/**
 * Words of a text: lower case, "qwen3.5:27b" as qwen, 3.5, 27b; "q4_k_m" and "q4km" as q4, k, m; "24 GB" as 24gb; "4-bit" as
 * 4, bit; "2x3090" as 2x, 3090.
 */
export function wordsOf(text: string): readonly string[] {
  const words = text
    .toLowerCase()
    .replace(/(\d)\s*(gb|gib|gigs?|gigabytes?)\b/g, '$1gb')
    .replace(/(\d)\s+b\b/g, '$1b')
    .replace(/(\d)\s+k(?=\s+(context|ctx|tokens))/g, '$1k')
    .replace(/\b(\d{3,4})s\b/g, '$1')
    .replace(/(\d)-?bit\b/g, '$1 bit')
    .replace(/\b(\d)x(?=[a-z]\d{2}|\d{3})/g, '$1x ')
    .replace(/\bllama\.?cpp\b/g, ' llamacpp ')
    .replace(/\+/g, ' plus ')
    .split(/[^a-z0-9.]+/)
    .flatMap((part) => part.split(/(?<!\d)\.+|\.+(?!\d)/))
    .flatMap((word) => /^([a-z]{3,})(\d.*)$/.exec(word)?.slice(1) ?? [word])
    .flatMap((word) => /^(\d{3,})(ti|super|xtx?)$/.exec(word)?.slice(1) ?? [word])
    .flatMap((word) => /^(i?q\d)(k)?(xxs|xs|nl|[sml])?$/.exec(word)?.slice(1) ?? [word]);
  return words.filter((word) => word !== undefined && word !== '');
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
function longestPhrase<T extends NamedPage>(
  words: readonly string[],
  pages: readonly T[],
  namesOf: (page: T) => readonly (readonly string[])[] = namesInWords,
): Phrase<T> | undefined {
  let best: Phrase<T> | undefined;
  for (const page of pages) {
    for (const name of namesOf(page)) {
      if (best && name.length <= best.length) continue;
      const from = words.findIndex((_, start) => name.every((word, index) => words[start + index] === word));
      if (from >= 0) best = { page, from, length: name.length };
    }
  }
  return best;
}

const memoryOf = (name: readonly string[]): number => Number(MEMORY.exec(name.at(-1) ?? '')?.[1] ?? 0);

/** The words of a device's names without the memory at their end, where two words or more are left: "5060 ti". */
const namesWithoutMemory = (page: NamedPage): readonly (readonly string[])[] =>
  namesInWords(page).flatMap((name) => (memoryOf(name) > 0 && name.length > 2 ? [name.slice(0, -1)] : []));

const largestFirst = new WeakMap<object, readonly NamedPage[]>();

/** The same without names that say no more than what kind of Mac it is: "mac studio" beside "96gb" is not the one of 512 GB. */
const chipsWithoutMemory = (page: NamedPage): readonly (readonly string[])[] =>
  namesWithoutMemory(page).filter((name) => name.some((word) => !MAC.has(word) && !MAC_KINDS.has(word)));

/** The words with "512" as "512gb" where a Mac is meant. */
function withMacMemory(words: readonly string[]): readonly string[] {
  if (!words.some((word) => MAC.has(word) || MAC_CHIP.test(word))) return words;
  return words.map((word) => (MAC_SIZES.has(word) ? `${word}gb` : word));
}

/** The device that the words name; where they leave the memory out, the one with the most of it. */
function findDevice(words: readonly string[], gpus: readonly NamedPage[]): Phrase<NamedPage> | undefined {
  let sorted = largestFirst.get(gpus);
  if (!sorted) {
    const most = (page: NamedPage): number => Math.max(...namesInWords(page).map(memoryOf));
    sorted = gpus.toSorted((a, b) => most(b) - most(a));
    largestFirst.set(gpus, sorted);
  }
  const exact = longestPhrase(words, gpus);
  const saysMemory = words.some((word) => MEMORY.test(word));
  const bare = longestPhrase(words, sorted, saysMemory ? chipsWithoutMemory : namesWithoutMemory);
  const found = bare && bare.length > (exact?.length ?? 0) ? bare : exact;
  const laptop = words.includes('laptop') && gpus.find(({ id }) => id === `${found?.page.id}-laptop`);
  return found && laptop ? { ...found, page: laptop } : found;
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
  const decides = (word: string): boolean => /\d/.test(word) || vocabulary.has(word) || OTHER_KINDS.has(word);
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

interface Dictionary {
  readonly words: ReadonlySet<string>;
  /** Words of the names of families, which are typed wrong most. */
  readonly families: readonly string[];
  /** Two words of a name written as one: "gptoss". */
  readonly joined: ReadonlyMap<string, readonly string[]>;
}

const dictionaries = new WeakMap<SearchData, Dictionary>();

function dictionaryOf(data: SearchData): Dictionary {
  let dictionary = dictionaries.get(data);
  if (!dictionary) {
    const names = [...data.models, ...data.gpus, ...data.quants, ...data.families, ...data.topics].flatMap(
      namesInWords,
    );
    const joined = new Map<string, readonly string[]>();
    for (const name of names) {
      name.slice(1).forEach((word, index) => {
        const before = name[index] ?? '';
        if (!/\d/.test(before + word)) joined.set(before + word, [before, word]);
      });
    }
    dictionary = {
      words: new Set([...names.flat(), ...FILLERS, ...VERSUS, ...MAC, ...SEVERAL, ...NO_TYPOS]),
      families: [...new Set(data.families.flatMap(namesInWords).flat())].filter((word) => /^[a-z]{5,}$/.test(word)),
      joined,
    };
    dictionaries.set(data, dictionary);
  }
  return dictionary;
}

/** Letters to change, add, leave out or swap with the next to make one word of the other; `most + 1` where more are. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  const rows: number[][] = [];
  for (let i = 0; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      if (i === 0) {
        row.push(j);
        continue;
      }
      const above = rows[i - 1] ?? [];
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(best);
    }
  }
  return Math.min(rows[a.length]?.[b.length] ?? 0, most + 1);
}

/** The words as they were meant: names that are typed wrong or as one word. What nothing here is called stays as it is. */
function corrected(words: readonly string[], data: SearchData): readonly string[] {
  const { words: known, families, joined } = dictionaryOf(data);
  return words.flatMap((word) => {
    if (known.has(word) || word.length < SHORTEST_TYPO || /\d/.test(word)) return [word];
    const two = joined.get(word);
    if (two) return two;
    for (const other of known) {
      if (other.length >= SHORTEST_TYPO && !/\d/.test(other) && distance(word, other, 1) === 1) return [other];
    }
    return [families.find((other) => other[0] === word[0] && distance(word, other, 2) === 2) ?? word];
  });
}

/** A query without the address and the owner of a repository: "hf.co/unsloth/gemma-3-27b-it-GGUF:Q4_K_M" is meant as its end. */
const withoutOwner = (query: string): string =>
  query
    .replace(/\b(https?:\/\/)?(www\.)?(huggingface\.co|hf\.co|ollama\.com\/library)\//gi, '')
    .replace(/(^|\s)[\w.-]*[a-z]{3}[\w.-]*\/(?=\S*\w)/gi, '$1');

/** The page that a query names, or `undefined` where it names none and a search must do. */
export function understand(query: string, data: SearchData): Destination | undefined {
  const words = withMacMemory(corrected(wordsOf(withoutOwner(query)), data));
  if (words.length === 0) return undefined;

  const versus = words.findIndex((word) => VERSUS.has(word));
  if (versus > 0) {
    const [before, after] = [words.slice(0, versus), words.slice(versus + 1)];
    const device = (part: readonly string[]): string | undefined => findDevice(part, data.gpus)?.page.id;
    const models = (part: readonly string[]): readonly string[] => {
      const asked = part.filter((word) => !FILLERS.has(word));
      const family = findFamily(asked, data.families);
      if (family) return data.models.filter((model) => model.family === family.id).map(({ id }) => id);
      const found = findModel(part, data.models);
      return found ? [found.model.id] : [];
    };
    const devices = (part: readonly string[]): readonly string[] => [device(part)].filter((id) => id !== undefined);
    const [first, second] = [models(before), models(after)];
    const pair = findPair(data, devices(before), devices(after)) ?? findPair(data, first, second);
    if (pair) return pair;
    const one = first.length === 1 && second.length > 0 && data.models.find(({ id }) => id === first[0]);
    if (one) return { text: one.name, href: one.href };
    const steps = [before, after].every((part) => part.some((word) => /^i?q\d$/.test(word)));
    const guide = steps && data.topics.find(({ id }) => id === 'choosing-a-quant');
    if (guide) return { text: guide.name, href: guide.href };
    const topic = findTopic(words, data.topics);
    if (topic) return { text: topic.name, href: topic.href };
  }

  const named = findDevice(words, data.gpus);
  // "m2 air 16gb": what kind of Mac stands between the parts of the name.
  const plain = named ? words : words.filter((word) => !MAC.has(word) && word !== 'air');
  const gpu = named ?? findDevice(plain, data.gpus);
  const rest = gpu ? without(plain, gpu) : words;
  const quantPhrase = longestPhrase(rest, data.quants);
  const left = quantPhrase ? without(rest, quantPhrase) : rest;
  const memory = left.flatMap((word) => MEMORY.exec(word)?.[1] ?? []).map(Number)[0];
  const mac = words.some((word) => MAC.has(word));
  const ofMac = mac || gpu?.page.id.startsWith('apple-') === true;
  const subject = left.filter(
    (word) =>
      !MEMORY.test(word) &&
      !SEVERAL.has(word) &&
      !MAC.has(word) &&
      !(ofMac && (MAC_KINDS.has(word) || MAC_CHIP.test(word))),
  );
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
    topic &&
    namesInWords(topic).some((name) => isSaid(name, words) && name.some((word) => word === 'kv' || !FILLERS.has(word)));
  if (topic && says && !gpu && memory === undefined) return { text: topic.name, href: topic.href };
  if (size !== undefined && gpu) {
    const model = data.models.find((own) => namesInWords(own).some((name) => name.includes(size)));
    if (model) {
      const page = modelPage(data, model, quant, tokens ?? tokensOf(model.context));
      return { ...page, href: `${page.href}#hardware` };
    }
  }
  if (gpu) return { text: `What runs on ${gpu.page.name}`, href: gpu.page.href };
  if (memory !== undefined) {
    const sizes = data.topics.find(({ id }) => id === 'by-memory');
    return tierPage(data, memory, mac) ?? (sizes && { text: sizes.name, href: sizes.href });
  }
  if (quant) return { text: `${quant.name}: every model at it`, href: quant.href };
  if (size !== undefined) return sizePage(data, size);
  if (topic) return { text: topic.name, href: topic.href };
  return undefined;
}
