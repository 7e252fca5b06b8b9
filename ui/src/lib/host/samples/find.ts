import type { CardView } from '../../bindings/CardView';
import type { ConsoleView } from '../../bindings/ConsoleView';
import type { StartOptionsView } from '../../bindings/StartOptionsView';
import type { UiErrorCode } from '../../bindings/UiErrorCode';
import { DAY, MINUTE, barkside, customers, error, found, jane, janet, janis, now, offline, reasonCodes, signedIn, waiting } from './common';
import { session } from './session';

const [, , , janice = jane, mary = jane] = customers;

export const options: StartOptionsView = {
  reason_codes: reasonCodes,
  modes: [
    { mode: 'read_only', answer: 'allowed', rules: ['agents-start-read-only'], approvals: 0 },
    { mode: 'read_write', answer: 'needs_approval', rules: ['read-write-needs-approval'], approvals: 1 },
  ],
  break_glass: { mode: 'read_only', answer: 'allowed', rules: ['agents-and-leads-break-glass'], approvals: 0 },
  default_duration_seconds: 1800,
  max_duration_seconds: 3600,
  max_extensions: 2,
  extension_seconds: 900,
};

export const card = (rest: Partial<CardView> = {}): CardView => ({
  portal: 'barkside',
  customer_id: '1042',
  loading: false,
  customer: jane,
  portal_name: 'Barkside',
  last_looked: { staff_name: 'Amy Lindgren', at: now - DAY - 40 * MINUTE, session_code: 'AG-M4T9W' },
  options,
  start: { state: 'idle' },
  request: null,
  error: null,
  ...rest,
});

export const sensitive: StartOptionsView = {
  ...options,
  modes: options.modes.map((offer) => ({ ...offer, answer: 'needs_approval', approvals: 1, rules: ['sensitive-customers-need-approval', ...offer.rules.filter((rule) => rule.startsWith('read-write'))] })),
};

const closedGlass: StartOptionsView = { ...sensitive, break_glass: { mode: 'read_only', answer: 'refused', rules: ['no-break-glass-on-the-day-of-a-denial', 'no-break-glass-while-two-wait-for-review'], approvals: 0 } };
const glassFailed = (code: UiErrorCode, about: string | null = null): ConsoleView => ({ ...found, card: card({ options: sensitive, start: { state: 'failed', error: { ...error(code, about, '7f3a91c0'), retry: false } } }) });

const startFresh: ConsoleView = { ...found, card: card({ start: { state: 'failed', error: { ...error('fresh_sign_in_required', null, '7f3a91c0'), retry: false } } }) };

const recent = { customers: [jane, janet, mary], tickets: ['TCK-4821', 'TCK-4790'] };

/** Finding, the card, and starting. */
export const findScenes = {
  find: { ...signedIn, recent, sessions: { loading: false, sessions: [session], error: null } },
  'find-new': signedIn,
  'find-recent-offline': { ...signedIn, recent, connection: offline, queue: waiting },
  'find-searching': { ...signedIn, find: { ...signedIn.find, query: 'jan', searching: true } },
  'find-results': found,
  'find-truncated': { ...found, portals: [barkside, { ...barkside, id: 'meowside', name: 'Meowside' }], find: { ...found.find, truncated: true } },
  'find-empty': { ...signedIn, find: { ...signedIn.find, query: 'zyx' } },
  'find-error': { ...signedIn, find: { ...signedIn.find, query: 'jan', error: error('internal', null, '7f3a91c0') } },
  'find-broken-link': { ...signedIn, recent, focus: { number: 1, opens: { what: 'broken_link', error: { ...error('link_not_understood'), retry: false } } } },
  'find-offline': { ...signedIn, connection: offline, queue: waiting },
  'card-loading': { ...found, card: card({ loading: true, customer: null, options: null, last_looked: null }) },
  card: { ...found, card: card() },
  // As a customer whom the policy keeps apart.
  'card-sensitive': { ...found, recent, card: card({ customer_id: '1113', customer: janice, last_looked: null, options: sensitive }) },
  'card-none-offered': { ...found, card: card({ options: { ...options, modes: options.modes.map((offer) => ({ ...offer, answer: 'refused', rules: ['never-oneself'] })) } }) },
  'card-no-extension': { ...found, card: card({ options: { ...options, default_duration_seconds: 900, max_duration_seconds: 900 } }) },
  'card-inactive': { ...found, card: card({ customer_id: '1138', customer: janis, last_looked: null }) },
  'card-error': { ...found, card: card({ customer: null, options: null, error: error('portal_unreachable', 'Jane Doe', '7f3a91c0') }) },
  'card-no-room': { ...found, queue: { ...signedIn.queue, free_disk_mebibytes: 64, refusal: error('disk_too_full', '100 MiB') }, card: card() },
  'card-old-queue': { ...found, queue: { ...waiting, oldest_at: now - 25 * 60 * MINUTE, refusal: error('journal_too_old', '24 h') }, card: card() },
  'card-offline': { ...found, connection: offline, queue: waiting, card: card() },
  'start-progress': { ...found, card: card({ start: { state: 'starting', step: 'opening_window' } }) },
  'start-failed': { ...found, card: card({ start: { state: 'failed', error: error('portal_unreachable', 'Jane Doe', '7f3a91c0') } }) },
  'start-fresh': startFresh,
  'start-fresh-waiting': { ...startFresh, fresh_sign_in: { state: 'waiting_for_browser', since: now } },
  'start-fresh-failed': { ...startFresh, fresh_sign_in: { state: 'failed', error: error('sign_in_of_somebody_else') } },
  'start-refused': { ...found, recent, card: card({ start: { state: 'failed', error: { ...error('reason_is_filler', null, '7f3a91c0'), retry: false } } }) },
  'start-conflict-elsewhere': { ...found, card: card({ start: { state: 'conflict', running: { ...session, customer: mary, started_at: now - 3 * DAY }, here: false } }) },
  'start-conflict': { ...found, session: { ...session, customer: janet }, card: card({ start: { state: 'conflict', running: { ...session, customer: janet }, here: true } }) },
  'glass-closed': { ...found, card: card({ options: closedGlass }) },
  'glass-fresh': glassFailed('fresh_sign_in_required'),
  'glass-refused': glassFailed('forbidden', 'no-break-glass-while-two-wait-for-review'),
  'card-portal-stopped': { ...found, portals: [{ ...barkside, active: false }], card: card() },
  'card-stopped': { ...found, emergency_stop: { reason: 'The portal shows customers other people’s invoices', stopped_by_name: 'Noor Haddad', stopped_at: now - 26 * MINUTE }, card: card() },
  'live-glass': { ...found, session: { ...session, emergency: 'Her dog is in surgery now and the vaccination record does not open' } },
  live: { ...found, session, card: card() },
} satisfies Record<string, ConsoleView>;
