import { fireEvent, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConsoleView } from '../../lib/bindings/ConsoleView';
import { consoleScenes as scenes, emptyInbox, given, reviews, session, toDecide } from '../../lib/host/samples';
import { isShown, press, shown, type, value, words } from '../../test_console';

beforeEach(() => void vi.useFakeTimers({ now: Date.now() }));
afterEach(() => void vi.useRealTimers());

const key = (pressed: string, rest: Partial<KeyboardEvent> = {}) => fireEvent.keyDown(document.activeElement ?? window, { key: pressed, ...rest });
const settled = () => vi.advanceTimersByTimeAsync(0);
const focused = () => document.activeElement?.id;
const FOUND = 'A lead was free the whole afternoon';
const [overdue, plain] = reviews as [(typeof reviews)[0], (typeof reviews)[0]];

const at = async (scene: ConsoleView, row: string) => {
  const opened = await shown(scene);
  await press('nav-inbox');
  await press(row);
  await settled();
  return opened;
};

describe('break-glass that waits for a review', () => {
  it('is counted, and stands apart from the requests, first in the list', async () => {
    await shown(scenes['inbox-reviews']);
    expect(words('nav-inbox')).toContain('5');
    await press('nav-inbox');
    const rows = [...screen.getByTestId('inbox-list').querySelectorAll('button')].map((row) => row.id);
    expect(rows.slice(0, 4)).toEqual(['review-g1', 'review-g2', 'review-g3', 'request-q1']);
  });

  it('says in words and with an icon how long nobody has reviewed it', async () => {
    await shown(scenes['inbox-reviews']);
    await press('nav-inbox');
    expect(words('review-g1')).toMatch(/2 days.*overdue/s);
    expect(words('review-g2')).toMatch(/2 h.*unreviewed/s);
    expect(words('review-g3')).toMatch(/runs.*unreviewed/s);
    expect(screen.getByTestId('review-g1').querySelector('svg')).not.toBeNull();
  });

  it('shows who, whom, the emergency as it was stated, the label of the reason, and the way to the trail', async () => {
    const { asked } = await at(scenes['inbox-reviews-alone'], 'review-g1');
    for (const said of ['Maximiliane Oberhuber-Wieczorek broke the glass to look at Mary Jane', overdue.session.emergency!, 'Billing question', 'AG-J2M8P']) expect(words('request')).toContain(said);
    expect(words('review-state')).toContain('Nobody has reviewed it for 2 days.');
    await press('review-trail');
    expect(asked('open_trail')).toEqual([{ session: 'g1' }]);
  });

  it('is reviewed by keyboard, with a note that says something, and the next one is one step away', async () => {
    const { asked, show } = await at(scenes['inbox-reviews-alone'], 'review-g1');
    await key('j');
    await settled();
    expect(focused()).toBe('review-note');
    await key('Escape');
    await settled();
    expect(focused()).toBe('review-justified');
    await key('n');
    await settled();
    expect(words('review-sentence')).toContain('was not justified. A review can’t be changed afterwards.');
    await key('Enter', { ctrlKey: true });
    expect(asked('review_break_glass')).toEqual([]);
    await type('review-note', FOUND);
    await key('Enter', { ctrlKey: true });
    expect(asked('review_break_glass')).toEqual([{ session: 'g1', outcome: 'not_justified', note: FOUND }]);
    const action = { kind: 'review_break_glass', target: 'g1', error: null } as const;
    await show({ ...scenes['inbox-reviews-alone'], action: { ...action, busy: true } });
    const reviewed = { ...overdue, outcome: 'not_justified', note: FOUND, reviewed_at: Date.now(), reviewed_by_name: 'Sana Ito' } as const;
    await show({ ...scenes['inbox-reviews-alone'], inbox: { ...emptyInbox, reviews: reviews.slice(1), reviewed }, action: { ...action, busy: false } });
    await settled();
    expect(words('review-done')).toContain('Recorded: “Not justified”.');
    await press('review-next');
    await settled();
    expect(words('request')).toContain(plain.session.emergency!);
  });

  it('keeps what was written when the review is not taken', async () => {
    const { show } = await at(scenes['inbox-reviews'], 'review-g2');
    await press('review-justified');
    await type('review-note', FOUND);
    await press('review-confirm');
    const action = { kind: 'review_break_glass', target: 'g2' } as const;
    await show({ ...scenes['inbox-reviews'], action: { ...action, busy: true, error: null } });
    await show({ ...scenes['inbox-reviews'], action: { ...action, busy: false, error: { code: 'audit_unavailable', about: null, reference: '7f3a91c0', retry: true } } });
    expect(words('review-error')).toContain('Not reviewed: The server could not write its record');
    expect(value('review-note')).toBe(FOUND);
  });

  it('says whose review stands where somebody was faster', async () => {
    await shown(scenes['inbox-reviewed']);
    await settled();
    expect(words('review-done')).toContain('Sana Ito was faster and recorded “Not justified”');
    expect(words('review-done')).toContain(FOUND);
  });

  it('can only be ended while it runs, by whoever may', async () => {
    const { asked, show } = await at(scenes['inbox-reviews'], 'review-g3');
    await key('j');
    expect(isShown('review-note')).toBe(false);
    await press('review-end');
    await type('dialog-reason', 'She has what she needs by now');
    await press('dialog-confirm');
    expect(asked('end_other_session')).toEqual([{ session: 'g3', reason: 'She has what she needs by now' }]);
    await show({ ...scenes['inbox-reviews'], rights: { ...scenes['inbox-reviews'].rights, end_any: false } });
    expect(isShown('review-end')).toBe(false);
  });

  it('opens from its notification', async () => {
    const { show } = await shown(scenes['inbox-reviews']);
    await show({ ...scenes['inbox-reviews'], focus: { number: 1, opens: { what: 'review', session: 'g2' } } });
    await settled();
    expect(words('request')).toContain('Bo Nilsson broke the glass to look at Jane Doe');
  });
});

describe('an approval that one has given', () => {
  it('is withdrawn with a reason, from its page', async () => {
    const { asked } = await at(scenes['inbox-given'], 'request-v1');
    expect(words('given')).toContain('The session runs.');
    await press('withdraw-approval');
    expect(words('withdraw-approval-dialog')).toContain('The session ends and its page is covered at once');
    await press('dialog-confirm');
    expect(asked('withdraw_request')).toEqual([]);
    await type('dialog-reason', 'The customer has called and wants it stopped');
    await press('dialog-confirm');
    expect(asked('withdraw_request')).toEqual([{ request: 'v1', reason: 'The customer has called and wants it stopped' }]);
  });

  it('is offered beside its running session, and beside no other', async () => {
    const { asked } = await shown(scenes['live-given']);
    await press('nav-live');
    const [used] = given as [(typeof given)[0]];
    expect(isShown('withdraw-approval-g3')).toBe(false);
    await press(`withdraw-approval-${used.session}`);
    await type('dialog-reason', 'The customer has called and wants it stopped');
    await press('dialog-confirm');
    expect(asked('withdraw_request')).toEqual([{ request: 'v1', reason: 'The customer has called and wants it stopped' }]);
  });

  it('says when it does not hold any more', async () => {
    const { show } = await at(scenes['inbox-given'], 'request-v1');
    await show({ ...scenes['inbox-given'], inbox: { ...emptyInbox, given: given.slice(1) } });
    await settled();
    expect(words('given')).toContain('It does not hold any more');
    expect(isShown('withdraw-approval')).toBe(false);
  });
});

describe('an approval of one change that one has given', () => {
  it('is not offered beside the session in which it was blocked', async () => {
    await shown(scenes['live-given-writes']);
    await press('nav-live');
    expect(isShown('live-list')).toBe(true);
    expect(isShown(`withdraw-approval-${session.id}`)).toBe(false);
  });

  it('says what it lets be sent and until when, and that withdrawing it ends no session', async () => {
    await at(scenes['inbox-given-writes'], 'request-v4');
    expect(words('request')).toContain('You let Bo Nilsson send one change for Jane Doe');
    expect(words('given')).toContain('Not sent, lapses at');
    expect(words('request')).not.toContain('Granted');
    await press('withdraw-approval');
    expect(words('withdraw-approval-dialog')).toContain('The change can’t be sent any more, and the session goes on. Bo Nilsson is told');
  });

  it('can’t be withdrawn once it was sent, and says so', async () => {
    const { show } = await at(scenes['inbox-given-writes'], 'request-v3');
    expect(words('given')).toContain('It was sent.');
    expect(isShown('withdraw-approval')).toBe(false);
    const [sent] = scenes['inbox-given-writes'].inbox.given;
    await show({ ...scenes['inbox-given-writes'], inbox: { ...emptyInbox, answered: sent ?? null } });
    await settled();
    expect(words('given')).toContain('Noor Haddad approved it');
    expect(words('given')).toContain('It was sent.');
  });

  it('that did not reach the portal is never called sent', async () => {
    const { inbox } = scenes['inbox-given-writes'];
    const unsent = inbox.given.map((one) => ({ ...one, ...(one.write && { write: { ...one.write, outcome: { outcome: 'not_sent' as const } } }) }));
    await at({ ...scenes['inbox-given-writes'], inbox: { ...inbox, given: unsent } }, 'request-v3');
    expect(words('given')).toContain('Nothing was sent: the portal could not be reached.');
  });
});

describe('a race that was lost', () => {
  const [first] = toDecide as [(typeof toDecide)[0]];
  const { context: _, ...asks } = first;
  const denied = { ...asks, state: 'denied', may_decide: false, decisions: [{ verdict: 'deny', approver: 'st9', approver_name: 'Sam Reyes', scope: first.asked, comment: 'Security handles this one', decided_at: Date.now() }] } as const;
  const lost: ConsoleView = { ...scenes.inbox, inbox: { ...scenes.inbox.inbox, to_decide: toDecide.slice(1), answered: { ...denied, decisions: [...denied.decisions] } } };

  it('is told to who decided, with who answered it and how, and is no error', async () => {
    const { show } = await at(scenes.inbox, 'request-q1');
    await press('approve');
    await press('decide-confirm');
    await show(scenes['inbox-busy']);
    await show({ ...lost, action: { kind: 'decide_request', target: 'q1', busy: false, error: null } });
    await settled();
    expect(words('request-done')).toMatch(/Sam Reyes denied it, today .* Yours came after that and does not count\./);
    expect(words('request')).toContain('“Security handles this one”');
  });

  it('is asked for once when what is open goes from the list, and told to who has not decided', async () => {
    const { asked, show } = await at(scenes.inbox, 'request-q1');
    expect(asked('look_up_request')).toEqual([]);
    await show({ ...lost, inbox: { ...lost.inbox, answered: null } });
    await settled();
    await show({ ...lost, inbox: { ...lost.inbox, answered: null } });
    expect(asked('look_up_request')).toEqual([{ request: 'q1' }]);
    await show(lost);
    expect(words('request-gone')).toContain('Sam Reyes denied it, today');
    expect(words('request-gone')).toContain('Nothing was signed.');
  });
});
