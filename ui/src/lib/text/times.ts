/** Times and lengths in words. Everything a person reads as a time of day is in their own time zone. */

const clock24 = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const month = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric' });
const whole = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `14:02` */
export const timeOfDay = (at: number): string => clock24.format(at);
/** `14:02:09` */
export const timeWithSeconds = (at: number): string => clockSeconds.format(at);
/** `12 Nov 2026` */
export const date = (at: number): string => day.format(at);
/** `March 2024` */
export const monthOf = (at: number): string => month.format(at);
/** With weekday and zone, for titles. */
export const exact = (at: number): string => whole.format(at);

/** `today 14:02`, `yesterday 14:02`, `12 Nov, 14:02`, `30 Dec 2025, 14:02` */
export function dayAndTime(at: number, now: number): string {
  const today = date(now);
  if (date(at) === today) return `today ${timeOfDay(at)}`;
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (date(at) === date(yesterday.getTime())) return `yesterday ${timeOfDay(at)}`;
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return `${sameYear ? dayOfYear.format(at) : date(at)}, ${timeOfDay(at)}`;
}

/** How long something has waited: `under 1 min`, `3 min`, `2 h`, `4 days`. Never negative. */
export function age(millis: number): string {
  if (millis < MINUTE) return 'under 1 min';
  if (millis < HOUR) return `${Math.floor(millis / MINUTE)} min`;
  if (millis < DAY) return `${Math.floor(millis / HOUR)} h`;
  const days = Math.floor(millis / DAY);
  return days === 1 ? '1 day' : `${days} days`;
}

/** `just now`, `3 min ago` */
export const ago = (millis: number): string => (millis < MINUTE ? 'just now' : `${age(millis)} ago`);

/** How long a session took: `42 s`, `12 min 5 s`, `1 h 3 min`. */
export function length(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = whole % 60;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes > 0) return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${rest} s`;
}

export const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
