/** What the estimator must know about a device. Facts about real ones are records of the catalogue. */
import { MiB } from './units.ts';

/** Whose memory allocator and driver a device runs under. */
export type DeviceVendor = 'nvidia' | 'amd' | 'intel' | 'apple';

/** A device, as far as it decides what fits. */
export interface Device {
  readonly vendor: DeviceVendor;
  /** Memory that the driver reports to programs, in bytes. */
  readonly usableBytes: number;
  /**
   * Where the GPU's memory is the machine's own: what of it host memory may take beside `usableBytes`, in bytes; what it
   * takes beyond that the GPU has less. Absent = host memory is apart.
   */
  readonly hostRoomBytes?: number;
  /** Driver context that a program pays for on each device; absent = {@link DRIVER_OVERHEAD_BYTES} of the vendor. */
  readonly overheadBytes?: number;
}

/**
 * Memory that a program's context takes on a device beside the engine's own buffers, by vendor.
 *
 * NVIDIA: 451-456 MiB a device measured with llama.cpp on RTX 4090 (ggml-org/llama.cpp pull request 15860); Ollama reserves
 * 457 MiB, and 512 MiB on Metal. AMD and Intel have no published measurement on a native driver: Ollama's figure stands in.
 */
export const DRIVER_OVERHEAD_BYTES: Readonly<Record<DeviceVendor, number>> = {
  nvidia: 457 * MiB,
  amd: 457 * MiB,
  intel: 457 * MiB,
  apple: 512 * MiB,
};

/** Driver context that one device is charged with, in bytes. */
export function overheadOf(device: Device): number {
  return device.overheadBytes ?? DRIVER_OVERHEAD_BYTES[device.vendor];
}

/** Memory that a device has for a model of which `hostBytes` stay in host memory, in bytes. */
export function roomOn(device: Device, hostBytes = 0): number {
  return device.usableBytes - overheadOf(device) - Math.max(0, hostBytes - (device.hostRoomBytes ?? hostBytes));
}
