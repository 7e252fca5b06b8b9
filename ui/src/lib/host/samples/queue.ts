import type { QueueView } from '../../bindings/QueueView';

/** Nothing waits, nothing is in the way, and nobody has asked for anything. */
export const noQueue: QueueView = {
  waiting: 0,
  oldest_at: null,
  held: 0,
  hold: null,
  last_synced_at: null,
  next: { state: 'nothing' },
  retry: { state: 'idle' },
  refusal: null,
  free_disk_mebibytes: 42_000,
  replaced: null,
};
