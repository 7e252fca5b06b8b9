import { describe, expect, it } from 'vitest';
import type { TrailEventView } from '../bindings/TrailEventView';
import { CONTRADICTIONS, ERASED_HINT, LOSSES, becauseWords, eventWords, explanation, groupOf, hintWords, isAddress, lineKind, lineMatches, passes, whatWords, type TrailFilter } from './events';
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
  erased: false,
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

  it('tell an answer in which a masked value was shown from all others, and hide it behind nothing', () => {
    const seen = event('page_viewed', { what: '/api/me', because: 'phone-number /phone', resource: true });
    expect([eventWords(seen), whatWords(seen), becauseWords(seen), groupOf(seen)]).toEqual(['Masked value shown', '/api/me', 'phone-number /phone', 'session']);
    expect(groupOf({ ...seen, resource: false })).toBe('pages');
    expect(passes(seen, 'all', false)).toBe(true);
    const asked = event('field_unmasked', { what: 'phone-number /phone', because: 'She asks which number we ring' });
    expect([eventWords(asked), whatWords(asked), becauseWords(asked)]).toEqual(['Masked value may be shown', 'phone-number /phone', 'She asks which number we ring']);
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

  it('that wait stand under Unsent as well as under their own filter', () => {
    const waits = event('page_viewed', { unsent: true });
    expect([passes(waits, 'unsent', false), passes(waits, 'pages', false), passes(waits, 'blocked', false)]).toEqual([true, true, false]);
    expect(passes(event('page_viewed', { unsent: true, resource: true }), 'unsent', false)).toBe(true);
    expect(passes(event('page_viewed'), 'unsent', true)).toBe(false);
  });

  it('are found by every word that is typed, in whatever the line says', () => {
    const line = event('request_blocked', { what: 'POST /invoices/1042/pay', because: 'read-only-method', blocked: true });
    for (const typed of ['', '  ', 'invoices', 'PAY blocked', 'rule read-only', 'server', 'changed something']) expect(lineMatches(line, typed)).toBe(true);
    for (const typed of ['messages', 'invoices messages', 'unsent']) expect(lineMatches(line, typed)).toBe(false);
    expect(lineMatches({ ...line, unsent: true }, 'unsent')).toBe(true);
  });

  it('say why something was blocked, also by a rule of a newer server', () => {
    const blocked = (because: string) => explanation(event('request_blocked', { because, blocked: true }));
    expect(blocked('never-password')).toBe('Passwords are never changed in a session.');
    expect(blocked('never-something-new')).toBe('This is never done in a session.');
    expect(blocked('path-dot-segment')).toMatch(/taken for another/);
    expect(blocked('toString')).toBe('A rule that this portal’s owner wrote stopped it.');
    expect(explanation(event('attempt_refused', { because: 'print', blocked: true }))).toBe('Printing is off in this session.');
    expect(explanation(event('page_viewed'))).toBe('');
  });

  it('that were erased say so and nothing else', () => {
    const gone = event('page_viewed', { erased: true });
    expect([whatWords(gone), becauseWords(gone), isAddress(gone), hintWords(gone)]).toEqual(['erased', '', false, ERASED_HINT]);
  });

  it('of an approval say what was asked for and decided, and why it lapsed', () => {
    const said = (kind: string, what: string, because = '') => [eventWords, whatWords, becauseWords].map((words) => words(event(kind, { what, because })));
    expect(said('approval_requested', 'read_write', 'Invoice 1042')).toEqual(['Approval asked for', 'Read-write', 'Invoice 1042']);
    expect(said('approval_decided', 'deny', 'Ask security')).toEqual(['Decided', 'Denied', 'Ask security']);
    expect(said('approval_lapsed', 'approved')).toEqual(['Approval lapsed', 'nothing had begun', '']);
    expect(said('approval_lapsed', 'pending', 'policy_changed')[2]).toBe('the policy says something else by now');
    expect(said('policy_changed', '7f3a91c0aa55bb66')[1]).toBe('7f3a91c0aa55');
  });

  it('about journals and chains name their cause in words', () => {
    const words = (kind: string, because: string) => becauseWords(event(kind, { because }));
    expect(Object.keys(LOSSES).map((cause) => words('journal_replaced', cause))).toEqual(Object.values(LOSSES));
    for (const kind of ['server_contradicted', 'chain_contradicted']) {
      expect(Object.keys(CONTRADICTIONS).map((cause) => words(kind, cause))).toEqual(Object.values(CONTRADICTIONS));
    }
    expect(words('journal_replaced', 'toString')).toBe('toString');
    expect(whatWords(event('trail_exported', { what: 'json_lines' }))).toBe('as JSON Lines');
  });

  it('are said to be held back when they are', () => {
    expect(hiddenResources(1)).toMatch(/^1 resource is not listed/);
    expect(hiddenResources(20)).toMatch(/^20 resources are not listed/);
  });

  it('hang on a chain whose state is said in words', () => {
    const trail = { session: 's', loading: false, about: null, events: [], chain_whole: true, checked_at: 1_000, error: null, export: { state: 'idle' as const } };
    expect(chainWords(trail, 2_000)).toBe('whole, checked just now');
    expect(chainWords(trail, 121_000)).toBe('whole, checked 2 min ago');
    expect(chainWords({ ...trail, chain_whole: false }, 2_000)).toBe('broken: tell security');
    expect(chainWords({ ...trail, checked_at: null }, 2_000)).toBe('not checked yet');
  });
});
