/** Reads fields of a Hugging Face `config.json` and says which one is missing or wrong. */
import { EstimateError } from '../allocation.ts';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** llama.cpp keeps these numbers in 32 bits. */
const MOST = 2 ** 31 - 1;

/** One object of a config. Names that differ between model families are given together: the first present one counts. */
export class ConfigFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #asked: Set<string> | undefined;

  private constructor(fields: Readonly<Record<string, unknown>>, path: string, asked: Set<string> | undefined) {
    this.#fields = fields;
    this.#path = path;
    this.#asked = asked;
  }

  /**
   * @param asked collects the paths of all fields that are asked for, present or not
   * @throws {EstimateError} `bad-request`, when `json` is no object
   */
  static of(json: unknown, asked?: Set<string>): ConfigFields {
    if (isObject(json)) return new ConfigFields(json, '', asked);
    throw new EstimateError('bad-request', `config.json is ${show(json)}, expected a JSON object.`);
  }

  /** The same object with values for the fields it leaves out, as the class's code has them. */
  withDefaults(defaults: Readonly<Record<string, unknown>>): ConfigFields {
    return new ConfigFields({ ...defaults, ...this.#fields }, this.#path, this.#asked);
  }

  /** The object in the first of the named fields that has one. */
  child(...names: readonly string[]): ConfigFields | undefined {
    for (const name of names) {
      const value = this.#valueOf(name);
      if (isObject(value)) return new ConfigFields(value, `${this.#path}${name}.`, this.#asked);
    }
    return undefined;
  }

  /** Like {@link child}, for a field that must be there. */
  needChild(name: string): ConfigFields {
    return this.child(name) ?? this.fail(name, 'an object');
  }

  /** A whole number above 0; also a list of equal ones. */
  count(...names: readonly string[]): number {
    return this.countOr(undefined, ...names) ?? this.fail(names.join(' or '), 'a whole number above 0');
  }

  /** Like {@link count}; `fallback` where the fields are absent, null or 0. */
  countOr<T extends number | undefined>(fallback: T, ...names: readonly string[]): number | T {
    const name = names.find((candidate) => this.has(candidate));
    if (name === undefined) return fallback;
    const value = this.whole(name);
    return value === 0 ? fallback : value;
  }

  /** A whole number, 0 included; 0 where the fields are absent or null. */
  whole(...names: readonly string[]): number {
    const name = names.find((candidate) => this.has(candidate));
    if (name === undefined) return 0;
    const value = this.#valueOf(name);
    const first = Array.isArray(value) && value.every((entry) => entry === value[0]) ? value[0] : value;
    if (typeof first === 'number' && Number.isInteger(first) && first >= 0 && first <= MOST) return first;
    return this.fail(name, 'a whole number');
  }

  /** The first of the fields that holds a whole number above 0; what else they hold is passed over. */
  firstCount(...names: readonly string[]): number | undefined {
    return names
      .map((name) => this.#valueOf(name))
      .find((value): value is number => Number.isInteger(value) && Number(value) > 0 && Number(value) <= MOST);
  }

  /** Any number; `fallback` where the field is absent or null. */
  numberOr(fallback: number, name: string): number {
    const value = this.#valueOf(name) ?? fallback;
    return typeof value === 'number' ? value : this.fail(name, 'a number');
  }

  flag(name: string): boolean | undefined {
    const value = this.#valueOf(name) ?? undefined;
    return value === undefined || typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  text(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#valueOf(name);
      if (typeof value === 'string') return value;
    }
    return undefined;
  }

  texts(name: string): readonly string[] | undefined {
    return this.#listOf(name, 'texts', (entry): entry is string => typeof entry === 'string');
  }

  /** A list of whole numbers; undefined where the field is no list. */
  counts(name: string): readonly number[] | undefined {
    if (!Array.isArray(this.#valueOf(name))) return undefined;
    return this.#listOf(name, 'whole numbers', (entry): entry is number => Number.isSafeInteger(entry));
  }

  children(name: string): readonly ConfigFields[] | undefined {
    const list = this.#listOf(name, 'objects', isObject);
    return list?.map((entry, index) => new ConfigFields(entry, `${this.#path}${name}[${index}].`, this.#asked));
  }

  /** Path and value of every field that is there and not null. */
  present(): readonly (readonly [path: string, value: unknown])[] {
    return Object.entries(this.#fields).flatMap(([name, value]) =>
      (value ?? null) === null ? [] : [[`${this.#path}${name}`, value] as const],
    );
  }

  has(name: string): boolean {
    return (this.#valueOf(name) ?? null) !== null;
  }

  /** @throws {EstimateError} `bad-request`, naming the field, what it is and what it should be */
  fail(name: string, expected: string): never {
    const value = this.#valueOf(name) ?? undefined;
    const found = value === undefined ? 'is missing' : `is ${show(value)}`;
    throw new EstimateError('bad-request', `config.json: ${this.#path}${name} ${found}, expected ${expected}.`);
  }

  #valueOf(name: string): unknown {
    this.#asked?.add(`${this.#path}${name}`);
    return this.#fields[name];
  }

  #listOf<T>(name: string, what: string, accepts: (entry: unknown) => entry is T): readonly T[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#valueOf(name);
    return Array.isArray(value) && value.every(accepts) ? value : this.fail(name, `a list of ${what}`);
  }
}
