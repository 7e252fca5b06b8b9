import type { ConsoleView } from '../../bindings/ConsoleView';
import type { CustomerResponse } from '../../bindings/CustomerResponse';
import type { SessionView } from '../../bindings/SessionView';
import { DAY, MINUTE, asLead, customers, error, found, jane, janet, lead, now, offline, signedIn, waiting } from './common';

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
  staff_name: 'Amy Lindgren',
  own: true,
  extensions: 0,
  note: null,
  end_reason: null,
  ended_by_name: null,
  last_page: '/messages',
  emergency: null,
};

export const ended: SessionView = { ...session, state: 'ended', ended_at: now - 30_000, ended_by: 'staff', remaining_millis: 0, pages: 5, blocked: 1 };

export const earlier = (id: string, code: string, customer: CustomerResponse, daysAgo: number, rest: Partial<SessionView> = {}): SessionView => ({
  ...ended,
  id,
  code,
  customer,
  started_at: now - daysAgo * DAY - 20 * MINUTE,
  ended_at: now - daysAgo * DAY,
  ...rest,
});

const [, , janek = jane, , mary = jane] = customers;
const others: SessionView[] = [
  { ...session, pages: 14 },
  { ...session, id: 's11', code: 'AG-M4T9W', own: false, staff_name: 'Bo Nilsson', customer: janet, remaining_millis: 4 * MINUTE + 9000, last_page: '/appointments/upcoming', blocked: 0 },
  { ...session, id: 's12', code: 'AG-PX5HC', own: false, staff_name: 'Maximiliane Oberhuber-Wieczorek', customer: mary, state: 'frozen', remaining_millis: 51 * MINUTE, last_page: null, blocked: 12 },
  { ...session, id: 's13', code: 'AG-2YB7N', own: false, staff_name: 'Ola Kim', customer: janek, mode: 'read_write', remaining_millis: 12 * MINUTE + 30_000, last_page: '/invoices/1042/with-a-rather-long-path/that-goes-on' },
];
const everybody: ConsoleView = { ...asLead, live: { ...asLead.live, sessions: others } };
const stopped: SessionView = { ...session, last_page: null };
const byLead: SessionView = { ...ended, ended_by: 'lead', ended_by_name: 'Noor Haddad', end_reason: 'Wrong Jane Doe: the ticket is about customer 1077' };
const end = (about: SessionView, rest: Partial<ConsoleView> = {}): ConsoleView => ({ ...found, ended: { session: about, duration_seconds: 664, asked_offline_at: null }, ...rest });

/** A session that runs, its end, and what is left of one in which the program died. */
export const sessionScenes = {
  'live-find': { ...found, session },
  'live-last-minutes': { ...found, session: { ...session, remaining_millis: 4 * MINUTE + 9000 } },
  'live-frozen': { ...found, connection: offline, queue: waiting, session: { ...session, state: 'frozen' } },
  'live-none': signedIn,
  'live-all': { ...everybody, session: { ...session, staff_name: lead.name } },
  'live-elsewhere': { ...signedIn, live: { ...signedIn.live, sessions: [session] } },
  'live-loading': { ...asLead, live: { ...asLead.live, loading: true } },
  'live-error': { ...everybody, live: { ...everybody.live, error: error('unavailable', null, '0c41d2aa') } },
  'live-offline': { ...everybody, connection: offline, queue: waiting },
  'live-offline-none': { ...asLead, connection: offline },
  'live-end-busy': { ...everybody, action: { kind: 'end_other_session', target: 's11', busy: true, error: null } },
  'live-end-failed': { ...everybody, action: { kind: 'end_other_session', target: 's11', busy: false, error: error('reason_is_filler') } },
  ended: end(ended),
  'ended-by-lead': end(byLead),
  'ended-lost': end({ ...ended, ended_by: 'console_lost' }, { queue: waiting }),
  'ended-stopped': end({ ...ended, ended_by: 'emergency_stop', ended_by_name: 'Sam Reyes', end_reason: 'A session cookie leaked, we look into it' }),
  'ended-offline': end({ ...ended, ended_by: null, ended_at: null }, { connection: offline, queue: waiting }),
  'ended-asked-offline': { ...found, ended: { session: { ...ended, ended_at: now - 90_000, ended_by: 'idle' }, duration_seconds: 664, asked_offline_at: now - 30_000 } },
  'note-saving': end(ended, { action: { kind: 'add_note', target: session.id, busy: true, error: null } }),
  'note-failed': end(ended, { action: { kind: 'add_note', target: session.id, busy: false, error: error('offline') } }),
  'note-saved': end({ ...ended, note: 'Charged once, the second line was a refund.\nTold Jane.' }),
  'recovered-running': { ...found, recovered: { session: stopped, kept: 0 } },
  recovered: { ...found, recovered: { session: { ...ended, ended_by: 'console_lost' }, kept: 7 } },
  'recovered-waiting': { ...found, connection: offline, queue: { ...waiting, waiting: 7 }, recovered: { session: { ...stopped, state: 'frozen' }, kept: 7 } },
} satisfies Record<string, ConsoleView>;
