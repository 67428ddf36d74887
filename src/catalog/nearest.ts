/** Which of the names that exist a misspelt one was meant to be. */

/** Letters to insert, delete or replace to make `b` of `a`, capitals aside. */
export function editDistance(a: string, b: string): number {
  const target = b.toLowerCase();
  const row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const letter of a.toLowerCase()) {
    let diagonal = row[0] ?? 0;
    row[0] = diagonal + 1;
    for (let index = 1; index < row.length; index++) {
      const above = row[index] ?? 0;
      row[index] = Math.min(above + 1, (row[index - 1] ?? 0) + 1, diagonal + (letter === target[index - 1] ? 0 : 1));
      diagonal = above;
    }
  }
  return row[target.length] ?? 0;
}

/** The candidate that `word` was probably meant to be: at most a third of its letters differ. */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of candidates) {
    const distance = editDistance(word, name);
    if (distance <= Math.max(1, Math.ceil(name.length / 3)) && (best === undefined || distance < best.distance)) {
      best = { name, distance };
    }
  }
  return best?.name;
}
