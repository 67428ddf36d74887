/** Answers an estimate request: the result of the JSON contract, or an error that says what to change. */
import { readFileSync, statSync } from 'node:fs';
import type { Catalog } from '../../catalog/catalog.ts';
import { isEstimable } from '../../catalog/model.schema.ts';
import { type CatalogDevice, deviceOf } from '../../scenarios/devices.ts';
import { towerBytesOf } from '../../scenarios/engines.ts';
import { maximumContext } from '../../scenarios/expand.ts';
import {
  type Allocation,
  architectureFromConfig,
  type CheckpointFormat,
  contextFromConfig,
  type DecodeSpeed,
  type DeviceMemory,
  decodeSpeed,
  EstimateError,
  estimateLlamaCpp,
  estimateMlx,
  estimateRuleOfThumb,
  estimateVllm,
  type Fit,
  FORMAT_NAMES,
  type FormatEngine,
  formatBytes,
  formatOf,
  formatsOf,
  formatTokens,
  type KvPool,
  largestContext,
  type MlxSettings,
  type ModelFile,
  overheadOf,
  parseConfig,
  placeMlx,
  placeOn,
  placeVllm,
  planFor,
  planForBytes,
  planForVllm,
  prefillMagnitude,
  type QuantizationScheme,
  roundSpeed,
  SCHEME_NAMES,
  type ServedPlacement,
  type Settings,
  type SpeedDevice,
  schemeOf,
  type VllmSettings,
} from '../../vram/index.ts';
import { nearMatches } from './near-matches.ts';
import { type EstimateRequest, parseRequest } from './request.ts';

/** How the model sits on the requested device or devices. */
export interface PlacementAnswer {
  readonly fit: Fit;
  /** All devices together. */
  readonly usableBytes: number;
  /** Free on the fullest device when the engine has allocated; negative = short by so much. */
  readonly headroomBytes: number;
  /** Tokens of the longest context whose Plan for the devices hold; 0 where none does. */
  readonly largestContext: number;
  /** One user, the whole context in use; absent where the device's bandwidth is not known. */
  readonly decodeTokensPerSecond?: DecodeSpeed;
  /** Order of magnitude of the prompt's tokens per second: 1, 3, 10, 30 and so on; absent where no run says it. */
  readonly prefillTokensPerSecond?: number;
}

export interface Result extends Allocation {
  readonly ok: true;
  /** vLLM on a given device: the memory it takes for cache on each, and what that holds. */
  readonly pool?: KvPool;
  readonly planForBytes: number;
  readonly placement?: PlacementAnswer;
}

interface Failure {
  readonly ok: false;
  readonly error: { readonly code: string; readonly message: string };
}

export type Answer = Result | Failure;

/** What a request is about, found in the catalogue or read from a file. */
interface Subject {
  readonly name: string;
  readonly file: Omit<ModelFile, 'scheme'>;
  /** Bytes of its projector file, or why there is no such figure. */
  readonly projector: number | { readonly absent: string };
  /** Bytes of the same parts in its checkpoint, or why there is no such figure. */
  readonly tower: number | { readonly absent: string };
  /** Longest published context in tokens; absent where none is known. */
  readonly maximumContext?: number;
  /** Tokens that it was trained for. */
  readonly positions?: number;
}

/** Text of an error for a line of output; an error of the program itself is told apart from one of the request. */
export function failureOf(error: unknown): Failure {
  if (error instanceof EstimateError) return { ok: false, error: { code: error.code, message: error.message } };
  const message = error instanceof Error ? error.message : String(error);
  return { ok: false, error: { code: 'internal', message: `the estimator failed: ${message}` } };
}

function suggestionOf(name: string, names: readonly string[]): string {
  const near = nearMatches(name, names);
  return near.length === 0 ? '' : `; near: ${near.join(', ')}`;
}

/** The error for a name that no record of `records` has. */
function unknownName(field: 'model' | 'gpu', name: string, records: readonly { readonly id: string }[]): EstimateError {
  const suggestion = suggestionOf(
    name,
    records.map(({ id }) => id),
  );
  return new EstimateError(
    `unknown-${field}`,
    `${field} is "${name.slice(0, 100)}", which is no id or alias of the catalogue${suggestion}`,
  );
}

const PROJECTOR_NOTE =
  'The projector is counted with the bytes of its file, on the first device. The compute buffer of its own graph, which grows with the image, is not counted.';

const CONFIGS_KEPT = 32;
/** A config.json has a few kilobytes; a device or a model file given by mistake is not read. */
const LONGEST_CONFIG_BYTES = 4_000_000;

/** Estimates for one catalogue. Models read from a config file are kept, so that a stream of requests reads it once. */
export class Estimator {
  readonly #catalog: Catalog;
  readonly #configs = new Map<string, Subject>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Answers one parsed JSON value; never throws. */
  answer(value: unknown): Answer {
    try {
      return this.estimate(parseRequest(value));
    } catch (error) {
      return failureOf(error);
    }
  }

  /** @throws EstimateError for a request that has no answer */
  estimate(request: EstimateRequest): Result {
    const subject =
      'model' in request.subject ? this.#modelOf(request.subject.model) : this.#configOf(request.subject.config);
    const { context } = request.settings;
    const { maximumContext: maximum } = subject;
    if (maximum !== undefined && context > maximum && !request.allowBeyondMaximum) {
      const most = `${formatTokens(maximum)} (${maximum})`;
      const message = `context is ${context}, and ${subject.name} is published for at most ${most} tokens; allowBeyondMaximum estimates it all the same`;
      throw new EstimateError('context-too-long', message);
    }
    switch (request.engine) {
      case 'vLLM':
        return this.#vllm(
          subject,
          request.projector ? { ...request.settings, towerBytes: knownBytes(subject.tower) } : request.settings,
          this.#formatOf(request.quant, 'vLLM'),
          this.#gpuOf(request),
        );
      case 'MLX':
        return this.#mlx(subject, request.settings, this.#formatOf(request.quant, 'MLX'), this.#gpuOf(request));
      default:
        return this.#llamaCpp(
          request.projector ? withProjector(subject) : subject,
          request.engine,
          request.settings,
          request.quant,
          this.#gpuOf(request),
        );
    }
  }

  #llamaCpp(
    subject: Subject,
    engine: 'llama.cpp' | 'rule of thumb',
    settings: Settings,
    quant: string,
    gpu: CatalogDevice | undefined,
  ): Result {
    const { maximumContext: maximum } = subject;
    const file: ModelFile = { ...subject.file, scheme: this.#schemeOf(quant) };
    const overheadBytes = gpu && overheadOf(gpu.device);
    const allocation = estimateLlamaCpp(file.architecture, file.scheme, settings, {
      ...(file.mtpInFile !== undefined && { mtpInFile: file.mtpInFile }),
      ...(overheadBytes !== undefined && { overheadBytes }),
      ...(file.projectorBytes !== undefined && { projectorBytes: file.projectorBytes }),
    });
    if (engine === 'rule of thumb') return ruleOfThumbResult(file, settings, allocation);
    return {
      ok: true,
      ...allocation,
      notes: file.projectorBytes === undefined ? allocation.notes : [...allocation.notes, PROJECTOR_NOTE],
      planForBytes: planOf(file, settings, allocation),
      ...(gpu && { placement: placementOf(file, settings, gpu, maximum) }),
    };
  }

  #vllm(
    { file: { architecture }, maximumContext: maximum, positions }: Subject,
    asked: Omit<VllmSettings, 'positions' | 'gpu'>,
    format: CheckpointFormat,
    own: CatalogDevice | undefined,
  ): Result {
    const settings = { ...asked, positions: Math.max(positions ?? 0, asked.context) };
    const planned = (allocation: Allocation): Result => ({
      ok: true,
      ...allocation,
      planForBytes: planForVllm(allocation.device.total, settings.gpuMemoryUtilization),
    });
    if (own === undefined) return planned(estimateVllm(architecture, format, settings));
    const { device, gpu } = own;
    if (device.vendor === 'apple') throw new EstimateError('refused-by-engine', `vLLM does not run on ${gpu.name}`);
    const memory = { bytes: device.usableBytes, isA100: /\bA100\b/.test(gpu.name) };
    const placed = placeVllm(
      architecture,
      format,
      { ...settings, gpu: memory },
      device,
      Math.max(maximum ?? 0, settings.context),
    );
    return { ...planned(placed.allocation), placement: answerOf(placed) };
  }

  #mlx(
    { file: { architecture }, maximumContext: maximum }: Subject,
    settings: MlxSettings,
    format: CheckpointFormat,
    own: CatalogDevice | undefined,
  ): Result {
    const planned = (allocation: Allocation): Result => ({
      ok: true,
      ...allocation,
      planForBytes: planForBytes(allocation.device.total),
    });
    if (own === undefined) return planned(estimateMlx(architecture, format, settings));
    const { device, gpu } = own;
    if (device.vendor !== 'apple') {
      throw new EstimateError('refused-by-engine', `MLX is estimated on Apple silicon only, and gpu is ${gpu.name}`);
    }
    const placed = placeMlx(architecture, format, settings, device, Math.max(maximum ?? 0, settings.context));
    return { ...planned(placed.allocation), placement: answerOf(placed) };
  }

  /** A format of checkpoints: under its own name, or the one that a quant's record gives. */
  #formatOf(name: string, engine: FormatEngine): CheckpointFormat {
    for (const known of [name, this.#catalog.resolveQuant(name)?.scheme]) {
      try {
        if (known !== undefined) return formatOf(known);
      } catch {
        // The next name may be one.
      }
    }
    const near = nearMatches(name, FORMAT_NAMES);
    const expected =
      near.length > 0
        ? `near: ${near.join(', ')}`
        : `expected one of ${formatsOf(engine)
            .map((format) => format.name)
            .join(', ')}`;
    throw new EstimateError(
      'unknown-quant',
      `quant is "${name.slice(0, 100)}", which is no format of checkpoints that ${engine} loads; ${expected}`,
    );
  }

  #modelOf(name: string): Subject {
    const model = this.#catalog.resolveModel(name);
    if (model === undefined) throw unknownName('model', name, this.#catalog.models);
    if (!isEstimable(model)) {
      throw new EstimateError(
        'unknown-architecture',
        `${model.name} cannot be estimated yet: ${model.notEstimableBecause ?? 'its dimensions are not published'}`,
      );
    }
    const { architecture, mtpInFile, parameters, projector, ruleOfThumb } = model;
    const readsText = model.modalities.every((kind) => kind === 'text');
    const unknown = (what: string) => ({
      absent: readsText ? `${model.name} reads text only` : `the size of ${what} of ${model.name} is not on record`,
    });
    return {
      name: model.name,
      projector: projector?.bytes ?? unknown('a projector file'),
      tower: towerBytesOf(model) ?? unknown('the vision or audio tower'),
      file: {
        architecture,
        mtpInFile: mtpInFile === true,
        publishedParameters: parameters.published ?? parameters.total,
        ...(ruleOfThumb && { ruleOfThumb }),
      },
      maximumContext: maximumContext(model),
      positions: model.context.native,
    };
  }

  #configOf(path: string): Subject {
    const known = this.#configs.get(path);
    if (known !== undefined) return known;
    const config = readConfig(path);
    const architecture = architectureFromConfig(config);
    const maximum = contextFromConfig(config);
    const subject: Subject = {
      name: path,
      file: { architecture },
      projector: { absent: `${path} does not tell the size of a projector file` },
      tower: { absent: `${path} does not tell the size of a vision or audio tower` },
      ...(maximum !== undefined && { maximumContext: maximum, positions: maximum }),
    };
    if (this.#configs.size >= CONFIGS_KEPT) this.#configs.clear();
    this.#configs.set(path, subject);
    return subject;
  }

  #schemeOf(name: string): QuantizationScheme {
    const record = this.#catalog.resolveQuant(name);
    try {
      return schemeOf(record?.scheme ?? name);
    } catch {
      const near = nearMatches(name, SCHEME_NAMES);
      const expected = near.length > 0 ? `near: ${near.join(', ')}` : `expected one of ${SCHEME_NAMES.join(', ')}`;
      throw new EstimateError(
        'unknown-quant',
        `quant is "${name.slice(0, 100)}", which is no format that llama-quantize writes; ${expected}`,
      );
    }
  }

  /** The device that a request names, with what it has for the model: less what is kept free for a display. */
  #gpuOf({ engine, gpu: name, displayReserveBytes = 0 }: EstimateRequest): CatalogDevice | undefined {
    if (name === undefined) return undefined;
    const gpu = this.#catalog.resolveGpu(name);
    if (gpu === undefined) throw unknownName('gpu', name, this.#catalog.gpus);
    const found = deviceOf(gpu);
    if (found === undefined) {
      const refusal = engine === 'vLLM' || engine === 'MLX' ? `${engine} is not estimated` : 'llama.cpp does not run';
      const message = `${refusal} on ${gpu.name}; name another gpu, or none for the memory alone`;
      throw new EstimateError('refused-by-engine', message);
    }
    const usableBytes = Math.max(0, found.device.usableBytes - displayReserveBytes);
    return { ...found, device: { ...found.device, usableBytes } };
  }
}

/** @throws EstimateError where the size of what `projector` asks for is not known */
function knownBytes(bytes: Subject['projector']): number {
  if (typeof bytes === 'number') return bytes;
  throw new EstimateError('bad-request', `projector is true, and ${bytes.absent}`);
}

function withProjector(subject: Subject): Subject {
  return { ...subject, file: { ...subject.file, projectorBytes: knownBytes(subject.projector) } };
}

function readConfig(path: string): unknown {
  let text: string;
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > LONGEST_CONFIG_BYTES) {
      throw new EstimateError(
        'bad-request',
        `config is "${path}", expected a file of at most ${formatBytes(LONGEST_CONFIG_BYTES)}`,
      );
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof EstimateError) throw error;
    const reason = error instanceof Error && 'code' in error ? error.code : error;
    throw new EstimateError('bad-request', `config is "${path}", which cannot be read (${reason})`);
  }
  return parseConfig(text);
}

/** Plan for: with layers or experts in RAM the rule of thumb, which counts the whole model, has no say. */
function planOf(file: ModelFile, settings: Settings, { device, parameters }: Allocation): number {
  const isPartial = settings.gpuLayers >= 0 || settings.cpuMoeLayers !== 0;
  return isPartial ? planForBytes(device.total) : planFor(file, settings, device.total, parameters);
}

function placementOf(file: ModelFile, settings: Settings, gpu: CatalogDevice, maximum?: number): PlacementAnswer {
  const { fit, usableBytes, headroomBytes } = placeOn(file, settings, gpu.device);
  const { fp16Tflops } = gpu.gpu;
  const prefill =
    gpu.speed && fp16Tflops !== undefined
      ? prefillMagnitude(file.architecture, gpu.speed.speedClass, fp16Tflops)
      : undefined;
  return {
    fit,
    usableBytes,
    headroomBytes,
    largestContext: largestContext(file, settings, gpu.device, Math.max(maximum ?? 0, settings.context)),
    ...(gpu.speed && { decodeTokensPerSecond: speedOf(file, settings, gpu.speed) }),
    ...(prefill !== undefined && { prefillTokensPerSecond: prefill }),
  };
}

function answerOf({ fit, usableBytes, headroomBytes, largestContext: longest }: ServedPlacement): PlacementAnswer {
  return { fit, usableBytes, headroomBytes, largestContext: longest };
}

/** Decode speed with the whole context in use, at the precision it deserves. */
function speedOf({ architecture, scheme }: ModelFile, settings: Settings, device: SpeedDevice): DecodeSpeed {
  const { low, centre, high } = decodeSpeed(architecture, scheme, settings, device, settings.context);
  return { low: roundSpeed(low), centre: roundSpeed(centre), high: roundSpeed(high) };
}

/** The rule of thumb in the shape of an engine's result: everything on one device, its overhead as the overhead. */
function ruleOfThumbResult(
  file: ModelFile,
  settings: Settings,
  { parameters, bitsPerWeight, fileBytes }: Allocation,
): Result {
  const rule = estimateRuleOfThumb(
    file.architecture,
    file.scheme,
    settings,
    file.publishedParameters ?? parameters,
    file.ruleOfThumb,
  );
  const device: DeviceMemory = {
    weights: rule.weights,
    kvCache: rule.kvCache,
    state: 0,
    compute: 0,
    overhead: rule.overhead,
    ...(file.projectorBytes !== undefined && { projector: file.projectorBytes }),
    total: rule.weights + rule.kvCache + (file.projectorBytes ?? 0),
  };
  return {
    ok: true,
    engine: { name: 'rule of thumb', version: '1' },
    parameters,
    bitsPerWeight,
    fileBytes,
    device,
    host: { weights: 0, kvCache: 0, compute: 0 },
    perDevice: [device],
    planForBytes: rule.total + (file.projectorBytes ?? 0),
    notes: ['The overhead is ten percent of weights and KV cache, not a measured figure.'],
  };
}
