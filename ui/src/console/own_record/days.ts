import type { TrailEventView } from '../../lib/bindings/TrailEventView';
import { date } from '../../lib/text/times';

/** The events under the day on which they happened, in the order in which they came. */
export function byDay(events: TrailEventView[]): { day: string; events: TrailEventView[] }[] {
  const days: { day: string; events: TrailEventView[] }[] = [];
  for (const event of events) {
    const day = date(event.occurred_at);
    const last = days.at(-1);
    if (last?.day === day) last.events.push(event);
    else days.push({ day, events: [event] });
  }
  return days;
}
