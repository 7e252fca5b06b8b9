import type { ConsoleView } from '../bindings/ConsoleView';
import type { CardView } from '../bindings/CardView';
import type { CustomerResponse } from '../bindings/CustomerResponse';
import type { SessionView } from '../bindings/SessionView';
import type { SessionWindowView } from '../bindings/SessionWindowView';
import type { StartOptionsView } from '../bindings/StartOptionsView';
import type { TrailEventView } from '../bindings/TrailEventView';
import type { UiError } from '../bindings/UiError';
import type { UiErrorCode } from '../bindings/UiErrorCode';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const now = Date.now();

export const error = (code: UiErrorCode, about: string | null = null, reference = ''): UiError => ({ code, about, reference, retry: true });

const person = (id: string, name: string, email: string, rest: Partial<CustomerResponse> = {}): CustomerResponse => ({
  portal: 'barkside',
  id,
  name,
  email,
  class: 'standard',
  plan: 'Tidy paws',
  since: Date.UTC(2024, 2, 4),
  active: true,
  ...rest,
});

export const customers: CustomerResponse[] = [
  person('1042', 'Jane Doe', 'jane.doe@example.com', { class: 'gold', plan: 'Full coat' }),
  person('1077', 'Janet Moe', 'jmoe@example.org', { since: Date.UTC(2025, 8, 1) }),
  person('1101', 'Janek Kowalczyk', 'janek.kowalczyk@example.net', { plan: null }),
  person('1113', 'Janice Okafor', 'janice.okafor@example.com', { class: 'sensitive' }),
  person('1124', 'Mary Jane Whitcombe-Featherstonehaugh', 'mary.jane.whitcombe-featherstonehaugh@mail.example.co.uk'),
  person('1138', 'Janis Łukasik', 'janis@example.org', { active: false }),
  person('1145', 'Jan de Vries', 'jan.de.vries@example.nl', { class: 'gold', plan: 'Full coat' }),
  person('1156', 'Janna Lindqvist', 'janna.l@example.se'),
  person('1163', 'Janusz Nowak', 'j.nowak@example.pl', { plan: 'Puppy' }),
  person('1170', 'Sanjana Rao', 'sanjana.rao@example.in', { class: 'gold' }),
  person('1188', 'Jana Dvořáková', 'jana.dvorakova@example.cz'),
  person('1199', 'Janelle Brooks', 'jbrooks@example.com', { plan: 'Puppy' }),
];
const [jane, janet, , , , janis] = customers as [CustomerResponse, CustomerResponse, ...CustomerResponse[]] & { 5: CustomerResponse };

export const options: StartOptionsView = {
  reason_codes: [
    { code: 'billing', label: 'Billing question', ticket_required: true },
    { code: 'booking', label: 'Booking problem', ticket_required: true },
    { code: 'sign_in', label: 'Cannot sign in', ticket_required: false },
    { code: 'complaint', label: 'Complaint', ticket_required: true },
    { code: 'other', label: 'Other', ticket_required: false },
  ],
  modes: [
    { mode: 'read_only', answer: 'allowed', rules: ['agents-start-read-only'] },
    { mode: 'read_write', answer: 'needs_approval', rules: ['read-write-needs-approval'] },
  ],
  default_duration_seconds: 1800,
  max_duration_seconds: 3600,
};

export const session: SessionView = {
  id: '0198c5a2-7d1e-7c33-9b1f-2f6d3c0a7e11',
  code: 'AG-7K3QX',
  state: 'active',
  customer: jane,
  portal_name: 'Barkside',
  mode: 'read_only',
  reason: { code: 'billing', text: 'Invoice 1042 was charged twice', ticket: 'TCK-4821' },
  started_at: now - 2 * MINUTE - 19_000,
  ended_at: null,
  ended_by: null,
  remaining_millis: 27 * MINUTE + 41_000,
  pages: 14,
  blocked: 2,
};

const ended: SessionView = { ...session, state: 'ended', ended_at: now - 30_000, ended_by: 'staff', remaining_millis: 0, pages: 5, blocked: 1 };

const earlier = (id: string, code: string, customer: CustomerResponse, daysAgo: number, rest: Partial<SessionView> = {}): SessionView => ({
  ...ended,
  id,
  code,
  customer,
  started_at: now - daysAgo * DAY - 20 * MINUTE,
  ended_at: now - daysAgo * DAY,
  ...rest,
});

const sessions: SessionView[] = [
  ended,
  earlier('s2', 'AG-M4T9W', janet, 1, { pages: 8, blocked: 0, ended_by: 'expired' }),
  earlier('s3', 'AG-PX5HC', customers[3] ?? jane, 1.2, { pages: 31, blocked: 1, ended_by: 'customer' }),
  earlier('s4', 'AG-2YB7N', customers[4] ?? jane, 6, { pages: 2, blocked: 0, ended_by: 'console_lost' }),
];

let place = 0;
const event = (seconds: number, kind: string, what = '', because = '', rest: Partial<TrailEventView> = {}): TrailEventView => ({
  id: `e${(place += 1)}`,
  occurred_at: now - 12 * MINUTE + seconds * 1000,
  kind,
  source: 'server',
  what,
  because,
  blocked: false,
  resource: false,
  unsent: false,
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
  event(71, 'request_blocked', 'POST /invoices/1042/pay', 'read-only', { blocked: true }),
  event(84, 'attempt_refused', '', 'print', { blocked: true, source: 'console' }),
  ...visit(96, '/appointments/upcoming/with-a-rather-long-path/that-goes-on-and-on/until-it-has-to-be-cut/somewhere', ASSETS),
  event(140, 'curtain_drawn', '', 'connection_lost', { source: 'console' }),
  event(141, 'session_frozen'),
  event(163, 'session_resumed'),
  event(164, 'curtain_lifted', '', '', { source: 'console' }),
  ...visit(180, '/messages', ASSETS),
  event(201, 'attempt_refused', 'https://cdn.example.net', 'other_origin', { blocked: true, source: 'console' }),
  event(240, 'shadow_compared', '/messages'),
  event(662, 'end_requested', '', '', { source: 'console', unsent: true }),
  event(662, 'session_ended', '', 'staff'),
  event(663, 'window_closed', '', '', { source: 'console', unsent: true }),
];

const card = (rest: Partial<CardView> = {}): CardView => ({
  portal: 'barkside',
  customer_id: '1042',
  loading: false,
  customer: jane,
  portal_name: 'Barkside',
  last_looked: { staff_name: 'Amy Lindgren', at: now - DAY - 40 * MINUTE, session_code: 'AG-M4T9W' },
  options,
  start: { state: 'idle' },
  error: null,
  ...rest,
});

const signedOut: ConsoleView = {
  server: '127.0.0.1:7400',
  sign_in: { state: 'signed_out', error: null },
  connection: { state: 'online' },
  queue: { waiting: 0, oldest_at: null, held: 0, last_synced_at: now - 4000 },
  portals: [],
  find: { portal: null, query: '', searching: false, customers: [], truncated: false, error: null },
  card: null,
  session: null,
  ended: null,
  sessions: { loading: false, sessions: [], error: null },
  trail: null,
};

const barkside = { id: 'barkside', name: 'Barkside', gateway_origin: 'http://barkside.localhost:7401', active: true };
const signedIn: ConsoleView = {
  ...signedOut,
  sign_in: { state: 'signed_in', staff: { id: 'st1', name: 'Amy Lindgren', email: 'amy@barkside.example', role: 'agent' } },
  portals: [barkside],
  find: { ...signedOut.find, portal: 'barkside' },
};
const found: ConsoleView = { ...signedIn, find: { ...signedIn.find, query: 'jan', customers } };
const offline: ConsoleView['connection'] = { state: 'offline', since: now - 3 * MINUTE };
const waiting: ConsoleView['queue'] = { waiting: 12, oldest_at: now - 3 * MINUTE - 5000, held: 0, last_synced_at: now - 3 * MINUTE };
const trail = { session: session.id, loading: false, about: ended, events, chain_whole: true, checked_at: now - 20_000, error: null };

/** Every screen in each of its states, by name. */
export const consoleScenes = {
  starting: { ...signedOut, sign_in: { state: 'starting' } },
  'signed-out': signedOut,
  'signed-out-error': { ...signedOut, sign_in: { state: 'signed_out', error: error('server_unreachable', '127.0.0.1:7400') } },
  'signed-out-cancelled': { ...signedOut, sign_in: { state: 'signed_out', error: error('sign_in_cancelled') } },
  waiting: { ...signedOut, sign_in: { state: 'waiting_for_browser', since: now } },
  blocked: { ...signedOut, sign_in: { state: 'blocked', error: error('keyring_missing') } },
  find: signedIn,
  'find-searching': { ...signedIn, find: { ...signedIn.find, query: 'jan', searching: true } },
  'find-results': found,
  'find-truncated': { ...found, portals: [barkside, { ...barkside, id: 'meowside', name: 'Meowside' }], find: { ...found.find, truncated: true } },
  'find-empty': { ...signedIn, find: { ...signedIn.find, query: 'zyx' } },
  'find-error': { ...signedIn, find: { ...signedIn.find, query: 'jan', error: error('internal', null, '7f3a91c0') } },
  'find-offline': { ...signedIn, connection: offline, queue: waiting },
  'card-loading': { ...found, card: card({ loading: true, customer: null, options: null, last_looked: null }) },
  card: { ...found, card: card() },
  'card-inactive': { ...found, card: card({ customer_id: '1138', customer: janis, last_looked: null }) },
  'card-error': { ...found, card: card({ customer: null, options: null, error: error('portal_unreachable', 'Jane Doe', '7f3a91c0') }) },
  'card-offline': { ...found, connection: offline, queue: waiting, card: card() },
  'start-progress': { ...found, card: card({ start: { state: 'starting', step: 'opening_window' } }) },
  'start-failed': { ...found, card: card({ start: { state: 'failed', error: error('portal_unreachable', 'Jane Doe', '7f3a91c0') } }) },
  'start-conflict': { ...found, session: { ...session, customer: janet }, card: card({ start: { state: 'conflict', running: { ...session, customer: janet } } }) },
  live: { ...found, session, card: card() },
  'live-find': { ...found, session },
  'live-last-minutes': { ...found, session: { ...session, remaining_millis: 4 * MINUTE + 9000 } },
  'live-frozen': { ...found, connection: offline, queue: waiting, session: { ...session, state: 'frozen' } },
  'live-none': signedIn,
  ended: { ...found, ended: { session: ended, duration_seconds: 664 } },
  'ended-lost': { ...found, queue: waiting, ended: { session: { ...ended, ended_by: 'console_lost' }, duration_seconds: 1264 } },
  sessions: { ...signedIn, sessions: { ...signedIn.sessions, sessions } },
  'sessions-none': signedIn,
  'sessions-error': { ...signedIn, sessions: { loading: false, sessions: [], error: error('unavailable', null, '0c41d2aa') } },
  trail: { ...signedIn, queue: { ...waiting, waiting: 2 }, sessions: { ...signedIn.sessions, sessions }, trail },
  'trail-broken': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, chain_whole: false } },
  'trail-loading': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, events: [], about: null, loading: true, checked_at: null } },
  'trail-error': { ...signedIn, sessions: { ...signedIn.sessions, sessions }, trail: { ...trail, events: [], about: null, error: error('offline') } },
} satisfies Record<string, ConsoleView>;

const bar: SessionWindowView = {
  session: session.id,
  code: session.code,
  customer_name: jane.name,
  mode: 'read_only',
  reason_label: 'Billing question',
  ticket: 'TCK-4821',
  remaining_millis: session.remaining_millis,
  warning_millis: 5 * MINUTE,
  curtain: null,
  notice: null,
  ending: false,
};

export const barScenes = {
  bar,
  'bar-long-name': { ...bar, customer_name: 'Mary Jane Whitcombe-Featherstonehaugh', reason_label: 'Complaint about a grooming appointment', ticket: 'SUPPORT-2026-004821' },
  'bar-last-minutes': { ...bar, remaining_millis: 4 * MINUTE + 9000 },
  'bar-notice': { ...bar, notice: { attempt: 'print', number: 1 } },
  'bar-connection-lost': { ...bar, curtain: { cause: 'connection_lost', goes_on_until: now + 27 * MINUTE } },
  'bar-ending': { ...bar, ending: true, curtain: { cause: 'ending' } },
  'bar-ended': { ...bar, remaining_millis: 0, curtain: { cause: 'ended', ended_by: 'expired' } },
} satisfies Record<string, SessionWindowView>;
