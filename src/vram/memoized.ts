/** Pure functions of an object that are computed once: answers are kept as long as the object is. */

/** @param compute never answers `undefined` */
export function memoized<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = compute(key);
      known.set(key, value);
    }
    return value;
  };
}

/** The same of an object and more, which `textOf` tells apart in letters. */
export function memoizedBy<K extends object, Rest extends readonly unknown[], V>(
  textOf: (key: K, ...rest: Rest) => string,
  compute: (key: K, ...rest: Rest) => V,
): (key: K, ...rest: Rest) => V {
  const knownOf = memoized((_: K) => new Map<string, V>());
  return (key, ...rest) => {
    const known = knownOf(key);
    const text = textOf(key, ...rest);
    let value = known.get(text);
    if (value === undefined) {
      value = compute(key, ...rest);
      known.set(text, value);
    }
    return value;
  };
}
