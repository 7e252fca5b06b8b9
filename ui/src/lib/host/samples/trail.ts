import type { ConsoleView } from '../../bindings/ConsoleView';
import type { SessionView } from '../../bindings/SessionView';
import type { TrailEventView } from '../../bindings/TrailEventView';
import type { TrailView } from '../../bindings/TrailView';
import { MINUTE, customers, error, jane, janet, now, offline, signedIn, waiting } from './common';
import { earlier, ended, session } from './session';

const sessions: SessionView[] = [
  ended,
  earlier('s2', 'AG-M4T9W', janet, 1, { pages: 8, blocked: 0, ended_by: 'expired' }),
  earlier('s3', 'AG-PX5HC', customers[3] ?? jane, 1.2, { pages: 31, blocked: 1, ended_by: 'customer' }),
  earlier('s4', 'AG-2YB7N', customers[4] ?? jane, 6, { pages: 2, blocked: 0, ended_by: 'console_lost' }),
];

let place = 0;
export const event = (seconds: number, kind: string, what = '', because = '', rest: Partial<TrailEventView> = {}): TrailEventView => ({
  id: `e${(place += 1)}`,
  occurred_at: now - 12 * MINUTE + seconds * 1000,
  kind,
  source: 'server',
  what,
  because,
  blocked: false,
  resource: false,
  unsent: false,
  erased: false,
  ...rest,
});

/** A page as both write it down, the console first, and what the page then loads on its own. */
const visit = (seconds: number, path: string, resources: string[] = []): TrailEventView[] => [
  event(seconds, 'page_viewed', path, '', { source: 'console' }),
  event(seconds, 'page_viewed', path),
  ...resources.map((resource) => event(seconds, 'page_viewed', resource, '', { resource: true })),
];
const ASSETS = ['/assets/barkside.css', '/assets/parts.css', '/assets/barkside.js', '/assets/mark.svg'];

export const events: TrailEventView[] = [
  event(0, 'start_requested', 'read_only', 'Invoice 1042 was charged twice', { source: 'console' }),
  event(0, 'session_started', 'read_only', 'Invoice 1042 was charged twice'),
  event(1, 'session_entered'),
  event(1, 'window_opened', '', '', { source: 'console' }),
  ...visit(2, '/', [...ASSETS, '/assets/hero.svg', '/api/ticker']),
  ...visit(21, '/invoices', ASSETS),
  ...visit(34, '/invoices/1042?page', ASSETS),
  event(71, 'request_blocked', 'POST /invoices/1042/pay', 'read-only-method', { blocked: true }),
  event(84, 'attempt_refused', '', 'print', { blocked: true, source: 'console' }),
  ...visit(96, '/appointments/upcoming/with-a-rather-long-path/that-goes-on-and-on/until-it-has-to-be-cut/somewhere', ASSETS),
  event(110, 'field_unmasked', 'phone-number /phone', 'She asks which number we ring', {}),
  event(112, 'page_viewed', '/api/me', 'phone-number /phone', { resource: true }),
  event(130, 'session_extended', '', 'She has a second invoice to show', {}),
  event(140, 'curtain_drawn', '', 'connection_lost', { source: 'console' }),
  event(141, 'session_frozen'),
  event(163, 'session_resumed'),
  event(164, 'curtain_lifted', '', '', { source: 'console' }),
  ...visit(180, '/messages', ASSETS),
  event(201, 'attempt_refused', 'https://cdn.example.net', 'other_origin', { blocked: true, source: 'console' }),
  event(240, 'shadow_compared', '/messages'),
  event(251, 'page_viewed', '', '', { source: 'console', erased: true }),
  event(662, 'end_requested', '', '', { source: 'console', unsent: true }),
  event(662, 'session_ended', '', 'staff'),
  event(663, 'window_closed', '', '', { source: 'console', unsent: true }),
  event(690, 'note_added', 'Charged once, the second line was a refund'),
];

const trail = { session: session.id, loading: false, about: ended, events, chain_whole: true, checked_at: now - 20_000, error: null, export: { state: 'idle' } } satisfies TrailView;

/** What is on record of the sessions. */
export const trailScenes = {
  sessions: { ...signedIn, sessions: { ...signedIn.sessions, sessions } },
  'sessions-none': signedIn,
  'sessions-loading': { ...signedIn, sessions: { ...signedIn.sessions, loading: true } },
  'sessions-offline': { ...signedIn, connection: offline, queue: waiting },
  'sessions-error': { ...signedIn, sessions: { loading: false, sessions: [], error: error('unavailable', null, '0c41d2aa') } },
  trail: { ...signedIn, queue: { ...waiting, waiting: 2 }, sessions: { ...signedIn.sessions, sessions }, trail },
  'trail-saved': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, export: { state: 'done', file: 'Documents/amberglass-AG-7K3QX.csv', records: 23 } } },
  'trail-save-failed': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, export: { state: 'failed', error: error('export_exists', 'amberglass-AG-7K3QX.csv') } } },
  'trail-broken': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, chain_whole: false } },
  'trail-loading': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, events: [], about: null, loading: true, checked_at: null } },
  'trail-error': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, events: [], about: null, error: error('offline') } },
} satisfies Record<string, ConsoleView>;
