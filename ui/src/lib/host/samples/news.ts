import type { ConsoleView } from '../../bindings/ConsoleView';
import type { NewsItemView } from '../../bindings/NewsItemView';
import { DAY, MINUTE, asLead, asSecurity, now, offline, waiting } from './common';

let place = 0;
const item = (ago: number, kind: string, rest: Partial<NewsItemView> = {}): NewsItemView => ({
  id: `n${(place += 1)}`,
  at: now - ago,
  kind,
  what: '',
  because: '',
  staff_name: null,
  device_name: null,
  portal_name: null,
  session_code: null,
  customer_name: null,
  by_name: 'Sana Ito',
  unread: false,
  ...rest,
});

/** Newest first. */
export const news: NewsItemView[] = [
  item(4 * MINUTE, 'break_glass_used', { unread: true, staff_name: 'Bo Nilsson', by_name: 'Bo Nilsson', session_code: 'AG-T5N3Y', customer_name: 'Jane Doe', because: 'Her dog is in surgery now and the vaccination record does not open for her' }),
  item(31 * MINUTE, 'staff_role_changed', { unread: true, staff_name: 'Ola Kim', what: 'lead', because: 'agent', by_name: null }),
  item(50 * MINUTE, 'policy_changed', { unread: true, what: '7f3a91c0d2e44b', by_name: null }),
  item(DAY, 'portal_enabled', { portal_name: 'Barkside', because: 'The invoices are right again' }),
  item(DAY + 40 * MINUTE, 'portal_disabled', { portal_name: 'Barkside', because: 'It shows customers other people’s invoices' }),
  item(2 * DAY, 'break_glass_reviewed', { staff_name: 'Maximiliane Oberhuber-Wieczorek', session_code: 'AG-J2M8P', what: 'not_justified', because: 'A lead was free the whole afternoon' }),
  item(2 * DAY + MINUTE, 'device_registered', { staff_name: 'Amy Lindgren', what: 'amy-thinkpad', by_name: 'Amy Lindgren' }),
  item(3 * DAY, 'device_revoked', { device_name: 'amy-old-laptop-that-was-left-on-a-train-between-brno-and-vienna', because: 'Left on a train, reported today' }),
  item(4 * DAY, 'staff_added', { staff_name: 'Ines Albrecht', what: 'agent', by_name: null }),
  item(5 * DAY, 'key_of_another_kind', { by_name: null }),
  item(6 * DAY, 'rules_changed', { portal_name: 'Barkside', what: '19ce04b7a1f2', because: 'receipt-address', by_name: null }),
  item(6 * DAY + 2 * MINUTE, 'portal_tested', { portal_name: 'Barkside', what: 'https://portal.barkside.example/', by_name: null }),
];

const told: ConsoleView = { ...asSecurity, news: { items: news, unread: 3 } };

/** What security is told of. */
export const newsScenes = {
  news: told,
  'news-lead': { ...asLead, news: { items: news.filter(({ kind }) => kind.startsWith('break_glass')), unread: 1 } },
  'news-none': asSecurity,
  'news-offline': { ...told, connection: offline, queue: waiting },
} satisfies Record<string, ConsoleView>;
