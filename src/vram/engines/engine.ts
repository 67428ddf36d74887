/**
 * Every engine module has one pinned version and one function, (architecture, format, settings, options) -> allocation; it
 * throws an {@link EstimateError} where the engine refuses the settings.
 */

/** Facts about a model file or device that the architecture alone does not tell. */
export interface EstimateOptions {
  /** The file carries the multi-token-prediction blocks; absent = as the engine's converter does for this class. */
  readonly mtpInFile?: boolean;
  /** Driver context charged to each device, in bytes; absent = {@link DRIVER_OVERHEAD_BYTES} of the usual vendor. */
  readonly overheadBytes?: number;
  /** Size of the projector file (mmproj) to load beside the model, in bytes; absent = none is loaded. */
  readonly projectorBytes?: number;
}
