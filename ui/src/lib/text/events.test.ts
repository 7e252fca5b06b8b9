import { describe, expect, it } from 'vitest';
import type { TrailEventView } from '../bindings/TrailEventView';
import { becauseWords, eventWords, groupOf, hintWords, lineKind, passes, whatWords, type TrailFilter } from './events';
import { chainWords, hiddenResources } from './trail';

const event = (kind: string, rest: Partial<TrailEventView> = {}): TrailEventView => ({
  id: 'e',
  occurred_at: 0,
  kind,
  source: 'server',
  what: '',
  because: '',
  blocked: false,
  resource: false,
  unsent: false,
  ...rest,
});

describe('events in words', () => {
  it('fall back to the name of a kind this version does not know', () => {
    expect(eventWords(event('page_viewed'))).toBe('Page');
    expect(eventWords(event('consent_given'))).toBe('Consent given');
    expect(eventWords(event(''))).toBe('Other event');
    expect(eventWords(event('toString'))).toBe('ToString');
    expect(hintWords(event('toString'))).toBeUndefined();
  });

  it('name attempts, alone or with their target, and keep what they do not know', () => {
    expect(whatWords(event('attempt_refused', { because: 'print' }))).toBe('Print');
    expect(whatWords(event('attempt_refused', { because: 'other_origin', what: 'https://cdn.example.net' }))).toBe('Other site https://cdn.example.net');
    expect(whatWords(event('attempt_refused', { because: 'toString' }))).toBe('toString');
    expect(whatWords(event('session_started', { what: 'read_only' }))).toBe('Read-only');
    const role = event('staff_role_changed', { what: 'lead', because: 'agent' });
    expect([whatWords(role), becauseWords(role)]).toEqual(['Lead', 'was Agent']);
    expect(whatWords(event('page_viewed', { what: '/print' }))).toBe('/print');
  });

  it('say why', () => {
    expect(becauseWords(event('session_ended', { because: 'expired' }))).toBe('when its time was up');
    const ended = event('session_ended', { because: 'staff' });
    expect(becauseWords(ended, { own: true, staff_name: 'Bo Nilsson' })).toBe('by you');
    expect(becauseWords(ended, { own: false, staff_name: 'Bo Nilsson' })).toBe('by Bo Nilsson');
    expect(becauseWords(event('session_ended', { because: 'something_new' }))).toBe('something_new');
    expect(becauseWords(event('curtain_drawn', { because: 'connection_lost' }))).toBe('connection lost');
    expect(becauseWords(event('request_blocked', { because: 'read-only' }))).toBe('rule read-only');
  });

  it('tell a page from what it loads and from where the window went', () => {
    const page = event('page_viewed');
    const resource = event('page_viewed', { resource: true });
    const wentTo = event('page_viewed', { source: 'console' });
    expect([page, resource, wentTo].map(eventWords)).toEqual(['Page', 'Resource', 'Went to']);
    expect([page, resource, wentTo].map(groupOf)).toEqual(['pages', 'resources', 'session']);
    for (const one of [page, resource, wentTo]) expect(hintWords(one)).toContain('counted');
    expect(lineKind(event('session_started', { source: 'console' }))).toBe('session_started');
  });

  it('pass exactly one filter, resources under none and with each', () => {
    const filters: TrailFilter[] = ['pages', 'blocked', 'session'];
    const lines = [
      event('page_viewed'),
      event('page_viewed', { source: 'console' }),
      event('request_blocked', { blocked: true }),
      event('session_started'),
      event('news'),
    ];
    for (const one of lines) {
      expect(filters.filter((filter) => passes(one, filter, false))).toHaveLength(1);
      expect(passes(one, 'all', false)).toBe(true);
    }
    const resource = event('page_viewed', { resource: true });
    for (const filter of [...filters, 'all' as const]) {
      expect(passes(resource, filter, false)).toBe(false);
      expect(passes(resource, filter, true)).toBe(true);
    }
    // A refused one is hidden from nobody.
    expect(passes(event('request_blocked', { blocked: true, resource: true }), 'all', false)).toBe(true);
  });

  it('are said to be held back when they are', () => {
    expect(hiddenResources(1)).toMatch(/^1 resource is not listed/);
    expect(hiddenResources(20)).toMatch(/^20 resources are not listed/);
  });

  it('hang on a chain whose state is said in words', () => {
    const trail = { session: 's', loading: false, about: null, events: [], chain_whole: true, checked_at: 1_000, error: null };
    expect(chainWords(trail, 2_000)).toBe('whole, checked just now');
    expect(chainWords(trail, 121_000)).toBe('whole, checked 2 min ago');
    expect(chainWords({ ...trail, chain_whole: false }, 2_000)).toBe('broken: tell security');
    expect(chainWords({ ...trail, checked_at: null }, 2_000)).toBe('not checked yet');
  });
});
