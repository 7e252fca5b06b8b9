import type { ConnectionView } from '../bindings/ConnectionView';
import type { QueueView } from '../bindings/QueueView';
import { age, timeOfDay } from './times';

/** The journal's queue: `synced`, `12 waiting, oldest 3 min`, `12 waiting, oldest 3 min, 2 held`. */
export function queueWords(queue: QueueView, now: number): string {
  const parts: string[] = [];
  if (queue.waiting > 0) {
    parts.push(`${queue.waiting} waiting`);
    if (queue.oldest_at !== null) parts.push(`oldest ${age(now - queue.oldest_at)}`);
  }
  if (queue.held > 0) parts.push(`${queue.held} held: see why`);
  return parts.length > 0 ? parts.join(', ') : 'synced';
}

export function connectionWords(connection: ConnectionView): string {
  switch (connection.state) {
    case 'connecting':
      return 'connecting';
    case 'online':
      return 'online';
    case 'offline':
      return `offline since ${timeOfDay(connection.since)}`;
  }
}

/**
 * Both in as few words as say it: online goes without saying, and offline with nothing waiting is not called synced,
 * since nobody can know then what the server holds.
 */
export function footWords(connection: ConnectionView, queue: QueueView, now: number): string[] {
  const words = queueWords(queue, now);
  if (queue.refusal !== null) return [...(connection.state === 'online' ? [] : [connectionWords(connection)]), ...(words === 'synced' ? [] : [words]), 'no session can start: see why'];
  if (connection.state === 'online') return [words];
  return words === 'synced' ? [connectionWords(connection), 'nothing waiting'] : [connectionWords(connection), words];
}
