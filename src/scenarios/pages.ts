/** Every page of the site as a view object: one builder a kind, all from the catalogue alone. */
export { figuresOf } from './figures.ts';
export { accuracyPage } from './pages/accuracy-page.ts';
export { calculatorPage } from './pages/calculator-page.ts';
export { compareListPage, comparePage, comparisonsOf } from './pages/compare-page.ts';
export { dataPage } from './pages/data-page.ts';
export { familyPage } from './pages/family-page.ts';
export { gpuPage } from './pages/gpu-page.ts';
export { guidePage } from './pages/guide-page.ts';
export { homePage } from './pages/home-page.ts';
export {
  familyListPage,
  gpuListPage,
  guideListPage,
  modelListPage,
  notFoundPage,
  quantListPage,
} from './pages/list-pages.ts';
export { modelPage } from './pages/model-page.ts';
export { modelQuantPage } from './pages/model-quant-page.ts';
export { quantPage } from './pages/quant-page.ts';
export { scenarioPage } from './pages/scenario-page.ts';
export { searchPage } from './pages/search-page.ts';
export {
  allTiersOf,
  tierPath,
  tiersOf,
  VRAM_TIERS,
  vramTierListPage,
  vramTierPage,
} from './pages/vram-tier-page.ts';
