import type { SessionView } from '../bindings/SessionView';
import type { TrailSource } from '../bindings/TrailSource';
import type { TrailView } from '../bindings/TrailView';
import { ago, counted } from './times';

export const TRAIL = {
  search: 'Customer, code or ticket',
  noMatch: 'No session matches',
  loading: 'Fetching your sessions',
  offlineTitle: 'You are offline',
  offline: 'Your sessions can be listed once the server is reached. Nothing that was recorded is lost.',
  stale: 'Offline: as when the server was last reached',
} as const;

/** Whether a session is meant by what was typed over the list. */
export function sessionMatches(session: SessionView, wanted: string): boolean {
  const { customer, code, reason } = session;
  const text = [customer.name, customer.email, `#${customer.id}`, code, reason.ticket ?? ''].join(' ').toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export const SOURCES: Record<TrailSource, string> = { console: 'console', server: 'server' };

/** The chain's state: `whole, checked just now`; `broken: tell security`. */
export function chainWords(trail: TrailView, now: number): string {
  if (trail.checked_at === null) return 'not checked yet';
  if (!trail.chain_whole) return 'broken: tell security';
  return `whole, checked ${ago(now - trail.checked_at)}`;
}

/** Said under a list that keeps something back. */
export const hiddenResources = (count: number): string =>
  `${counted(count, 'resource is', 'resources are')} not listed: styles, scripts, images and data that pages load on their own.`;
