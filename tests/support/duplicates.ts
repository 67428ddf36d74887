/**
 * How much of the text of two pages is the same: Jaccard similarity of their sets of five-word sequences ("5-grams").
 * Every pair is held against each other by MinHash first; what may be similar is then compared exactly.
 */

/** Words of a 5-gram. */
const GRAM = 5;
const HASHES = 128;
/** MinHash estimates below this are not computed exactly: with 128 hashes, no pair of 0.6 is estimated that low. */
const WORTH_COMPARING = 0.38;

export interface Text {
  readonly name: string;
  readonly text: string;
}

interface Similar {
  readonly similarity: number;
  readonly names: readonly [string, string];
}

interface DuplicateReport {
  /** For each text with a similar other one its nearest, most similar first. Texts without one are left out. */
  readonly nearest: readonly Similar[];
  /** Similarity of the nearest neighbour that 95 % of all texts stay below, and of the median text. 0 = below 0.38. */
  readonly percentile95: number;
  readonly median: number;
}

/** Sorted hashes of the 5-grams of a text: words in lower case, numbers and units included. */
export function gramsOf(text: string): Uint32Array {
  const words = text.toLowerCase().match(/[\p{L}\p{N}](?:[.,'_-]?[\p{L}\p{N}])*/gu) ?? [];
  const hashes = words.map(hash);
  const grams = new Set<number>();
  for (let start = 0; start + GRAM <= hashes.length; start++) {
    let gram = 0;
    for (let at = start; at < start + GRAM; at++)
      gram = Math.imul(gram ^ (hashes[at] ?? 0), 0x9e3779b1) + (gram >>> 15);
    grams.add(gram >>> 0);
  }
  return Uint32Array.from(grams).sort();
}

/** FNV-1a. */
function hash(word: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) value = Math.imul(value ^ word.charCodeAt(at), 0x01000193);
  return value;
}

/** Jaccard similarity of two sorted sets. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let common = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i] ?? 0;
    const right = b[j] ?? 0;
    if (left === right) common += 1;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  return common / Math.max(1, a.length + b.length - common);
}

function minHashes(grams: Uint32Array): Uint32Array {
  const smallest = new Uint32Array(HASHES).fill(0xffffffff);
  for (const gram of grams) {
    // Two hashes of a 5-gram make as many as wanted.
    let mixed = Math.imul(gram ^ (gram >>> 16), 0x85ebca6b) >>> 0;
    const step = (Math.imul(gram ^ (gram >>> 13), 0xc2b2ae35) | 1) >>> 0;
    for (let at = 0; at < HASHES; at++) {
      mixed = (mixed + step) >>> 0;
      const own = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0;
      if (own < (smallest[at] ?? 0)) smallest[at] = own;
    }
  }
  return smallest;
}

/** Holds every text against every other. */
export function compareTexts(texts: readonly Text[]): DuplicateReport {
  const grams = texts.map(({ text }) => gramsOf(text));
  const signatures = new Uint32Array(texts.length * HASHES);
  for (const [index, own] of grams.entries()) signatures.set(minHashes(own), index * HASHES);
  const best = new Float64Array(texts.length);
  const partner = new Int32Array(texts.length).fill(-1);
  const enough = WORTH_COMPARING * HASHES;
  for (let i = 0; i < texts.length; i++) {
    for (let j = i + 1; j < texts.length; j++) {
      let same = 0;
      for (let at = 0; at < HASHES; at++) {
        if (signatures[i * HASHES + at] === signatures[j * HASHES + at]) same += 1;
        if (at === 31 && same < 5) break;
      }
      if (same < enough) continue;
      const estimate = same / HASHES;
      // An exact figure only matters where it could raise one of the two.
      if (estimate + 0.2 < Math.min(best[i] ?? 0, best[j] ?? 0)) continue;
      const exact = jaccard(grams[i] ?? new Uint32Array(), grams[j] ?? new Uint32Array());
      for (const [own, other] of [
        [i, j],
        [j, i],
      ] as const) {
        if (exact <= (best[own] ?? 0)) continue;
        best[own] = exact;
        partner[own] = other;
      }
    }
  }
  const name = (index: number): string => texts[index]?.name ?? '';
  const ascending = [...best].sort((a, b) => a - b);
  const at = (share: number): number =>
    ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0;
  return {
    nearest: [...best.keys()]
      .filter((index) => (partner[index] ?? -1) >= 0)
      .map((index) => ({ similarity: best[index] ?? 0, names: [name(index), name(partner[index] ?? 0)] as const }))
      .sort((a, b) => b.similarity - a.similarity),
    percentile95: at(0.95),
    median: at(0.5),
  };
}
