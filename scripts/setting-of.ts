/** What `read` makes of the environment. Where it refuses a setting, the process says why and ends. */
export function settingOf<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
