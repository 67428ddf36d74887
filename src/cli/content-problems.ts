/** Every problem of content/: those of its records, and elements in guides that name no figure. */
import type { Catalog } from '../catalog/catalog.ts';
import { checkDisk } from '../catalog/from-disk.ts';
import { type Problem, sortProblems } from '../catalog/problem.ts';
import { elementProblem } from '../scenarios/figures.ts';

/** What `check:content` prints: problems by file and line, and how many records were read; the catalogue where there is one. */
export function contentProblems(root: string): {
  readonly problems: readonly Problem[];
  readonly count: number;
  readonly catalog?: Catalog;
} {
  const { problems, count, elements, catalog } = checkDisk(root);
  if (!catalog) return { problems, count };
  const ofElements = elements.flatMap(({ file, line, column, ...element }): Problem[] => {
    const wrong = elementProblem(catalog, element);
    if (!wrong) return [];
    const { attribute, found, expected, fix } = wrong;
    const path = [`<${element.name}>`, attribute];
    return [{ level: 'error', at: 'value', file, line, column, path, found, expected, fix }];
  });
  return { problems: sortProblems([...problems, ...ofElements]), count, catalog };
}
