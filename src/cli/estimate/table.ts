/** A result as a table for people. */
import { FIT_TEXT } from '../../scenarios/words.ts';
import {
  type DeviceMemory,
  formatBitsPerWeight,
  formatBytes,
  formatCount,
  formatGB,
  formatGiB,
  formatParameters,
  formatQuantity,
  formatSpeed,
  formatSpeedRange,
  formatTokens,
  hostBytesOf,
} from '../../vram/index.ts';
import type { PlacementAnswer, Result } from './answer.ts';
import type { EstimateRequest } from './request.ts';

type Row = readonly string[];

/** Columns side by side: the first to the left, the others to the right. */
function columns(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

function amount(label: string, bytes: number): Row {
  return [label, formatGB(bytes), formatGiB(bytes)];
}

function placementText(placement: PlacementAnswer, label: string): string {
  const {
    fit,
    headroomBytes,
    largestContext,
    decodeTokensPerSecond: speed,
    prefillTokensPerSecond: prefill,
  } = placement;
  const room = `${formatBytes(Math.abs(headroomBytes))} ${headroomBytes < 0 ? 'short' : 'free'} on the fullest device`;
  const context = largestContext === 0 ? 'no context fits' : `largest context ${formatTokens(largestContext)}`;
  return [
    `${label}: ${FIT_TEXT[fit]} (${formatGB(placement.usableBytes)} usable, ${room}); ${context}`,
    ...(speed && fit !== 'no'
      ? [`Decode: ${formatSpeedRange(speed.low, speed.high)}, one user, the whole context in use`]
      : []),
    ...(prefill !== undefined && fit !== 'no' ? [`Prompt: in the order of ${formatSpeed(prefill)}`] : []),
  ].join('\n');
}

/** What the rest of vLLM's share holds. */
function poolText(pool: NonNullable<Result['pool']>, context: number): string {
  const left = `vLLM plans with ${formatGB(pool.budgetBytes)} of each GPU`;
  if (pool.bytes < 0) return `${left}, ${formatGB(-pool.bytes)} less than weights and peak take: it does not start.`;
  return `${left} and keeps ${formatGB(pool.bytes)} for cache: ${formatCount(pool.tokens)} tokens, ${formatQuantity(pool.concurrency)} requests of ${formatTokens(context)}.`;
}

/** The answer first, then its parts, the devices apart where there are several, RAM, the fit on a device, notes. */
export function formatResult(request: EstimateRequest, result: Result): string {
  const { device, perDevice, engine, placement, pool } = result;
  const { settings } = request;
  const subject = 'model' in request.subject ? request.subject.model : request.subject.config;
  const hostBytes = hostBytesOf(result);
  const parts = [
    ['Weights', device.weights],
    ['KV cache', device.kvCache],
    ['State', device.state],
    ['Compute buffer', device.compute],
    ['Projector', device.projector ?? 0],
  ] as const;
  const blocks = [
    `${subject}, ${request.quant}, ${formatTokens(settings.context)} tokens, ${engine.name} ${engine.version}`,
    columns([
      amount('Needs', device.total),
      ...parts.filter(([, bytes]) => bytes > 0).map(([label, bytes]) => amount(`  ${label}`, bytes)),
      amount('Plan for', result.planForBytes),
      amount('Beside it: overhead', device.overhead),
      ...(request.engine === 'vLLM' || request.engine === 'MLX' ? [] : [amount('In RAM', hostBytes)]),
      amount('File', result.fileBytes),
    ]),
    `${formatParameters(result.parameters)} parameters at ${formatBitsPerWeight(result.bitsPerWeight)} bits per weight`,
  ];
  if (perDevice.length > 1) {
    const columnsOf: readonly (readonly [string, (own: DeviceMemory) => number])[] = [
      ['Weights', (own) => own.weights],
      ['KV cache', (own) => own.kvCache],
      ['State', (own) => own.state],
      ['Compute', (own) => own.compute],
      ...(device.projector === undefined ? [] : [['Projector', (own: DeviceMemory) => own.projector ?? 0] as const]),
      ['Total', (own) => own.total],
      ['Overhead', (own) => own.overhead],
    ];
    const rows = perDevice.map((own, index) => [String(index), ...columnsOf.map(([, bytes]) => formatGB(bytes(own)))]);
    blocks.push(columns([['Device', ...columnsOf.map(([label]) => label)], ...rows]));
  }
  const { gpu = '' } = request;
  if (placement) blocks.push(placementText(placement, perDevice.length > 1 ? `${perDevice.length} x ${gpu}` : gpu));
  if (pool) blocks.push(poolText(pool, settings.context));
  if (result.notes.length > 0) blocks.push(result.notes.map((note) => `- ${note}`).join('\n'));
  return blocks.join('\n\n');
}
