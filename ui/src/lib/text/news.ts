import type { NewsItemView } from '../bindings/NewsItemView';
import { OUTCOMES } from './break_glass';
import { EVENTS } from './events';
import { ROLES } from './sessions';
import { counted } from './times';

/** Words of what security is told of. */
export const NEWS = {
  title: 'News',
  hint: 'Changes of staff, devices, portals, rules, keys and policy, tests of portals, stops, and break-glass, of the last seven days.',
  hintReviewer: 'Break-glass of the last seven days.',
  none: 'Nothing has changed',
  noneHint: 'What is changed is told here at once, and on the desktop.',
  stale: 'You are offline. This is how it was when the server was last reached.',
  unread: 'new',
  operator: 'at the server itself',
} as const;

export const unreadWords = (count: number): string => (count === 0 ? 'Nothing new since you looked last' : `${counted(count, 'piece', 'pieces')} of news since you looked last`);

const OUTCOME: Readonly<Record<string, string>> = { justified: OUTCOMES.justified.toLowerCase(), not_justified: OUTCOMES.not_justified.toLowerCase() };

const known = (table: Readonly<Record<string, string>>, key: string): string => (Object.hasOwn(table, key) ? (table[key] ?? key) : key);

/** The kind in words; one from a newer version keeps its own name. */
export function newsTitle({ kind }: NewsItemView): string {
  if (Object.hasOwn(EVENTS, kind)) return EVENTS[kind as keyof typeof EVENTS];
  const words = kind.replaceAll('_', ' ').trim();
  return words === '' ? EVENTS.unknown : words.charAt(0).toUpperCase() + words.slice(1);
}

/** What or whom it is about, with what was made of it. */
export function newsAbout(item: NewsItemView): string {
  const said = item.because === '' ? '' : `“${item.because}”`;
  const parts = (...list: (string | null)[]): string => list.filter((part) => part !== null && part !== '').join(', ');
  switch (item.kind) {
    case 'staff_role_changed':
      return parts(item.staff_name, `${known(ROLES, item.because)} until now, ${known(ROLES, item.what)} from now on`);
    case 'staff_added':
      return parts(item.staff_name, known(ROLES, item.what));
    case 'device_registered':
      return parts(item.what || item.device_name, item.staff_name);
    case 'device_revoked':
      return parts(item.device_name, said);
    case 'break_glass_used':
      return parts(item.session_code, item.customer_name && `viewing as ${item.customer_name}`, said);
    case 'break_glass_reviewed':
      return parts(item.staff_name, item.session_code, known(OUTCOME, item.what), said);
    case 'policy_changed':
      // A hash: enough of it to tell one policy from another.
      return item.what === '' ? '' : `now ${item.what.slice(0, 12)}`;
    case 'rules_changed':
      return parts(
        item.portal_name,
        item.what === '' ? '' : `now ${item.what.slice(0, 12)}`,
        item.because === '' ? '' : `takes off the never-list: ${item.because}`,
      );
    default:
      return parts(item.staff_name, item.portal_name, item.what, said);
  }
}

export const newsBy = (item: NewsItemView): string => (item.by_name === null ? NEWS.operator : `by ${item.by_name}`);
