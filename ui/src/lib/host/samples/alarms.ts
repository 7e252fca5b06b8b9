import type { AlarmView } from '../../bindings/AlarmView';
import type { AlarmWhat } from '../../bindings/AlarmWhat';
import type { ConsoleView } from '../../bindings/ConsoleView';
import { DAY, MINUTE, asLead, now, offline, signedIn } from './common';

const alarm = (id: string, ago: number, what: AlarmWhat, rest: Partial<AlarmView> = {}): AlarmView => ({
  id,
  raised_at: now - ago,
  what,
  device_name: 'amy-thinkpad',
  session: null,
  session_code: null,
  staff_name: null,
  customer_name: null,
  ...rest,
});

const ofSession = { session: 's9', session_code: 'AG-7K2QX', staff_name: 'Amy Lindgren', customer_name: 'Mary Jane Whitcombe-Featherstonehaugh' };

/** Newest first, one of each kind. */
export const alarms: AlarmView[] = [
  alarm('al1', 2 * MINUTE, { kind: 'session_mismatch', missing_at_console: ['page_viewed /invoices/1042', 'page_viewed /account'], missing_at_server: [] }, ofSession),
  alarm('al2', 40 * MINUTE, { kind: 'journal_replaced', cause: 'damaged', named: 412, held: 418 }),
  alarm('al3', 3 * 60 * MINUTE, { kind: 'chain_contradicted', cause: 'rolled_back', of_server: false, held: 418, shown: 97 }, { device_name: 'front-desk-2' }),
  alarm('al4', DAY, { kind: 'server_contradicted', cause: 'rolled_back', held: 90_210, shown: 88_004 }),
  alarm('al5', DAY, { kind: 'chain_contradicted', cause: 'fork', of_server: true, held: 90_210, shown: 90_100 }, { device_name: null }),
  alarm('al7', DAY + MINUTE, { kind: 'not_taken', is_policy: false, why: 'The rules in /etc/amberglass/barkside.toml are not understood: it is no file of rules: line 14: unknown field `methods`.' }, { device_name: null }),
  alarm('al6', 2 * DAY, { kind: 'other', event: 'portal_contradicted' }, { device_name: null }),
];

const raised: ConsoleView = {
  ...asLead,
  rights: { ...asLead.rights, see_alarms: true },
  alarms: { open: alarms.length, newest: alarms },
};

/** What security and admins see of what does not agree. */
export const alarmScenes = {
  alarms: raised,
  'alarms-one': { ...raised, alarms: { open: 1, newest: alarms.slice(0, 1) } },
  'alarms-many': { ...raised, alarms: { open: 61, newest: alarms } },
  'alarms-offline': { ...raised, connection: offline },
  'alarms-none': signedIn,
} as const satisfies Record<string, ConsoleView>;
