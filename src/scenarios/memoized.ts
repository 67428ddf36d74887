/**
 * A pure function of one object, computed once per object and forgotten with it, the last one but kept: most are asked
 * about one catalogue alone, a hundred times a page.
 */
export function memoized<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  let lastKey: K | undefined;
  let last: { readonly value: V } | undefined;
  return (key) => {
    if (last && key === lastKey) return last.value;
    let entry = known.get(key);
    if (!entry) {
      entry = { value: compute(key) };
      known.set(key, entry);
    }
    lastKey = key;
    last = entry;
    return entry.value;
  };
}
