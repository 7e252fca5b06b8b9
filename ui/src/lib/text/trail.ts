import type { SessionView } from '../bindings/SessionView';
import type { TrailSource } from '../bindings/TrailSource';
import type { TrailView } from '../bindings/TrailView';
import { ago, counted } from './times';
import type { ExportView } from '../bindings/ExportView';
import type { TrailFormat } from '../bindings/TrailFormat';

export const TRAIL = {
  search: 'Customer, code or ticket',
  noMatch: 'No session matches',
  searchLines: 'Search in this trail',
  noLine: 'No line matches.',
  export: 'Save to a file',
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

/** Said over the lines as long as some have not arrived. */
export const unsentWords = (count: number): string =>
  `${counted(count, 'line waits', 'lines wait')} on this computer and ${count === 1 ? 'has' : 'have'} not reached the server.`;

export const EXPORT = {
  title: 'Save this trail to a file',
  hint: 'First it goes on record that you took it along; then the file is written, readable for you alone.',
  whole: 'All of it is saved, whatever is filtered.',
  personal: 'It holds what is recorded about a customer. Keep it only as long as you need it.',
  choose: 'Choose a file',
  cancel: 'Cancel',
} as const;

export const FORMATS: Record<TrailFormat, { name: string; note: string }> = {
  json_lines: { name: 'JSON Lines', note: 'The records as they are, one per line. For checking.' },
  csv: { name: 'CSV', note: 'A table. For reading in a spreadsheet.' },
};

/** What became of it; a failure has words of its own. */
export function exportWords(view: ExportView): string {
  switch (view.state) {
    case 'idle':
    case 'failed':
      return '';
    case 'choosing':
      return 'Choose a file in the dialog that has opened.';
    case 'writing':
      return 'Writing the file.';
    case 'done':
      return `${counted(view.records, 'record was', 'records were')} saved as ${view.file}. That is on record.`;
  }
}

/** Said under a list that keeps something back. */
export const hiddenResources = (count: number): string =>
  `${counted(count, 'resource is', 'resources are')} not listed: styles, scripts, images and data that pages load on their own.`;
