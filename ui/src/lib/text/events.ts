import type { SessionView } from '../bindings/SessionView';
import type { RequestState } from '../bindings/RequestState';
import type { TrailEventView } from '../bindings/TrailEventView';
import { ATTEMPTS } from './attempts';
import { OUTCOMES } from './break_glass';
import { CURTAIN_CAUSES } from './curtain';
import { ruleWords } from './rules';
import { ENDED_BY, MODES, ROLES, VERDICTS } from './sessions';
import { timeWithSeconds } from './times';

/** The names of `wire::audit::EventDetail::kind()`. */
export type EventKind =
  | 'staff_signed_in'
  | 'sign_in_failed'
  | 'staff_signed_out'
  | 'device_registered'
  | 'device_revoked'
  | 'staff_added'
  | 'staff_role_changed'
  | 'staff_disabled'
  | 'staff_enabled'
  | 'password_changed'
  | 'second_factor_set_up'
  | 'second_factor_reset'
  | 'provider_linked'
  | 'portal_disabled'
  | 'portal_enabled'
  | 'portal_key_added'
  | 'portal_key_revoked'
  | 'portal_tested'
  | 'emergency_stopped'
  | 'emergency_stop_lifted'
  | 'card_viewed'
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
  | 'file_downloaded'
  | 'foreign_code_loaded'
  | 'request_blocked'
  | 'attempt_refused'
  | 'curtain_drawn'
  | 'curtain_lifted'
  | 'audit_exported'
  | 'trail_exported'
  | 'signer_added'
  | 'journal_replaced'
  | 'journal_key_rotated'
  | 'journal_tidied'
  | 'bodies_erased'
  | 'records_retired'
  | 'checkpoint_witnessed'
  | 'server_key_pinned'
  | 'server_contradicted'
  | 'chain_contradicted'
  | 'device_head_noted'
  | 'session_mismatch'
  | 'alarm_acknowledged'
  | 'journal_recovered'
  | 'approval_requested'
  | 'approval_decided'
  | 'approval_escalated'
  | 'approval_withdrawn'
  | 'approval_lapsed'
  | 'approval_used'
  | 'break_glass_used'
  | 'break_glass_reviewed'
  | 'field_unmasked'
  | 'write_sent'
  | 'write_answered'
  | 'policy_changed'
  | 'policy_refused'
  | 'rules_changed'
  | 'rules_refused'
  | 'unknown';

export const EVENTS: Record<EventKind, string> = {
  staff_signed_in: 'Signed in',
  sign_in_failed: 'Sign-in failed',
  staff_signed_out: 'Signed out',
  device_registered: 'Device registered',
  device_revoked: 'Device revoked',
  staff_added: 'Account added',
  staff_role_changed: 'Role changed',
  staff_disabled: 'Account disabled',
  staff_enabled: 'Account enabled',
  password_changed: 'Password changed',
  second_factor_set_up: 'Second factor set up',
  second_factor_reset: 'Second factor reset',
  provider_linked: 'Provider linked',
  portal_disabled: 'Portal switched off',
  portal_enabled: 'Portal switched on',
  portal_key_added: 'Portal key added',
  portal_key_revoked: 'Portal key revoked',
  portal_tested: 'Portal tested',
  emergency_stopped: 'Emergency stop',
  emergency_stop_lifted: 'Stop lifted',
  card_viewed: 'Card opened',
  start_requested: 'Start asked for',
  session_started: 'Session started',
  session_refused: 'Refused',
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
  file_downloaded: 'File saved',
  foreign_code_loaded: 'Code of others',
  request_blocked: 'Blocked',
  attempt_refused: 'Blocked',
  curtain_drawn: 'Page covered',
  curtain_lifted: 'Page uncovered',
  audit_exported: 'Record exported',
  trail_exported: 'Trail exported',
  signer_added: 'Signing key added',
  journal_replaced: 'Journal begun anew',
  journal_key_rotated: 'Journal key changed',
  journal_tidied: 'Delivered records cleared here',
  bodies_erased: 'Contents erased',
  records_retired: 'Old records removed',
  checkpoint_witnessed: 'Checkpoint kept',
  server_key_pinned: 'Server key trusted',
  server_contradicted: 'Server contradicts itself',
  chain_contradicted: 'Device contradicts itself',
  device_head_noted: 'Journal’s end',
  session_mismatch: 'Records do not agree',
  alarm_acknowledged: 'Alarm looked at',
  journal_recovered: 'Journal recovered',
  approval_requested: 'Approval asked for',
  approval_decided: 'Decided',
  approval_escalated: 'Told to others, as nobody had decided',
  approval_withdrawn: 'Approval withdrawn',
  approval_lapsed: 'Approval lapsed',
  approval_used: 'Approval used',
  break_glass_used: 'Break-glass',
  break_glass_reviewed: 'Break-glass reviewed',
  field_unmasked: 'Masked value may be shown',
  write_sent: 'Approved change sent',
  write_answered: 'Portal answered',
  policy_changed: 'Policy changed',
  policy_refused: 'Policy not taken',
  rules_changed: 'Portal’s rules changed',
  rules_refused: 'Portal’s rules not taken',
  unknown: 'Other event',
};

/** `page_viewed` is four things to a reader; only what somebody opened is counted as a page. */
export type LineKind = EventKind | 'resource' | 'went_to' | 'unmasked_page';

export const LINES: Record<LineKind, string> = { ...EVENTS, resource: 'Resource', went_to: 'Went to', unmasked_page: 'Masked value shown' };

/** What the line is, said at length to whoever rests on its word. */
export const HINTS: Partial<Record<LineKind, string>> = {
  page_viewed: 'Recorded by the server before it asked the portal. These lines are the pages that are counted.',
  foreign_code_loaded: 'The computer was told to load code of others into the console. What its window has shown and refused may not be what Amberglass does.',
  file_downloaded: 'Recorded by the server before any of it went out. The file lies on the agent’s disk and outlives the session.',
  resource: 'Loaded by a page on its own: a style, script, image or data. Not counted as a page.',
  unmasked_page: 'The answer showed, wherever it held it, a value that the portal’s rules mask. The reason for it stands on record before.',
  went_to: 'The console’s own record of where its window went. The page is counted once, where the server recorded it.',
};

/** The kind a line is shown as; one from a newer version stays what it is. */
export function lineKind(event: TrailEventView): string {
  if (event.kind !== 'page_viewed') return event.kind;
  // Named there is what was shown; of any other page nothing is.
  if (event.because !== '') return 'unmasked_page';
  if (event.resource) return 'resource';
  return event.source === 'console' ? 'went_to' : 'page_viewed';
}

/** A kind from a newer version keeps its own name, in words. */
export function eventWords(event: TrailEventView): string {
  const kind = lineKind(event);
  const known = lookUp<string>(LINES, kind);
  if (known !== undefined) return known;
  const words = kind.replaceAll('_', ' ').trim();
  return words === '' ? EVENTS.unknown : words.charAt(0).toUpperCase() + words.slice(1);
}

const lookUp = <T>(table: Record<string, T>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined);

/** Said of a line whose contents are gone for good. */
export const ERASED = 'erased';
export const ERASED_HINT = 'What this record said was erased for good. That it was there, and when, stays on record.';

/** Why a console began its journal anew. */
export const LOSSES: Record<string, string> = {
  damaged: 'the file was damaged',
  key_lost: 'its key was lost',
  missing: 'the file was gone',
  contradicted: 'the server held other records',
};

/** How a chain can contradict what is known of it. */
export const CONTRADICTIONS: Record<string, string> = {
  fork: 'two records under one number',
  gap: 'records are missing in between',
  rolled_back: 'it ends before what it had shown',
  altered: 'a record was altered',
  replayed: 'records of one device under another’s name',
};

/** What it was until then. */
const LAPSED: Partial<Record<RequestState, string>> = { pending: 'nobody had decided', approved: 'nothing had begun' };

/** Where no status came. */
const UNANSWERED: Record<string, string> = { not_sent: 'nothing was sent', unknown: 'no answer came' };

const FORMATS: Record<string, string> = { json_lines: 'as JSON Lines', csv: 'as CSV' };

const capitalised = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** What it was about: attempts with their target and modes in words, paths as they are. */
export function whatWords(event: TrailEventView): string {
  if (event.erased) return ERASED;
  switch (event.kind) {
    case 'trail_exported':
      return lookUp(FORMATS, event.what) ?? event.what;
    case 'attempt_refused':
      return [attemptName(event), event.what].filter((part) => part !== '').join(' ');
    case 'start_requested':
    case 'session_started':
    case 'session_refused':
    case 'approval_requested':
      return lookUp(MODES, event.what) ?? event.what;
    case 'write_answered':
      return lookUp(UNANSWERED, event.what) ?? event.what;
    case 'approval_decided':
      return capitalised(lookUp(VERDICTS, event.what) ?? event.what);
    case 'break_glass_reviewed':
      return lookUp(OUTCOMES, event.what) ?? event.what;
    case 'approval_lapsed':
      return lookUp(LAPSED, event.what) ?? event.what;
    case 'policy_changed':
    case 'rules_changed':
      // A hash: enough of it to tell one from another.
      return event.what.slice(0, 12);
    case 'staff_added':
    case 'staff_role_changed':
      return lookUp(ROLES, event.what) ?? event.what;
    default:
      return event.what;
  }
}

/** Which attempt it was stands where others have their reason. */
const attemptName = (event: TrailEventView): string => lookUp(ATTEMPTS, event.because)?.name ?? event.because;

/** Whether `what` is a path or an address, to be set in the monospaced face. */
export const isAddress = (event: TrailEventView): boolean => !event.erased && (event.kind === 'page_viewed' || event.kind === 'file_downloaded' || event.kind === 'request_blocked' || event.kind === 'write_sent');

/** `whose` session it is, where that is known: its end by the agent is one's own or somebody's. */
export function becauseWords(event: TrailEventView, whose: Pick<SessionView, 'own' | 'staff_name'> | null = null): string {
  switch (event.kind) {
    case 'attempt_refused':
      return '';
    case 'session_ended':
      if (event.because === 'staff' && whose && !whose.own) return `by ${whose.staff_name}`;
      return lookUp(ENDED_BY, event.because) ?? event.because;
    case 'curtain_drawn':
      return lookUp(CURTAIN_CAUSES, event.because) ?? event.because;
    case 'staff_role_changed':
      return event.because === '' ? '' : `was ${lookUp(ROLES, event.because) ?? event.because}`;
    case 'file_downloaded':
    case 'request_blocked':
    case 'session_refused':
      return event.because === '' ? '' : `rule ${event.because}`;
    case 'rules_changed':
      return event.because === '' ? '' : `takes off the never-list: ${event.because}`;
    case 'approval_lapsed':
      return event.because === 'policy_changed' ? 'the policy says something else by now' : event.because;
    case 'journal_replaced':
      return lookUp(LOSSES, event.because) ?? event.because;
    case 'server_contradicted':
    case 'chain_contradicted':
      return lookUp(CONTRADICTIONS, event.because) ?? event.because;
    default:
      return event.because;
  }
}

/** Why a line was blocked, in a sentence; empty for what was not, or says so itself. */
export function explanation(event: TrailEventView): string {
  if (!event.blocked || event.erased) return '';
  if (event.kind === 'request_blocked') return ruleWords(event.because);
  return event.kind === 'attempt_refused' ? (lookUp(ATTEMPTS, event.because)?.refused ?? '') : '';
}

export const hintWords = (event: TrailEventView): string | undefined => event.erased ? ERASED_HINT : lookUp<string | undefined>(HINTS, lineKind(event));

export type TrailGroup = 'pages' | 'blocked' | 'session' | 'resources';

/** The one group a line is in. Pages are what the server counts as pages: documents, by its own records. */
export function groupOf(event: TrailEventView): TrailGroup {
  if (event.blocked) return 'blocked';
  const kind = lineKind(event);
  if (kind === 'resource') return 'resources';
  if (kind === 'unmasked_page') return event.resource ? 'session' : 'pages';
  return kind === 'page_viewed' ? 'pages' : 'session';
}

/** Resources are many and say little: they stand under no filter, but can be shown with each. */
export type TrailFilter = 'all' | 'unsent' | Exclude<TrailGroup, 'resources'>;

/** Unsent lies across the others: what waits here is also a page, a block or an event of the session. */
export const FILTERS: Record<TrailFilter, string> = { all: 'All', pages: 'Pages', blocked: 'Blocked', session: 'Session', unsent: 'Unsent' };

export const RESOURCES = 'Resources';
export const RESOURCES_HINT = 'What pages load on their own: styles, scripts, images, data';

export function passes(event: TrailEventView, filter: TrailFilter, withResources: boolean): boolean {
  if (filter === 'unsent') return event.unsent;
  const group = groupOf(event);
  return group === 'resources' ? withResources : filter === 'all' || filter === group;
}

/** Whether each word that was typed stands somewhere in the line. */
export function lineMatches(event: TrailEventView, wanted: string, whose: Pick<SessionView, 'own' | 'staff_name'> | null = null): boolean {
  const typed = wanted.toLowerCase().split(/\s+/).filter((word) => word !== '');
  if (typed.length === 0) return true;
  const parts = [timeWithSeconds(event.occurred_at), eventWords(event), whatWords(event), becauseWords(event, whose), explanation(event), event.source, event.unsent ? FILTERS.unsent : ''];
  const line = parts.join(' ').toLowerCase();
  return typed.every((word) => line.includes(word));
}
