/** The countdown's arithmetic. A snapshot says what was left when it was made; from its receipt on the page counts down itself. */

export const WARNING_MILLIS = 5 * 60_000;

/** Moments before the end at which a person is told, where the server names no others, in milliseconds left. */
export const WARNINGS_MILLIS: readonly number[] = [5 * 60_000, 60_000];

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

/** By how much the time left has to rise above a point before passing it is news again: an extension, not a late snapshot. */
const NEWS_MILLIS = 5_000;

/** Tells when the time left passes one of its points or the end: each once, until the session is extended beyond it. */
export class Announcer {
  readonly #due = new Set<number>();
  #before = 0;

  /** The point that has been passed since the last call, the last of several; null when there is none, as at the first call. */
  passed(left: number, warnings: readonly number[]): number | null {
    const points = [...warnings.filter((point) => point > 0), 0];
    const passed = points.filter((point) => this.#due.has(point) && left <= point);
    for (const point of points) {
      if (left <= point) this.#due.delete(point);
      else if (this.#before === 0 || left > point + NEWS_MILLIS) this.#due.add(point);
    }
    this.#before = left;
    return passed.length === 0 ? null : Math.min(...passed);
  }
}

/** What a screen reader says at that point. */
export function announcement(point: number): string {
  if (point <= 0) return 'The session’s time is up.';
  return `${leftWords(point)} left in this session.`;
}

const IN_WORDS = new Map([
  [1, 'One minute'],
  [5, 'Five minutes'],
]);

/** `Five minutes`, `10 minutes`, `30 seconds` */
export function leftWords(millis: number): string {
  if (millis % 60_000 !== 0) return `${Math.round(millis / 1000)} seconds`;
  const minutes = millis / 60_000;
  return IN_WORDS.get(minutes) ?? `${minutes} minutes`;
}

/** The countdown as a screen reader reads it when it is asked: whole minutes, and seconds in the last one. */
export function spokenLeft(millis: number): string {
  const seconds = Math.ceil(Math.max(0, millis) / 1000);
  if (seconds > 60) return `${Math.ceil(seconds / 60)} minutes left`;
  return seconds === 60 ? 'One minute left' : seconds === 1 ? 'One second left' : `${seconds} seconds left`;
}
