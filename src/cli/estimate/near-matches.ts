import { editDistance } from '../../catalog/nearest.ts';

/** Letters and digits of a name in lower case: "Q4_K_M" and "q4-k-m" are the same name. */
function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '');
}

const LONGEST_NAME = 80;

/** The names most like `name`, best first: a part of the other before few differing letters; empty where none is close. */
export function nearMatches(name: string, names: readonly string[], count = 4): string[] {
  const wanted = normalizeName(name).slice(0, LONGEST_NAME);
  if (wanted === '') return [];
  const most = Math.max(2, Math.floor(wanted.length / 3));
  return names
    .map((candidate) => {
      const other = normalizeName(candidate);
      const isPart = other.includes(wanted) || (other.length > 2 && wanted.includes(other));
      const lengthDifference = Math.abs(other.length - wanted.length);
      const differing = isPart || lengthDifference > most ? lengthDifference : editDistance(wanted, other);
      return { candidate, score: isPart ? differing / 100 : differing, isClose: isPart || differing <= most };
    })
    .filter(({ isClose }) => isClose)
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
