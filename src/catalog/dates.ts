/** Day that a record says it was last right: `updated`, or `reviewed` of a guide. */
export function dayOf(record: { readonly updated?: string; readonly reviewed?: string }): string | undefined {
  return record.updated ?? record.reviewed;
}

/** The newest of days written YYYY-MM-DD; "" where there is none. */
export const newest = (...days: readonly (string | undefined)[]): string =>
  days.reduce<string>((latest, day = '') => (day > latest ? day : latest), '');
