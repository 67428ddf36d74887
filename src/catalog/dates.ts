/** Day that a record says it was last right: `updated`, or `reviewed` of a guide. */
export function dayOf(record: { readonly updated?: string; readonly reviewed?: string }): string | undefined {
  return record.updated ?? record.reviewed;
}

/** The latest of days written YYYY-MM-DD; "" where there is none. */
export function latestOf(days: readonly (string | undefined)[]): string {
  return days.reduce<string>((latest, day = '') => [latest, day].sort()[1] ?? '', '');
}
