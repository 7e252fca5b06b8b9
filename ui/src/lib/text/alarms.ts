import type { AlarmView } from '../bindings/AlarmView';
import type { AlarmWhat } from '../bindings/AlarmWhat';
import type { Contradiction } from '../bindings/Contradiction';
import type { JournalLoss } from '../bindings/JournalLoss';
import { EVENTS } from './events';

/** Words of what does not agree. */
export const ALARMS = {
  title: 'Alarms',
  strip: 'Open alarms',
  hint: 'What devices, this server and the records of sessions say of each other and does not agree. Each stays here until somebody has looked.',
  look: 'Show alarms',
  lookedAt: 'Looked at',
  lookTitle: 'Looked at this alarm?',
  lookEffect: 'It leaves this list. That you looked, and what you write, stays on record.',
  noteHint: 'Whoever reads the record sees what you found.',
  offline: 'You are offline. This was the list before.',
  none: 'Nothing to look at',
  noneHint: 'Whatever does not agree is shown here as soon as the server notices.',
  openSession: 'Open the trail',
} as const;

export const CONTRADICTIONS: Record<Contradiction, string> = {
  fork: 'Another record stands where one was already.',
  gap: 'Records are missing in between.',
  rolled_back: 'It ends before a record that it had shown: it was put back to an earlier state.',
  altered: 'A record is not as it was written.',
  replayed: 'Records of one device came under the name of another.',
};

export const LOSSES: Record<JournalLoss, string> = {
  damaged: 'its journal was not as it was written',
  key_lost: 'the key of its journal was not in the key store any more',
  missing: 'its journal was not there any more',
  contradicted: 'the server holds other records than its journal',
};

const records = (count: number): string => (count === 0 ? 'none' : `up to record ${count}`);
const listed = (names: readonly string[]): string => names.map(named).join(', ');

/** `page_viewed /invoices` as it is said elsewhere. */
function named(name: string): string {
  const [kind = '', ...rest] = name.split(' ');
  const words = Object.hasOwn(EVENTS, kind) ? EVENTS[kind as keyof typeof EVENTS] : kind;
  return [words, ...rest].join(' ');
}

export function alarmTitle(what: AlarmWhat): string {
  switch (what.kind) {
    case 'journal_replaced':
      return 'A device began a new journal';
    case 'chain_contradicted':
      if (what.cause === 'replayed') return 'A device delivered records that are not its own';
      return what.of_server ? 'This server’s own record contradicts what it signed' : 'A device’s journal contradicts itself';
    case 'server_contradicted':
      return 'A console found this server’s record in contradiction';
    case 'session_mismatch':
      return 'Console and server recorded a session differently';
    case 'not_taken':
      return what.is_policy ? 'A changed policy was not put in force' : 'Changed rules of a portal were not put in force';
    case 'other':
      return `Something that this version does not know: ${what.event}`;
  }
}

/** What happened, in a sentence or two. */
export function alarmWords(what: AlarmWhat): string {
  switch (what.kind) {
    case 'journal_replaced':
      return `Its reason: ${LOSSES[what.cause]}. Of the one before it could read ${records(what.named)}, and the server holds ${records(what.held)}.`;
    case 'chain_contradicted':
    case 'server_contradicted':
      return `${CONTRADICTIONS[what.cause]} Held: ${records(what.held)}. Shown: ${records(what.shown)}.`;
    case 'session_mismatch':
      return [
        what.missing_at_console.length > 0 ? `The console has no record of: ${listed(what.missing_at_console)}.` : '',
        what.missing_at_server.length > 0 ? `The server has no record of: ${listed(what.missing_at_server)}.` : '',
      ]
        .filter((part) => part !== '')
        .join(' ');
    case 'not_taken':
      return `What was in force before stays so. ${what.why}`;
    case 'other':
      return 'Update Amberglass to read what it says, or ask whoever runs the server.';
  }
}

/** Whose it is: device, staff, customer, session, as far as they are known. */
export const alarmAbout = (alarm: AlarmView): string[] =>
  [alarm.device_name, alarm.staff_name, alarm.customer_name && `viewing as ${alarm.customer_name}`, alarm.session_code].filter(
    (part) => part !== null && part !== '',
  ) as string[];

/** `3 alarms that nobody has looked at.` */
export const openWords = (open: number): string =>
  open === 1 ? 'One alarm that nobody has looked at.' : `${open} alarms that nobody has looked at.`;

export const moreWords = (more: number): string => (more === 1 ? 'One older alarm follows.' : `${more} older alarms follow.`);
