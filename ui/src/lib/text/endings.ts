import type { EndedBy } from '../bindings/EndedBy';
import type { SessionView } from '../bindings/SessionView';
import { ENDED_BY } from './sessions';
import { counted, timeOfDay } from './times';

/** What to do next, for whoever's session it was. */
export const ENDED_NEXT: Record<EndedBy, string> = {
  staff: 'Start a new session if you need another look.',
  lead: 'Talk to them before you open this portal again.',
  security: 'Talk to them before you open this portal again.',
  customer: 'Ask the customer before you open their portal again.',
  expired: 'Start a new session if you still need to look.',
  idle: 'Start a new session when you go on.',
  console_lost: 'Check your network connection, then start a new session if you still need to look.',
  staff_disabled: 'Ask whoever runs the server.',
  approver_disabled: 'Ask another lead.',
  customer_disabled: 'A session can start once the portal team has activated the account.',
  portal_disabled: 'Ask the portal team when it will be back.',
  approval_withdrawn: 'Ask the lead who withdrew it.',
  emergency_stop: 'Sessions can start again once the stop is lifted.',
  policy_changed: 'Open the customer’s card to see what the policy says now.',
  audit_failed: 'Without a record nothing goes on. Tell whoever runs the server.',
  portal_error: 'Try again, or tell the portal team.',
};

/** Completes "Ended ...", with the name of whoever ended it where it is known. */
export function endedByWords(endedBy: EndedBy, name: string | null): string {
  if (!name) return ENDED_BY[endedBy];
  switch (endedBy) {
    case 'staff':
      return `by ${name}`;
    case 'lead':
      return `by ${name}, a lead`;
    case 'security':
      return `by ${name} of security`;
    case 'emergency_stop':
      return `by an emergency stop of ${name}`;
    default:
      return ENDED_BY[endedBy];
  }
}

/** The same of a session, which may be somebody else's. */
export function endedWords(session: Pick<SessionView, 'ended_by' | 'ended_by_name' | 'own' | 'staff_name'>): string {
  if (session.ended_by === null) return 'not confirmed by the server yet';
  return endedByWords(session.ended_by, session.ended_by === 'staff' ? (session.own ? null : session.staff_name) : session.ended_by_name);
}

/** The end that was asked for while nobody could tell the server, beside the server's own. */
export function askedOfflineWords(askedAt: number, session: Pick<SessionView, 'ended_by' | 'ended_by_name' | 'own' | 'staff_name' | 'ended_at'>): string {
  const asked = `You asked for the end at ${timeOfDay(askedAt)}, while offline.`;
  if (session.ended_by === null || session.ended_at === null) return `${asked} The server confirms it once it is reached.`;
  const before = session.ended_at <= askedAt;
  return `${asked} The server ${before ? 'had already ended it' : 'ended it'} at ${timeOfDay(session.ended_at)}, ${endedWords(session)}. Both are in the trail.`;
}

/** What to do next; the server's word may be outstanding. */
export const nextWords = (endedBy: EndedBy | null): string =>
  endedBy === null ? 'The server confirms the end once it is reached.' : ENDED_NEXT[endedBy];

export const ENDING = {
  lasted: 'Lasted',
  pages: 'Pages seen',
  blocked: 'Blocked attempts',
  ended: 'Ended',
  why: 'Why',
  recorded: 'The portal’s window is closed, and what its browser held is gone. What happened stays on record.',
  done: 'Done',
  leaveUnsaved: 'Leave without the note',
  again: (customer: string) => `Back to ${customer}`,
  trail: 'Open the trail',

  note: 'Closing note',
  noteHint: 'Optional. What came of it, for whoever reads the trail.',
  noteSave: 'Save note',
  noteSaving: 'Saving',
  noteSaved: 'Saved with the session. It can’t be changed any more.',
  noteFailed: 'The note is not saved yet',
  noteKept: 'What you wrote is still here.',
  noteGoOn: 'Go on writing',
  noteDiscard: 'Discard it',
} as const;

/** Said over every other screen. */
export const unsavedNote = (customer: string): string => `Your closing note about ${customer} is not saved yet.`;

/** Characters that the server takes in a note. */
export const NOTE_LENGTH = 2000;

/** The counter under the note; silent until it matters. */
export function noteLeft(note: string): string {
  const left = NOTE_LENGTH - [...note.trim()].length;
  if (left < 0) return `${counted(-left, 'character', 'characters')} too long`;
  return left <= 200 ? `${counted(left, 'character', 'characters')} left` : '';
}
