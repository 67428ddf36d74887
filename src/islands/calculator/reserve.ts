/** Memory that a reader keeps for screens and other programs on each device: MiB, and how the list says it. */
export const RESERVES: readonly (readonly [value: string, text: string])[] = [
  ['0', 'none'],
  ['512', '0.5 GiB'],
  ['1024', '1 GiB'],
  ['2048', '2 GiB'],
  ['3072', '3 GiB'],
  ['4096', '4 GiB'],
];
