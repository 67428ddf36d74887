/** Who may import whom in src, and what only some files may use. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';

interface SourceFile {
  /** With "/", from the project's root. */
  readonly path: string;
  readonly text: string;
}

/** Folders of src that the files of each folder may import beside their own. Pages and the command line import anything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  vram: [],
  catalog: ['vram'],
  scenarios: ['vram', 'catalog', 'site'],
  site: ['vram', 'catalog', 'scenarios'],
  islands: ['vram'],
  components: ['vram', 'scenarios', 'site', 'islands'],
  layouts: ['vram', 'scenarios', 'site', 'islands', 'components', 'styles'],
  styles: ['styles'],
  pages: ['vram', 'catalog', 'scenarios', 'site', 'islands', 'components', 'layouts', 'styles'],
  cli: ['vram', 'catalog', 'scenarios', 'site'],
  'content.config.ts': ['catalog'],
  prerender: ['layouts'],
};

const GET_CATALOG = 'src/catalog/get-catalog.ts';
const FROM_DISK = 'src/catalog/from-disk.ts';
const VRAM_FACE = 'src/vram/index.ts';
/** What scripts of the browser import instead: without the code that only some models need, and that code for the asking. */
const VRAM_FACES_OF_ISLANDS: readonly string[] = [
  'src/vram/browser.ts',
  'src/vram/browser-config.ts',
  'src/vram/browser-served.ts',
  'src/vram/axis.ts',
];
/** Packages that scripts of the browser may bring along, by the file that does. */
const PACKAGES_OF_ISLANDS: Readonly<Record<string, string>> = { 'src/islands/search/index.ts': 'minisearch' };
const CLOCK_OR_CHANCE =
  /\bnew Date\(\s*\)|\bDate\.now\(|\bperformance\.now\(|\bMath\.random\(|\brandomUUID\(|\bgetRandomValues\(/;

/** The part of src a path lies in: a folder, or the file itself where it lies in src. */
function partOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

interface Import {
  /** As written. */
  readonly name: string;
  /** The file from the root, of an import by relative path. */
  readonly file?: string;
}

function importsOf({ path, text }: SourceFile): Import[] {
  const statements = withoutComments(text).matchAll(/\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g);
  return [...statements].map(([, , name = '']) =>
    name.startsWith('.') ? { name, file: posix.join(posix.dirname(path), name.replace(/\?\w+$/, '')) } : { name },
  );
}

/** Every import and every use that the rules forbid, as one line each. */
function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const { path } = file;
    const part = partOf(path);
    const found: string[] = [];
    const forbid = (wrong: boolean, what: string): void => {
      if (wrong) found.push(`${path}: ${what}`);
    };
    forbid(!(part in MAY_IMPORT), `src/${part} is in no layer`);

    for (const { name, file: imported } of importsOf(file)) {
      if (imported !== undefined) {
        forbid(!imported.startsWith('src/'), `imports ${imported}`);
        if (!imported.startsWith('src/')) continue;
        const target = partOf(imported);
        forbid(target !== part && !(MAY_IMPORT[part] ?? []).includes(target), `imports ${imported}`);
        forbid(posix.extname(imported) === '', `imports ${imported} without its ending`);
        const faces = part === 'islands' ? VRAM_FACES_OF_ISLANDS : [VRAM_FACE];
        forbid(
          target === 'vram' && part !== 'vram' && !faces.includes(imported),
          `imports ${imported}, not ${faces.join(' or ')}`,
        );
        forbid(imported === GET_CATALOG && part !== 'pages', `imports ${imported}`);
        forbid(imported === FROM_DISK && part !== 'cli' && path !== GET_CATALOG, `imports ${imported}`);
        continue;
      }
      const ofAstro = ['components', 'layouts', 'pages', 'content.config.ts'].includes(part) || path === GET_CATALOG;
      forbid((name.startsWith('astro:') || name === 'astro/loaders') && !ofAstro, `imports ${name}`);
      forbid(name.startsWith('node:') && path !== FROM_DISK && part !== 'cli', `imports ${name}`);
      forbid(
        part === 'vram' || (part === 'islands' && PACKAGES_OF_ISLANDS[path] !== name),
        `imports the package ${name}`,
      );
    }
    const clock = part === 'pages' || part === 'cli' ? null : CLOCK_OR_CHANCE.exec(withoutComments(file.text));
    forbid(clock !== null, `uses ${clock?.[0]}`);
    return found;
  });
}

function sourceFiles(): SourceFile[] {
  return readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|mjs|astro)$/.test(entry.name))
    .map((entry) => {
      const path = posix.join(entry.parentPath.replaceAll('\\', '/'), entry.name);
      return { path, text: readFileSync(path, 'utf8') };
    });
}

test('src keeps to its layers', () => {
  const files = sourceFiles();
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(importsOf).length).toBeGreaterThan(100);
  expect(violations(files)).toEqual([]);
});

describe('the browser loads', () => {
  const files = new Map(sourceFiles().map((file) => [file.path, file]));
  /** Files of the estimator that a face brings along. */
  const reachedFrom = (face: string): readonly string[] => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      const file = files.get(path);
      if (!file || reached.has(path)) return;
      reached.add(path);
      for (const { file: imported } of importsOf(file)) if (imported !== undefined) visit(imported);
    };
    visit(face);
    return [...reached];
  };
  const OTHER_ENGINES = /vllm|mlx|paged-cache|checkpoint|served/;

  test.each(['src/vram/browser.ts', 'src/vram/browser-config.ts'])('no other engine than llama.cpp with %s', (face) => {
    expect(reachedFrom(face)).toContain('src/vram/architecture.ts');
    expect(reachedFrom(face).filter((path) => OTHER_ENGINES.test(path))).toEqual([]);
  });

  test('vLLM and MLX with a face of their own, on demand', () => {
    expect(reachedFrom('src/vram/browser-served.ts')).toEqual(
      expect.arrayContaining(['src/vram/engines/vllm.ts', 'src/vram/engines/mlx.ts']),
    );
    const importers = [...files.values()].filter(
      ({ path, text }) => path.startsWith('src/islands/') && /^import (?!type)[^;]*served(-fixes)?\.ts'/m.test(text),
    );
    expect(importers.map(({ path }) => path)).toEqual([
      'src/islands/calculator/served-fixes.ts',
      'src/islands/calculator/served.ts',
    ]);
  });
});

describe('the check itself', () => {
  test.each([
    ['src/vram/weights.ts', "import { z } from 'astro/zod';", 'imports the package astro/zod'],
    [
      'src/vram/weights.ts',
      "import type { ModelRecord } from '../catalog/model.schema.ts';",
      'imports src/catalog/model.schema.ts',
    ],
    ['src/vram/engines/x.ts', "import { readFileSync } from 'node:fs';", 'imports node:fs'],
    ['src/catalog/x.ts', "import { scenarioKeys } from '../scenarios/expand.ts';", 'imports src/scenarios/expand.ts'],
    ['src/catalog/x.ts', "import { getCollection } from 'astro:content';", 'imports astro:content'],
    ['src/catalog/x.ts', "import { join } from 'node:path';", 'imports node:path'],
    ['src/catalog/x.ts', "export * from '../vram/units.ts';", 'imports src/vram/units.ts, not src/vram/index.ts'],
    ['src/catalog/rules/x.ts', "import {\n  a,\n  b,\n} from '../../site/routes.ts';", 'imports src/site/routes.ts'],
    [
      'src/scenarios/x.ts',
      "import { getCatalog } from '../catalog/get-catalog.ts';",
      'imports src/catalog/get-catalog.ts',
    ],
    ['src/scenarios/x.ts', "const disk = await import('../catalog/from-disk.ts');", 'imports src/catalog/from-disk.ts'],
    ['src/scenarios/x.ts', "import { gb } from '../vram';", 'imports src/vram without its ending'],
    ['src/site/x.ts', "import Faq from '../components/Faq.astro';", 'imports src/components/Faq.astro'],
    [
      'src/components/X.astro',
      "---\nimport { buildCatalog } from '../catalog/catalog.ts';\n---",
      'imports src/catalog/catalog.ts',
    ],
    ['src/islands/x.ts', "import { scenarioPath } from '../site/routes.ts';", 'imports src/site/routes.ts'],
    ['src/layouts/X.astro', "---\nimport Page from '../pages/index.astro';\n---", 'imports src/pages/index.astro'],
    ['src/pages/x.ts', "import '../cli/estimate.ts';", 'imports src/cli/estimate.ts'],
    ['src/site/x.ts', "import data from '../../content/x.json';", 'imports content/x.json'],
    ['src/scenarios/x.ts', 'const now = Date.now();', 'uses Date.now('],
    ['src/islands/x.ts', 'const id = Math.random();', 'uses Math.random('],
    ['src/utils/x.ts', '', 'src/utils is in no layer'],
  ])('finds in %s: %s', (path, text, what) => {
    expect(violations([{ path, text }])).toContainEqual(expect.stringContaining(what));
  });

  test.each([
    [
      'src/vram/weights.ts',
      "import { units } from './units.ts';\n// import x from '../catalog/x.ts'\n/* Date.now() */",
    ],
    ['src/catalog/from-disk.ts', "import { readFileSync } from 'node:fs';"],
    [
      'src/catalog/get-catalog.ts',
      "import { getCollection } from 'astro:content';\nimport { loadCatalogFromDisk } from './from-disk.ts';",
    ],
    [
      'src/cli/bench.ts',
      "import { performance } from 'node:perf_hooks';\nperformance.now();\nimport { checkDisk } from '../catalog/from-disk.ts';",
    ],
    [
      'src/pages/index.astro',
      "---\nimport { getCatalog } from '../catalog/get-catalog.ts';\nconst built = new Date();\n---",
    ],
    [
      'src/layouts/Base.astro',
      "---\nimport '../styles/global.css';\nimport script from '../islands/waiting.js?raw';\n---",
    ],
    ['src/scenarios/x.ts', "const day = new Date('2026-11-25');"],
  ])('allows in %s: %s', (path, text) => {
    expect(violations([{ path, text }])).toEqual([]);
  });
});
