import type { ConsoleView } from '../../bindings/ConsoleView';
import type { CustomerResponse } from '../../bindings/CustomerResponse';
import type { InboxView } from '../../bindings/InboxView';
import type { PreferencesView } from '../../bindings/PreferencesView';
import type { QuietHoursView } from '../../bindings/QuietHoursView';
import type { ReasonCodeResponse } from '../../bindings/ReasonCodeResponse';
import type { RightsResponse } from '../../bindings/RightsResponse';
import type { ServerResponse } from '../../bindings/ServerResponse';
import type { StaffResponse } from '../../bindings/StaffResponse';
import type { UiError } from '../../bindings/UiError';
import type { UiErrorCode } from '../../bindings/UiErrorCode';
import { noQueue } from './queue';

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;
export const now = Date.now();

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
export const [jane, janet, , , , janis] = customers as [CustomerResponse, CustomerResponse, ...CustomerResponse[]] & { 5: CustomerResponse };

export const amy: StaffResponse = { id: 'st1', name: 'Amy Lindgren', email: 'amy@barkside.example', role: 'agent' };
export const lead: StaffResponse = { id: 'st2', name: 'Noor Haddad', email: 'noor@barkside.example', role: 'lead' };

export const sana: StaffResponse = { id: 'st3', name: 'Sana Ito', email: 'sana@barkside.example', role: 'security' };

export const agentRights: RightsResponse = { end_any: false, read_audit: false, emergency_stop: false, manage_devices: false, see_alarms: false, approve: false };
export const leadRights: RightsResponse = { end_any: true, read_audit: true, emergency_stop: true, manage_devices: true, see_alarms: false, approve: true };

export const quietHours: QuietHoursView = { on: false, from_minutes: 18 * 60, until_minutes: 8 * 60, days: [true, true, true, true, true, true, true] };
export const preferences: PreferencesView = { theme: 'system', text_percent: 100, watermark_percent: 9, notices: 'all', quiet_hours: quietHours, letter_keys: true, rest_in_tray: false, starts_with_desktop: false };

export const server: ServerResponse = {
  product: 'amberglass',
  version: '0.1.0',
  name: 'Barkside support',
  sign_in: 'password',
  demo: false,
  audit_retention_months: 13,
};

export const emptyInbox: InboxView = { own: [], to_decide: [], given: [], reviews: [], answered: null, reviewed: null };

/** Nobody is signed in, nothing is wrong, and the first run is long over: what every other scene departs from. */
export const signedOut: ConsoleView = {
  server: '127.0.0.1:7400',
  first_run: {
    needed: false,
    address: 'http://127.0.0.1:7400',
    address_fixed: false,
    checking: false,
    found: server,
    error: null,
    notice_accepted: true,
    keyring: { state: 'usable' },
  },
  preferences,
  desktop: { tray: true, notifications: true },
  diagnostics: { state: 'idle' },
  sign_in: { state: 'signed_out', error: null },
  fresh_sign_in: { state: 'idle' },
  connection: { state: 'online' },
  queue: { ...noQueue, last_synced_at: now - 4000 },
  portals: [],
  find: { portal: null, query: '', searching: false, customers: [], truncated: false, error: null },
  card: null,
  session: null,
  ended: null,
  sessions: { loading: false, sessions: [], error: null },
  live: { loading: false, sessions: [], error: null },
  trail: null,
  recent: { customers: [], tickets: [] },
  rights: agentRights,
  emergency_stop: null,
  stopped_portals: [],
  reason_codes: [],
  inbox: emptyInbox,
  news: { items: [], unread: 0 },
  focus: null,
  alarms: { open: 0, newest: [] },
  devices: { loading: false, devices: [], error: null },
  own_record: { loading: false, events: [], more: false, error: null },
  action: null,
  recovered: null,
  limits: {
    max_duration_seconds: 3600,
    idle_seconds: 600,
    silence_seconds: 5,
    lost_after_seconds: 120,
    max_extensions: 2,
    extension_seconds: 900,
    max_unsent_age_seconds: 86_400,
    min_free_disk_mebibytes: 100,
  },
};

export const securityRights: RightsResponse = { ...leadRights, see_alarms: true };

export const barkside = { id: 'barkside', name: 'Barkside', gateway_origin: 'http://barkside.localhost:7401', active: true, unmasks: true };
export const reasonCodes: ReasonCodeResponse[] = [
  { code: 'billing', label: 'Billing question', ticket_required: true },
  { code: 'booking', label: 'Booking problem', ticket_required: true },
  { code: 'sign_in', label: 'Cannot sign in', ticket_required: false },
  { code: 'complaint', label: 'Complaint', ticket_required: true },
  { code: 'other', label: 'Other', ticket_required: false },
];
export const signedIn: ConsoleView = {
  ...signedOut,
  reason_codes: reasonCodes,
  sign_in: { state: 'signed_in', staff: amy },
  portals: [barkside],
  find: { ...signedOut.find, portal: 'barkside' },
};
export const asLead: ConsoleView = { ...signedIn, sign_in: { state: 'signed_in', staff: lead }, rights: leadRights };
export const asSecurity: ConsoleView = { ...signedIn, sign_in: { state: 'signed_in', staff: sana }, rights: securityRights };
export const found: ConsoleView = { ...signedIn, find: { ...signedIn.find, query: 'jan', customers } };

export const offline: ConsoleView['connection'] = { state: 'offline', since: now - 3 * MINUTE };
export const waiting: ConsoleView['queue'] = {
  ...noQueue,
  waiting: 12,
  oldest_at: now - 3 * MINUTE - 5000,
  last_synced_at: now - 3 * MINUTE,
  next: { state: 'again', at: now + 21_500 },
};
