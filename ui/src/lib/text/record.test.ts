import { describe, expect, it } from 'vitest';
import type { HoldView } from '../bindings/HoldView';
import type { NextDeliveryView } from '../bindings/NextDeliveryView';
import type { RetryView } from '../bindings/RetryView';
import { noQueue } from '../host/samples/queue';
import { HOLDS, RECORD, bytesWords, limitsOf, nextWords, oldestWords, retryWords, stateSentence } from './record';

const now = new Date(2026, 10, 21, 14, 5).getTime();
const MINUTE = 60_000;
const online = { state: 'online' } as const;
const offline = { state: 'offline', since: now - 3 * MINUTE } as const;
const waits = { ...noQueue, waiting: 12, oldest_at: now - 3 * MINUTE };
const limits = {
  max_duration_seconds: 3600,
  idle_seconds: 600,
  silence_seconds: 5,
  lost_after_seconds: 120,
  max_extensions: 2,
  extension_seconds: 900,
  max_unsent_age_seconds: 86_400,
  min_free_disk_mebibytes: 100,
};

describe('the record on this computer in words', () => {
  it('claims that everything has arrived only while the server is heard', () => {
    expect(stateSentence(online, noQueue)).toBe('Everything has arrived at the server.');
    expect(stateSentence(offline, noQueue)).toBe('Nothing waits here.');
    expect(stateSentence(offline, waits)).toBe('12 records wait to be sent.');
    expect(stateSentence(online, { ...waits, held: 1, hold: 'fork' })).toBe('Sending has stopped.');
  });

  it('says of each hold what happened, what was kept and what to do', () => {
    for (const reason of Object.keys(HOLDS) as HoldView[]) {
      for (const sentence of Object.values(HOLDS[reason])) expect(sentence).toMatch(/^\p{Lu}.*\.$/u);
    }
    expect(HOLDS.fork.kept).toContain('nothing was overwritten');
  });

  it.each<[NextDeliveryView, string]>([
    [{ state: 'again', at: now + 41_000 }, 'tries again by itself in 41 s'],
    [{ state: 'again', at: now - 5 }, 'tries again by itself now'],
    [{ state: 'asked_to_wait', until: now + 10 * MINUTE }, 'the server asked to wait until 14:15'],
    [{ state: 'held' }, 'nothing by itself: somebody has to look first'],
    [{ state: 'nothing' }, 'nothing to send'],
  ])('says what comes next: %o', (next, words) => {
    expect(nextWords(next, now)).toBe(words);
  });

  it('says that it waits for a sign-in', () => {
    expect(nextWords({ state: 'sign_in_first', at: now + 60_000 }, now)).toMatch(/^waits for a sign-in/);
  });

  it.each<[RetryView, string]>([
    [{ state: 'sent', records: 12 }, '12 records were sent. Nothing waits any more.'],
    [{ state: 'nothing_waits' }, 'There was nothing to send.'],
    [{ state: 'idle' }, ''],
  ])('says what trying again did: %o', (retry, words) => {
    expect(retryWords(retry, noQueue, online)).toBe(words);
  });

  it('never says that something was sent when nothing was', () => {
    const notTaken = { state: 'not_taken' } as const;
    expect(retryWords(notTaken, waits, offline)).toBe('Tried: the server was not reached. Nothing was sent, and nothing is lost.');
    expect(retryWords(notTaken, { ...waits, held: 1 }, online)).toMatch(/stopped before the same record again\. Nothing was sent\.$/);
    expect(retryWords({ state: 'asked_to_wait' }, waits, online)).toMatch(/^Not tried/);
    expect(retryWords({ state: 'sent', records: 1 }, waits, online)).toBe('1 record was sent. 12 still wait.');
  });

  it('says how close each limit is', () => {
    const half = limitsOf({ ...noQueue, oldest_at: now - 12 * 60 * MINUTE, free_disk_mebibytes: 99 }, limits, now);
    expect(half.map(({ is, limit, near }) => [is, limit, near])).toEqual([
      ['12 h', 'at most 24 h', 0.5],
      ['99 MiB', 'at least 100 MiB', 1],
    ]);
    const far = limitsOf({ ...noQueue, free_disk_mebibytes: 42_000 }, limits, now);
    expect(far.map(({ is, near }) => [is, near])).toEqual([
      ['nothing waits', 0],
      ['41 GiB', 0],
    ]);
    expect(limitsOf({ ...noQueue, free_disk_mebibytes: null }, limits, now)[1]).toMatchObject({ is: RECORD.diskUnknown, near: null });
    // At the limit itself a session still starts.
    expect(limitsOf({ ...noQueue, free_disk_mebibytes: 100 }, limits, now)[1]?.near).toBe(0.99);
    expect([bytesWords(640), bytesWords(2048)]).toEqual(['640 MiB', '2 GiB']);
    expect(oldestWords(waits, now)).toBe('3 min, from today 14:02');
  });
});
