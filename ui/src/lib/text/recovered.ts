import type { LimitsView } from '../bindings/LimitsView';
import type { RecoveredView } from '../bindings/RecoveredView';
import { endedWords } from './endings';
import { counted, length, timeOfDay } from './times';

export const RECOVERED = {
  title: 'Amberglass stopped in a session',
  endNow: 'End it now',
  ending: 'Ending',
  trail: 'Open the trail',
  dismiss: 'Go on',
  what: 'Portal',
  started: 'Started',
  kept: 'What was kept',
  now: 'What it does now',
  left: 'Time left',
} as const;

/** Whether the server still counts it as running. */
export const runs = ({ session }: RecoveredView): boolean => session.state === 'active' || session.state === 'frozen';

/** What happened. */
export const stoppedWords = ({ session }: RecoveredView): string =>
  `Amberglass stopped without closing while ${session.customer.name}’s portal was open in session ${session.code}. Its window went with it.`;

/** What was kept. */
export function keptWords({ kept }: RecoveredView, waiting: number): string {
  if (kept === 0) return 'No record was lost: everything was with the server already.';
  const records = counted(kept, 'record', 'records');
  return waiting > 0
    ? `No record was lost: ${records} had not been sent, and ${kept === 1 ? 'is' : 'are'} safe on this device until the server is reached.`
    : `No record was lost: ${records} had not been sent, and ${kept === 1 ? 'is' : 'are'} with the server now.`;
}

/** Whether it still runs, and until when. */
export function goesOnWords(recovered: RecoveredView, limits: LimitsView, now: number): string {
  const { session } = recovered;
  if (runs(recovered)) {
    const latest = timeOfDay(now + session.remaining_millis);
    const soon = limits.lost_after_seconds > 0 ? `within ${length(limits.lost_after_seconds)}, because nothing shows it any more` : '';
    return soon ? `It still runs at the server and ends by itself ${soon}, at ${latest} at the latest.` : `It still runs at the server and ends by itself at ${latest}.`;
  }
  if (session.ended_by === null) return 'The server has not said yet what became of it.';
  return `It is over: ended ${endedWords(session)}${session.ended_at === null ? '' : ` at ${timeOfDay(session.ended_at)}`}.`;
}

/** What to do. */
export function nextAfterStop(recovered: RecoveredView, offline: boolean): string {
  if (!runs(recovered)) return 'There is nothing you have to do.';
  return offline ? 'You are offline. It can be ended from here once the server is reached.' : 'End it now if you want to start another one.';
}
