import type { ConsoleView } from '../../bindings/ConsoleView';
import type { HoldView } from '../../bindings/HoldView';
import { MINUTE, error, now, offline, signedIn, waiting } from './common';
import { session } from './session';

const held = (hold: HoldView): ConsoleView => ({ ...signedIn, queue: { ...waiting, held: 1, hold, next: { state: 'held' } } });

/** What waits on this computer. */
export const recordScenes = {
  record: signedIn,
  'record-waiting': { ...signedIn, queue: { ...waiting, next: { state: 'again', at: now + 41_500 } } },
  'record-offline': { ...signedIn, connection: offline, queue: { ...waiting, retry: { state: 'not_taken' } } },
  'record-frozen': { ...signedIn, connection: offline, queue: waiting, session: { ...session, state: 'frozen' } },
  'record-held': { ...held('fork'), queue: { ...held('fork').queue, retry: { state: 'not_taken' } } },
  'record-unreadable': held('unreadable'),
  'record-asked-to-wait': { ...signedIn, queue: { ...waiting, next: { state: 'asked_to_wait', until: now + 10 * MINUTE }, retry: { state: 'asked_to_wait' } } },
  'record-sign-in': { ...signedIn, queue: { ...waiting, next: { state: 'sign_in_first', at: now + 51_500 } } },
  'record-full': { ...signedIn, queue: { ...waiting, oldest_at: now - 25 * 60 * MINUTE, free_disk_mebibytes: 64, refusal: error('disk_too_full', '100 MiB') } },
  'record-near': { ...signedIn, connection: offline, queue: { ...waiting, oldest_at: now - 19 * 60 * MINUTE, free_disk_mebibytes: 230 } },
  'record-replaced': { ...signedIn, queue: { ...signedIn.queue, replaced: { cause: 'damaged', file: '~/.local/share/amberglass/journal-019b0a3e-chain-1-set-aside-1780000000000.sqlite' } } },
  'record-missing': { ...signedIn, queue: { ...signedIn.queue, replaced: { cause: 'missing', file: null } } },
  'record-failed': { ...signedIn, queue: { ...signedIn.queue, last_synced_at: null, next: { state: 'closed' }, free_disk_mebibytes: null, refusal: error('journal_unavailable') } },
} satisfies Record<string, ConsoleView>;
