import type { Catalog } from '../catalog/catalog.ts';
import { newest } from '../catalog/dates.ts';
import { type MeasurementRecord, sourceOfRun } from '../catalog/measurement.schema.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { contextsOf, maximumContext, quantsOf } from '../scenarios/expand.ts';
import { isIndexable } from '../scenarios/index-policy.ts';
import { memoryComparisons } from '../scenarios/measured-memory.ts';
import { speedCases } from '../scenarios/measured-speed.ts';
import { engineUpdated } from '../scenarios/pages/meta.ts';
import { computeScenario, modelAtQuant } from '../scenarios/scenario.ts';
import {
  contextLabel,
  formatGB,
  LLAMA_CPP_VERSION,
  roundBitsPerWeight,
  roundBytes,
  roundSpeed,
} from '../vram/index.ts';
import { API_VERSION, type ApiIndex, type ApiMeasurements, type ApiModel, type ApiScenario } from './api.schema.ts';
import { CONTENT_LICENSE, SITE_NAME } from './config.ts';
import { absoluteUrl, modelApiPath, modelPath, scenarioPath } from './routes.ts';

/** The engine of every figure but those of measured runs. */
export const ENGINE = { name: 'llama.cpp', version: LLAMA_CPP_VERSION } as const;

/** Day of the last change of what the file of a model is computed from. */
const updatedOf = (catalog: Catalog, model: EstimableModel): string =>
  newest(model.updated, ...quantsOf(catalog, model).map(({ updated }) => updated), engineUpdated(catalog));

/** Every scenario of a model, from the same figures as its pages. */
export function modelApi(catalog: Catalog, model: EstimableModel, origin: string): ApiModel {
  const { parameters } = model;
  return {
    version: API_VERSION,
    license: CONTENT_LICENSE.name,
    attribution: SITE_NAME,
    engine: ENGINE,
    updated: updatedOf(catalog, model),
    model: {
      id: model.id,
      name: model.name,
      family: model.family,
      url: absoluteUrl(modelPath(model.id), origin),
      parameters: parameters.total,
      ...(parameters.active !== undefined && { activeParameters: parameters.active }),
      contextTokens: maximumContext(model),
    },
    quants: quantsOf(catalog, model).map((quant) => {
      const { fileBytes, bitsPerWeight, device, host } = modelAtQuant(catalog, model.id, quant.id).allocation(
        model.context.native,
      );
      return {
        quant: quant.id,
        name: quant.name,
        fileBytes,
        bitsPerWeight: roundBitsPerWeight(bitsPerWeight),
        weightsBytes: device.weights,
        hostWeightsBytes: host.weights,
        scenarios: contextsOf(model).map((context) => apiScenario(catalog, model.id, quant.id, context, origin)),
      };
    }),
  };
}

function apiScenario(catalog: Catalog, model: string, quant: string, context: number, origin: string): ApiScenario {
  const key = { model, quant, context };
  const { allocation, ruleOfThumb, needsBytes, planForBytes } = computeScenario(catalog, key);
  return {
    contextTokens: context,
    url: absoluteUrl(scenarioPath(model, quant, contextLabel(context)), origin),
    indexable: isIndexable(catalog, key),
    needsBytes,
    planForBytes,
    needs: formatGB(needsBytes),
    planFor: formatGB(planForBytes),
    kvCacheBytes: allocation.device.kvCache,
    stateBytes: allocation.device.state,
    computeBytes: allocation.device.compute,
    ruleOfThumb: {
      weightsBytes: ruleOfThumb.weights,
      kvCacheBytes: ruleOfThumb.kvCache,
      overheadBytes: ruleOfThumb.overhead,
      totalBytes: ruleOfThumb.total,
    },
  };
}

/** The models of the API, with the addresses of their files. */
export function apiIndex(catalog: Catalog, origin: string): ApiIndex {
  return {
    version: API_VERSION,
    license: CONTENT_LICENSE.name,
    engine: ENGINE,
    updated: catalog.updated,
    models: catalog.estimableModels.map((model) => ({
      id: model.id,
      name: model.name,
      url: absoluteUrl(modelPath(model.id), origin),
      json: absoluteUrl(modelApiPath(model.id), origin),
      updated: updatedOf(catalog, model),
    })),
  };
}

/** The engine whose estimate a run is held against. */
function engineOf(catalog: Catalog, { id, engine }: MeasurementRecord): ApiModel['engine'] {
  const record = catalog.byId.engines.get(engine);
  if (!record) throw new Error(`the measurements "${id}" are of the engine "${engine}", which has no record`);
  return { name: record.name, version: record.version };
}

/** Every measured run that an estimate can be held against, with the estimate. */
export function measurementsOf(catalog: Catalog): ApiMeasurements {
  return {
    version: API_VERSION,
    license: CONTENT_LICENSE.name,
    updated: catalog.updated,
    memory: memoryComparisons(catalog).map(({ record, run, parts }) => ({
      engine: engineOf(catalog, record),
      run,
      source: sourceOfRun(record, run)?.url ?? '',
      parts: Object.fromEntries(
        Object.entries(parts).map(([part, { measuredBytes, estimatedBytes }]) => [
          part,
          { measuredBytes: roundBytes(measuredBytes), estimatedBytes: roundBytes(estimatedBytes) },
        ]),
      ),
    })),
    speed: speedCases(catalog).map(({ record, run, runs, measured, estimated: { low, centre, high } }) => ({
      engine: engineOf(catalog, record),
      run,
      source: sourceOfRun(record, run)?.url ?? '',
      runs,
      measuredTokensPerSecond: measured,
      estimatedTokensPerSecond: { low: roundSpeed(low), centre: roundSpeed(centre), high: roundSpeed(high) },
    })),
  };
}
