/** Every rule across records; one file each. */
import { activeWithinTotal } from './active-within-total.ts';
import { architectureConsistent } from './architecture-consistent.ts';
import { contextLengths } from './context-lengths.ts';
import { datesInOrder } from './dates-in-order.ts';
import { engineVersionsAgree } from './engine-versions-agree.ts';
import { estimableDeclared } from './estimable-declared.ts';
import { factsFresh } from './facts-fresh.ts';
import { familiesInhabited } from './families-inhabited.ts';
import { measuredContexts } from './measured-contexts.ts';
import { measuredFormats } from './measured-formats.ts';
import { measuredSpeedsPossible } from './measured-speeds-possible.ts';
import { namesDistinct } from './names-distinct.ts';
import { nextTokenInFile } from './next-token-in-file.ts';
import { parametersAgree } from './parameters-agree.ts';
import { placesDistinct } from './places-distinct.ts';
import { referencesExist } from './references-exist.ts';
import type { Rule } from './rule.ts';
import { schemesKnown } from './schemes-known.ts';
import { sourcesExist } from './sources-exist.ts';
import { sourcesPublishable } from './sources-publishable.ts';
import { sourcesUsed } from './sources-used.ts';
import { textsDistinct } from './texts-distinct.ts';
import { usableWithinSold } from './usable-within-sold.ts';

export const RULES: readonly Rule[] = [
  activeWithinTotal,
  architectureConsistent,
  contextLengths,
  datesInOrder,
  engineVersionsAgree,
  estimableDeclared,
  factsFresh,
  familiesInhabited,
  measuredSpeedsPossible,
  measuredContexts,
  measuredFormats,
  namesDistinct,
  nextTokenInFile,
  parametersAgree,
  placesDistinct,
  referencesExist,
  schemesKnown,
  sourcesExist,
  sourcesPublishable,
  sourcesUsed,
  textsDistinct,
  usableWithinSold,
];
