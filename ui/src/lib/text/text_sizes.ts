/** Sizes of the text that are offered, in percent. */
export const TEXT_SIZES = [100, 125, 150, 175, 200] as const;

/** The next one up or down from any size; null at the end. */
export function nextSize(percent: number, direction: 'larger' | 'smaller'): number | null {
  if (direction === 'larger') return TEXT_SIZES.find((size) => size > percent) ?? null;
  return TEXT_SIZES.findLast((size) => size < percent) ?? null;
}
