import { calculatorDataPath } from '../site/routes.ts';
import { contextLabel, DEFAULT_SETTINGS, formatMemory } from '../vram/index.ts';
import { devicesOf } from './devices.ts';
import type { DeviceSet, Facts } from './facts.ts';
import { headroomText, largestContextText } from './hardware.ts';
import { bestOf, namedSets, SERVER_GPUS } from './named-devices.ts';
import { partsOf } from './parts.ts';
import type { CalculatorPreset } from './views.ts';
import { FIT_TEXT } from './words.ts';

/** The device that the calculator starts with: the smallest that many people own and that holds the scenario, otherwise the smallest of all, otherwise the fewest of the largest kind. */
function presetDevice(facts: Facts): DeviceSet {
  const { card, unified, usualCard, catalog } = facts;
  if (usualCard) return { own: usualCard.own, count: 1 };
  if (card) return { own: bestOf(card), count: 1 };
  const set = namedSets(facts).at(-1);
  if (set) return set;
  if (unified) return { own: bestOf(unified), count: 1 };
  const devices = devicesOf(catalog);
  const largest = devices.nodes.at(-1) ?? devices.all.at(-1);
  if (!largest) throw new Error('the catalogue has no released device that llama.cpp runs on');
  return { own: largest, count: SERVER_GPUS };
}

/** The calculator's start: this page's scenario, with figures equal to what the calculator computes for it. */
export function calculatorPreset(facts: Facts): CalculatorPreset {
  const { scenario } = facts;
  const { model, quant, contextTokens, at } = scenario;
  const { own, count } = presetDevice(facts);
  const held = at.fitOn(own.device, count, contextTokens);
  return {
    model: model.id,
    quant: quant.id,
    kType: DEFAULT_SETTINGS.kType,
    vType: DEFAULT_SETTINGS.vType,
    sequences: DEFAULT_SETTINGS.sequences,
    gpu: own.gpu.id,
    devices: count,
    dataHref: calculatorDataPath(),
    modelName: model.name,
    quantName: quant.name,
    gpuName: own.gpu.shortName,
    contextLabel: contextLabel(contextTokens),
    parts: partsOf(scenario),
    needsMemory: formatMemory(scenario.needsBytes),
    planForMemory: formatMemory(scenario.planForBytes),
    fit: held.fit,
    fitText: FIT_TEXT[held.fit],
    headroom: headroomText(held, count),
    largestContext: largestContextText(at, own, count),
  };
}
