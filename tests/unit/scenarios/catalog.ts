/** The project's own content, loaded once for the tests of pages made from it. */
import { join } from 'node:path';
import { loadCatalogFromDisk } from '../../../src/catalog/from-disk.ts';
import type { ScenarioKey } from '../../../src/scenarios/expand.ts';
import { type Facts, factsOf } from '../../../src/scenarios/facts.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { parseContextLabel } from '../../../src/vram/index.ts';

export const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../../..'));

/** The key of "model/quant/context", e.g. "qwen3-8b/q4-k-m/32k". */
export function keyOf(path: string): ScenarioKey {
  const [model = '', quant = '', label = ''] = path.split('/');
  const context = parseContextLabel(label);
  if (context === undefined) throw new Error(`${path}: "${label}" is no context`);
  return { model, quant, context };
}

export const factsAt = (path: string): Facts => factsOf(catalog, computeScenario(catalog, keyOf(path)));
