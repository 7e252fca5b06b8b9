/** The countdown's arithmetic. A snapshot says what was left when it was made; from its receipt on the page counts down itself. */

export const WARNING_MILLIS = 5 * 60_000;

/** Points at which screen readers are told, in milliseconds left. */
const ANNOUNCED = [5 * 60_000, 60_000, 0] as const;

/** Both `receivedAt` and `now` are `performance.now()`: a wall clock may be set, this one not. Never below zero. */
export const remainingAt = (remainingMillis: number, receivedAt: number, now: number): number =>
  Math.max(0, remainingMillis - Math.max(0, now - receivedAt));

/** `27:41`, `60:00`, `1:05:00`: as the frame round the portal writes it. A second that has begun still counts. */
export function clockFace(millis: number): string {
  const seconds = Math.ceil(Math.max(0, millis) / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds > 3600) return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

/** What a screen reader says when the countdown passes from `before` to `now`; null between the points. */
export function announcement(before: number, now: number): string | null {
  const passed = ANNOUNCED.filter((point) => before > point && now <= point);
  switch (passed.at(-1)) {
    case undefined:
      return null;
    case 0:
      return 'The session’s time is up.';
    case 60_000:
      return 'One minute left in this session.';
    default:
      return 'Five minutes left in this session.';
  }
}
