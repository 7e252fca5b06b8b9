import { describe, expect, it } from 'vitest';
import type { TrailEventView } from '../bindings/TrailEventView';
import { becauseWords, eventWords, passes, whatWords } from './events';
import { chainWords } from './trail';

const event = (kind: string, rest: Partial<TrailEventView> = {}): TrailEventView => ({
  id: 'e',
  occurred_at: 0,
  kind,
  source: 'server',
  what: '',
  because: '',
  blocked: false,
  unsent: false,
  ...rest,
});

describe('events in words', () => {
  it('fall back to the name of a kind this version does not know', () => {
    expect(eventWords('page_viewed')).toBe('Page');
    expect(eventWords('consent_given')).toBe('Consent given');
    expect(eventWords('')).toBe('Other event');
    expect(eventWords('toString')).toBe('ToString');
  });

  it('name attempts, alone or with their target, and keep what they do not know', () => {
    expect(whatWords(event('attempt_refused', { because: 'print' }))).toBe('Print');
    expect(whatWords(event('attempt_refused', { because: 'other_origin', what: 'https://cdn.example.net' }))).toBe('Other site https://cdn.example.net');
    expect(whatWords(event('attempt_refused', { because: 'toString' }))).toBe('toString');
    expect(whatWords(event('session_started', { what: 'read_only' }))).toBe('Read-only');
    expect(whatWords(event('page_viewed', { what: '/print' }))).toBe('/print');
  });

  it('say why', () => {
    expect(becauseWords(event('session_ended', { because: 'expired' }))).toBe('when its time was up');
    expect(becauseWords(event('session_ended', { because: 'something_new' }))).toBe('something_new');
    expect(becauseWords(event('curtain_drawn', { because: 'connection_lost' }))).toBe('connection lost');
    expect(becauseWords(event('request_blocked', { because: 'read-only' }))).toBe('rule read-only');
  });

  it('are each in exactly one group', () => {
    for (const one of [event('page_viewed'), event('request_blocked', { blocked: true }), event('session_started'), event('news')]) {
      expect((['pages', 'blocked', 'session'] as const).filter((filter) => passes(one, filter))).toHaveLength(1);
      expect(passes(one, 'all')).toBe(true);
    }
  });

  it('hang on a chain whose state is said in words', () => {
    const trail = { session: 's', loading: false, about: null, events: [], chain_whole: true, checked_at: 1_000, error: null };
    expect(chainWords(trail, 2_000)).toBe('whole, checked just now');
    expect(chainWords(trail, 121_000)).toBe('whole, checked 2 min ago');
    expect(chainWords({ ...trail, chain_whole: false }, 2_000)).toBe('broken: tell security');
    expect(chainWords({ ...trail, checked_at: null }, 2_000)).toBe('not checked yet');
  });
});
