import type { QuietHoursView } from '../bindings/QuietHoursView';

/** Words of the quiet hours. */
export const QUIET = {
  title: 'Quiet hours',
  hint: 'Notices on the desktop wait until they are over. Break-glass is told at any hour.',
  off: 'Off',
  on: 'On',
  from: 'From',
  until: 'Until',
  days: 'Days on which they begin',
  fault: 'Enter a time such as 18:30',
} as const;

export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

const two = (number: number): string => String(number).padStart(2, '0');

/** `18:30` */
export const clock = (minutes: number): string => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

/** Minutes since midnight of a time as people type it: `18:30`, `8.15`, `0730`, `7`; null for what is none. */
export function minutesOf(typed: string): number | null {
  const match = /^(\d{1,2})(?:[:.]?(\d{2}))?$/.exec(typed.trim());
  if (!match) return null;
  const [hours, minutes] = [Number(match[1]), Number(match[2] ?? '0')];
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : null;
}

/** In one sentence. */
export function quietWords(hours: QuietHoursView): string {
  if (!hours.on) return 'You are told at any hour.';
  const days = DAYS.filter((_, index) => hours.days[index]);
  if (days.length === 0) return 'No day is chosen, so you are told at any hour.';
  const which = days.length === 7 ? 'every day' : days.join(', ');
  const span =
    hours.from_minutes === hours.until_minutes
      ? `a whole day from ${clock(hours.from_minutes)}`
      : `from ${clock(hours.from_minutes)} until ${clock(hours.until_minutes)}${hours.until_minutes < hours.from_minutes ? ' of the next day' : ''}`;
  return `Quiet ${span}, ${which}. What came meanwhile is summed up in one notice afterwards.`;
}
