/** What every engine module offers: one pinned version, one function from a model and its settings to memory. */
import type { Allocation, Settings } from '../allocation.ts';
import type { Architecture } from '../architecture.ts';
import type { QuantizationScheme } from '../quantization/schemes.ts';

/** Facts about a model file or device that the architecture alone does not tell. */
export interface EstimateOptions {
  /** The file carries the multi-token-prediction blocks; absent = as the engine's converter does for this class. */
  readonly mtpInFile?: boolean;
  /** Driver context charged to each device, in bytes; absent = {@link DEFAULT_DRIVER_OVERHEAD_BYTES}. */
  readonly overheadBytes?: number;
  /** Size of the projector file (mmproj) to load beside the model, in bytes; absent = none is loaded. */
  readonly projectorBytes?: number;
}

/** An engine reads models in a `Format` of its own and has its own settings; memory comes in one shape from all. */
export interface Engine<Format = QuantizationScheme, OwnSettings = Settings, Result extends Allocation = Allocation> {
  /** As requests name it. */
  readonly name: string;
  readonly version: string;
  /** Memory for a model in one format; throws {@link EstimateError} where the engine refuses the settings. */
  readonly estimate: (
    architecture: Architecture,
    format: Format,
    settings: OwnSettings,
    options?: EstimateOptions,
  ) => Result;
}
