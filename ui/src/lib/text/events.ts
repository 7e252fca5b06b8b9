import type { TrailEventView } from '../bindings/TrailEventView';
import { ATTEMPTS } from './attempts';
import { CURTAIN_CAUSES } from './curtain';
import { ENDED_BY, MODES } from './sessions';

/** The names of `wire::audit::EventDetail::kind()`. */
export type EventKind =
  | 'staff_signed_in'
  | 'sign_in_failed'
  | 'staff_signed_out'
  | 'device_registered'
  | 'start_requested'
  | 'session_started'
  | 'session_refused'
  | 'session_entered'
  | 'session_frozen'
  | 'session_resumed'
  | 'session_extended'
  | 'end_requested'
  | 'session_ended'
  | 'note_added'
  | 'window_opened'
  | 'window_closed'
  | 'page_viewed'
  | 'request_blocked'
  | 'attempt_refused'
  | 'curtain_drawn'
  | 'curtain_lifted'
  | 'unknown';

export const EVENTS: Record<EventKind, string> = {
  staff_signed_in: 'Signed in',
  sign_in_failed: 'Sign-in failed',
  staff_signed_out: 'Signed out',
  device_registered: 'Device registered',
  start_requested: 'Start asked for',
  session_started: 'Session started',
  session_refused: 'Start refused',
  session_entered: 'Portal entered',
  session_frozen: 'Paused',
  session_resumed: 'Resumed',
  session_extended: 'Extended',
  end_requested: 'End asked for',
  session_ended: 'Session ended',
  note_added: 'Note added',
  window_opened: 'Window opened',
  window_closed: 'Window closed',
  page_viewed: 'Page',
  request_blocked: 'Blocked',
  attempt_refused: 'Blocked',
  curtain_drawn: 'Page covered',
  curtain_lifted: 'Page uncovered',
  unknown: 'Other event',
};

const isKnown = (kind: string): kind is EventKind => Object.hasOwn(EVENTS, kind);

/** A kind from a newer version keeps its own name, in words. */
export function eventWords(kind: string): string {
  if (isKnown(kind)) return EVENTS[kind];
  const words = kind.replaceAll('_', ' ').trim();
  return words === '' ? EVENTS.unknown : words.charAt(0).toUpperCase() + words.slice(1);
}

const lookUp = <T>(table: Record<string, T>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined);

/** What it was about: attempts with their target and modes in words, paths as they are. */
export function whatWords(event: TrailEventView): string {
  switch (event.kind) {
    case 'attempt_refused':
      return [attemptName(event), event.what].filter((part) => part !== '').join(' ');
    case 'start_requested':
    case 'session_started':
    case 'session_refused':
      return lookUp(MODES, event.what) ?? event.what;
    default:
      return event.what;
  }
}

/** Which attempt it was stands where others have their reason. */
const attemptName = (event: TrailEventView): string => lookUp(ATTEMPTS, event.because)?.name ?? event.because;

/** Whether `what` is a path or an address, to be set in the monospaced face. */
export const isAddress = (event: TrailEventView): boolean => event.kind === 'page_viewed' || event.kind === 'request_blocked';

export function becauseWords(event: TrailEventView): string {
  switch (event.kind) {
    case 'attempt_refused':
      return '';
    case 'session_ended':
      return lookUp(ENDED_BY, event.because) ?? event.because;
    case 'curtain_drawn':
      return lookUp(CURTAIN_CAUSES, event.because) ?? event.because;
    case 'request_blocked':
    case 'session_refused':
      return event.because === '' ? '' : `rule ${event.because}`;
    default:
      return event.because;
  }
}

export type TrailFilter = 'all' | 'pages' | 'blocked' | 'session';

export const FILTERS: Record<TrailFilter, string> = { all: 'All', pages: 'Pages', blocked: 'Blocked', session: 'Session' };

export function passes(event: TrailEventView, filter: TrailFilter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'pages':
      return event.kind === 'page_viewed';
    case 'blocked':
      return event.blocked;
    case 'session':
      return event.kind !== 'page_viewed' && !event.blocked;
  }
}
