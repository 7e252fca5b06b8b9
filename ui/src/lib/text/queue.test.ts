import { describe, expect, it } from 'vitest';
import { noQueue } from '../host/samples/queue';
import { footWords, queueWords } from './queue';

const now = new Date(2026, 10, 21, 14, 5).getTime();
const queue = noQueue;
const offline = { state: 'offline', since: new Date(2026, 10, 21, 14, 2).getTime() } as const;

describe('the queue in words', () => {
  it('is synced when nothing waits', () => {
    expect(queueWords(queue, now)).toBe('synced');
  });

  it('says how many wait and since when', () => {
    expect(queueWords({ ...queue, waiting: 12, oldest_at: now - 3 * 60_000 - 5_000 }, now)).toBe('12 waiting, oldest 3 min');
    expect(queueWords({ ...queue, waiting: 1, oldest_at: now - 2_000 }, now)).toBe('1 waiting, oldest under 1 min');
  });

  it('never hides what the server refuses', () => {
    expect(queueWords({ ...queue, held: 2 }, now)).toBe('2 held: see why');
  });

  it('does not claim to be synced while offline', () => {
    expect(footWords(offline, queue, now)).toEqual(['offline since 14:02', 'nothing waiting']);
    expect(footWords(offline, { ...queue, waiting: 3 }, now)).toEqual(['offline since 14:02', '3 waiting']);
    expect(footWords({ state: 'online' }, queue, now)).toEqual(['synced']);
    const refusal = { code: 'disk_too_full', about: '100 MiB', reference: '', retry: true } as const;
    expect(footWords({ state: 'online' }, { ...queue, refusal }, now)).toEqual(['no session can start: see why']);
    expect(footWords(offline, { ...queue, waiting: 3, refusal }, now)).toEqual(['offline since 14:02', '3 waiting', 'no session can start: see why']);
    expect(footWords({ state: 'connecting' }, queue, now)).toEqual(['connecting', 'nothing waiting']);
  });
});
