import { fireEvent, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConsoleView } from '../../lib/bindings/ConsoleView';
import { consoleScenes as scenes, emptyInbox, lead, ownRequests, toDecide } from '../../lib/host/samples';
import { answerWords } from '../../lib/text/inbox';
import { timeOfDay } from '../../lib/text/times';
import { isShown, press, shown, type, value, words } from '../../test_console';

beforeEach(() => void vi.useFakeTimers({ now: Date.now() }));
afterEach(() => void vi.useRealTimers());

const key = (pressed: string, rest: Partial<KeyboardEvent> = {}) => fireEvent.keyDown(document.activeElement ?? window, { key: pressed, ...rest });
const settled = () => vi.advanceTimersByTimeAsync(0);
const focused = () => document.activeElement?.id;
const rows = () => [...screen.getByTestId('inbox-list').querySelectorAll('button')].map((row) => row.id);
const without = (view: ConsoleView, id: string): ConsoleView => ({ ...view, inbox: { ...view.inbox, to_decide: view.inbox.to_decide.filter((one) => one.id !== id) } });
const [first, second] = toDecide as [(typeof toDecide)[0], (typeof toDecide)[0]];
const [pending, approved, used, denied] = ownRequests as [(typeof ownRequests)[0], (typeof ownRequests)[0], (typeof ownRequests)[0], (typeof ownRequests)[0]];

const atInbox = async (scene: ConsoleView) => {
  const at = await shown(scene);
  await press('nav-inbox');
  return at;
};
const atRequest = async (scene: ConsoleView, id = 'q1') => {
  const at = await atInbox(scene);
  await press(`request-${id}`);
  await settled();
  return at;
};

describe('the inbox', () => {
  it('counts what waits for one’s decision, and for who decides about nothing what of their own is open', async () => {
    const { show } = await shown(scenes.inbox);
    expect(words('nav-inbox')).toContain('8');
    await show(scenes['inbox-own']);
    expect(words('nav-inbox')).toContain('2');
    await show(scenes['inbox-none']);
    expect(words('nav-inbox')).not.toMatch(/\d/);
  });

  it('lists what waits first, the oldest at the top, and one’s own with what became of it', async () => {
    await atInbox(scenes['inbox-both']);
    expect(rows()).toEqual(['request-q1', 'request-q2', ...ownRequests.map(({ id }) => `request-${id}`)]);
    expect(words('request-q1')).toContain('Bo Nilsson');
    expect(words('request-q1')).toMatch(/min left/);
    const became: [string, string][] = [
      ['p1', `Waiting for a decision, until ${timeOfDay(pending.expires_at)}`],
      ['p2', `Approved, start by ${timeOfDay(approved.expires_at)}`],
      ['p3', 'Used'],
      ['p4', 'Denied by Noor Haddad'],
      ['p5', 'Withdrawn'],
      ['p6', 'Lapsed'],
    ];
    for (const [id, said] of became) expect(words(`request-${id}`)).toContain(said);
  });

  it.each([
    ['inbox-none', 'What waits for your decision stands here'],
    ['inbox-none-own', 'you ask for it on the customer’s card'],
  ] as const)('says in %s when there is nothing: %s', async (scene, said) => {
    await atInbox(scenes[scene]);
    expect(words('inbox')).toContain(said);
  });

  it('is gone through by the arrow keys, and a request is opened by Enter and closed by Esc', async () => {
    await shown(scenes.inbox);
    await fireEvent.keyDown(window, { key: '3', ctrlKey: true });
    await settled();
    await key('ArrowDown');
    expect(focused()).toBe('request-q1');
    await key('ArrowDown');
    await key('ArrowDown');
    await key('ArrowUp');
    expect(focused()).toBe('request-q2');
    // What Enter does to a button.
    await press('request-q2');
    await settled();
    expect(focused()).toBe('request-title');
    await key('Escape');
    await settled();
    expect(isShown('request')).toBe(false);
    expect(focused()).toBe('request-q2');
  });

  it('opens where a notification leads, each time, and takes no decision', async () => {
    const { invoke, show } = await shown(scenes.find);
    await show(scenes['inbox-focus']);
    await settled();
    expect(words('request')).toContain('Maximiliane Oberhuber-Wieczorek asks to look at Mary Jane');
    expect(invoke.mock.calls).not.toContainEqual(expect.arrayContaining(['decide_request']));
    await press('nav-find');
    await show({ ...scenes['inbox-focus'], alarms: { open: 0, newest: [] } });
    expect(isShown('inbox')).toBe(false);
    await show({ ...scenes.inbox, focus: { number: 2, opens: { what: 'inbox' } } });
    await settled();
    expect(isShown('inbox-list')).toBe(true);
    expect(isShown('request')).toBe(false);
    await show({ ...scenes.inbox, focus: { number: 3, opens: { what: 'session' } } });
    await settled();
    expect(isShown('live-list')).toBe(true);
  });

  it('leaves the screen that says how the session ended, where a notification about that leads', async () => {
    const { asked, show } = await shown(scenes.ended);
    screen.getByTestId('nav-find').focus();
    await show({ ...scenes.ended, focus: { number: 1, opens: { what: 'session' } } });
    await settled();
    expect(asked('dismiss_end')).toEqual([]);
    expect(isShown('end-screen')).toBe(true);
    expect(document.activeElement?.tagName).toBe('MAIN');
  });

  it('says that a request is gone when a notification about it is opened too late', async () => {
    await shown(scenes['inbox-gone']);
    await settled();
    expect(words('request')).toContain('This request does not wait for you any more');
    expect(isShown('approve')).toBe(false);
  });
});

describe('a request that waits for one’s decision', () => {
  it('says who asks, for whom, why, what for, by which rule, until when, and what is known beside it', async () => {
    await atRequest(scenes.inbox);
    const said = words('request');
    for (const word of [
      'Bo Nilsson asks to make changes for Jane Doe', 'jane.doe@example.com', '#1042', 'class gold', 'Barkside', 'Billing', 'TCK-4821',
      'the second line has to be cancelled', 'Read-write, 30 minutes, up to 2 extensions', 'Read-write always does', 'read-write-needs-approval',
      '1 needed, none made yet', `Lapses at ${timeOfDay(first.expires_at)}`, '2 sessions begun within the last hour',
      'The appointment of Friday', '2 blocked', 'ended by a lead', 'Last sessions with Jane Doe', 'Her new address',
    ]) expect(said).toContain(word);
  });

  it('shows what others have decided already, and that one approval does not let it begin', async () => {
    await atRequest(scenes.inbox, 'q2');
    for (const word of ['2 needed, 1 made', 'Sam Reyes approved', 'it needs the whole hour']) expect(words('request')).toContain(word);
    await key('a');
    await settled();
    expect(words('decide-sentence')).not.toContain('once one more person');
  });

  it('that needs two approvals says at the first that it may not begin yet', async () => {
    await atRequest({ ...scenes.inbox, inbox: { ...emptyInbox, own: [], to_decide: [{ ...second, decisions: [] }] } }, 'q2');
    await press('approve');
    expect(words('decide-sentence')).toContain('It may begin once one more person has approved.');
  });

  it('names what is signed to the second', async () => {
    const odd = { ...first, asked: { ...first.asked, duration_seconds: 750 } };
    await atRequest({ ...scenes.inbox, inbox: { ...emptyInbox, own: [], to_decide: [odd] } });
    await press('approve');
    expect(words('decide-sentence')).toContain('for 12 min 30 s');
  });

  it('is not decided by a key: it leads to what would be signed, in a sentence', async () => {
    const { asked } = await atRequest(scenes.inbox);
    await key('a');
    await settled();
    expect(words('decide-sentence')).toBe('You allow Bo Nilsson to make changes for Jane Doe for 30 minutes, read-write, with up to 2 extensions. Your device signs it.');
    expect(document.activeElement?.getAttribute('aria-labelledby')).toBe('decide-sentence');
    await key('a');
    await key('Enter');
    expect(asked('decide_request')).toEqual([]);
    await key('Escape');
    await settled();
    expect(isShown('request')).toBe(true);
    expect(isShown('decide-sentence')).toBe(false);
    expect(focused()).toBe('approve');
  });

  it('is approved as it was asked for, or shorter, read-only and without extensions', async () => {
    const { asked } = await atRequest(scenes.inbox);
    await press('approve');
    await press('grant-time-600');
    await press('grant-mode-read_only');
    await press('grant-extensions-0');
    expect(words('decide-sentence')).toBe('You allow Bo Nilsson to look at Jane Doe for 10 minutes, read-only, without extensions. Your device signs it.');
    await type('decide-comment', ' Look first ');
    await key('Enter', { ctrlKey: true });
    await settled();
    expect(asked('decide_request')).toEqual([
      { request: 'q1', verdict: 'approve', scope: { mode: 'read_only', duration_seconds: 600, extensions: 0 }, comment: 'Look first' },
    ]);
  });

  it('offers no more than was asked for', async () => {
    await atRequest(scenes.inbox, 'q5');
    await press('approve');
    expect(isShown('grant-time-300')).toBe(true);
    expect(isShown('grant-time-600')).toBe(true);
    expect(isShown('grant-time-900')).toBe(false);
    expect(isShown('grant-extensions-0')).toBe(false);
    expect(words('decide-sentence')).toContain('without extensions');
  });

  it('is denied with a comment that says something, and signs what was asked for', async () => {
    const { asked } = await atRequest(scenes.inbox);
    await press('approve');
    await press('grant-time-600');
    await press('decide-back');
    await settled();
    await key('d');
    await settled();
    expect(focused()).toBe('decide-comment');
    await type('decide-comment', 'no');
    await press('decide-confirm');
    expect(asked('decide_request')).toEqual([]);
    expect(screen.getByTestId('decide-comment').getAttribute('aria-invalid')).toBe('true');
    await type('decide-comment', 'Security handles this customer');
    await press('decide-confirm');
    await settled();
    expect(asked('decide_request')).toEqual([{ request: 'q1', verdict: 'deny', scope: first.asked, comment: 'Security handles this customer' }]);
  });

  it('is no place where letters decide while one writes, holds a key or has another dialog in front', async () => {
    await atRequest(scenes.inbox);
    await key('a', { repeat: true });
    await key('a', { ctrlKey: true });
    expect(isShown('decide-sentence')).toBe(false);
    await press('deny');
    await settled();
    await key('a');
    expect(words('decide-sentence')).toContain('You deny');
  });

  it('is sent once, and says when it is done; the next one is one step away', async () => {
    const { asked, show } = await atRequest(scenes.inbox);
    await press('approve');
    await press('decide-confirm');
    await show(scenes['inbox-busy']);
    await press('decide-confirm');
    expect(asked('decide_request')).toHaveLength(1);
    await show({ ...without(scenes.inbox, 'q1'), action: { kind: 'decide_request', target: 'q1', busy: false, error: null } });
    await settled();
    expect(words('request-done')).toContain('Your approval is signed, and Bo Nilsson is told.');
    expect(asked('dismiss_action')).toHaveLength(1);
    await press('request-next');
    await settled();
    expect(words('request')).toContain('Maximiliane');
    expect(focused()).toBe('request-title');
  });

  it('says that it is done, and leads to the next one, also once the server lists the approval', async () => {
    const { show } = await atRequest(scenes.inbox);
    await press('approve');
    await press('decide-confirm');
    await show(scenes['inbox-busy']);
    const decided = without(scenes.inbox, 'q1');
    const { context: _, ...asks } = first;
    const decision = { verdict: 'approve' as const, approver: lead.id, approver_name: lead.name, scope: first.asked, comment: '', decided_at: Date.now() };
    const approved = { ...asks, state: 'approved' as const, may_decide: false, granted: first.asked, decisions: [decision] };
    const listed = { ...decided, inbox: { ...decided.inbox, answered: approved, given: [approved] }, action: { kind: 'decide_request' as const, target: 'q1', busy: false, error: null } };
    await show({ ...listed, inbox: { ...listed.inbox, given: [] } });
    await settled();
    await show({ ...listed, action: null });
    await settled();
    expect(words('request-done')).toContain('Your approval is signed');
    expect(isShown('request-next')).toBe(true);
    // From the list it opens as what it is by now.
    await press('request-q1');
    await settled();
    expect(isShown('withdraw-approval')).toBe(true);
  });

  it('keeps what was chosen and written when the decision is not taken', async () => {
    const { asked, show } = await atRequest(scenes.inbox);
    await press('approve');
    await press('grant-time-600');
    await type('decide-comment', 'Look first');
    await press('decide-confirm');
    await show(scenes['inbox-busy']);
    await show(scenes['inbox-refused']);
    expect(words('decide-error')).toContain('Not decided: The request has changed since you read it.');
    expect(value('decide-comment')).toBe('Look first');
    await press('decide-confirm');
    await settled();
    expect(asked('decide_request')).toHaveLength(2);
  });

  it('wants a fresh sign-in, after which just that follows; another decision is another question', async () => {
    const { asked, show } = await atRequest(scenes.inbox);
    await press('approve');
    await press('decide-confirm');
    await show(scenes['inbox-busy']);
    await show(scenes['inbox-fresh']);
    expect(isShown('decide-confirm')).toBe(false);
    await press('sign-in-again');
    expect(asked('sign_in_again')).toHaveLength(1);
    await show({ ...scenes['inbox-fresh'], fresh_sign_in: { state: 'waiting_for_browser', since: 0 } });
    expect(screen.getByTestId('grant-time-600').matches(':disabled') || screen.getByTestId('grant-time-600').closest('fieldset[disabled]') !== null).toBe(true);
    await show(scenes['inbox-fresh']);
    await press('grant-time-600');
    expect(isShown('sign-in-again')).toBe(false);
    await press('decide-confirm');
    await settled();
    expect(asked('decide_request')).toHaveLength(2);
  });

  it('can’t be decided offline, and says so', async () => {
    await atRequest(scenes['inbox-offline']);
    expect(words('request')).toContain('A decision can be made once the server is reached');
    await key('a');
    expect(isShown('decide-sentence')).toBe(false);
    expect(screen.getByTestId('approve').hasAttribute('disabled')).toBe(true);
  });

  it('that somebody else decides meanwhile says so in the place of the form', async () => {
    const { asked, show } = await atRequest(scenes.inbox);
    await press('approve');
    await show(without(scenes.inbox, 'q1'));
    await settled();
    expect(words('request-gone')).toContain('Somebody else has decided about it, or Bo Nilsson has withdrawn it. Nothing was signed.');
    expect(words('request')).toContain('jane.doe@example.com');
    expect(isShown('decide-confirm')).toBe(false);
    await key('Enter', { ctrlKey: true });
    expect(asked('decide_request')).toEqual([]);
  });

  it('that lapses meanwhile says so', async () => {
    const { show } = await atRequest(scenes.inbox);
    vi.setSystemTime(first.expires_at + 1000);
    await vi.advanceTimersByTimeAsync(10_000);
    await show(without(scenes.inbox, 'q1'));
    await tick();
    expect(words('request-gone')).toContain('It has lapsed: nobody decided in time.');
  });
});

it('what became of a request names no cause that nobody has told', () => {
  const decisions = [{ verdict: 'approve' as const, approver: lead.id, approver_name: lead.name, scope: first.asked, comment: '', decided_at: Date.now() }];
  for (const made of [[], decisions]) {
    // Also where the policy has changed, or an account is gone.
    expect(answerWords({ ...first, state: 'lapsed', decisions: made }, Date.now())).not.toMatch(/in time|nobody decided/);
    // Also where it was who asked.
    expect(answerWords({ ...first, state: 'withdrawn', decisions: made }, Date.now())).not.toContain('The approval was withdrawn');
  }
});

describe('one’s own request', () => {
  it('says what was granted against what was asked for, by whom and with which words', async () => {
    await atRequest(scenes['inbox-own'], 'p2');
    const said = words('request');
    for (const word of [
      'You asked to make changes for Jane Doe', 'Read-only, 10 minutes, without extensions', 'read-only instead of read-write', '10 minutes instead of 30 minutes',
      'without extensions instead of up to 2 extensions', 'Noor Haddad approved', 'Look first.',
    ]) expect(said).toContain(word);
  });

  it('that was approved leads to the customer’s card, and starts nothing itself', async () => {
    const { asked } = await atRequest(scenes['inbox-own'], 'p2');
    await press('request-to-card');
    expect(asked('open_card')).toEqual([{ portal: 'barkside', customer: '1042' }]);
    expect(asked('start_approved')).toEqual([]);
    expect(isShown('find-field')).toBe(true);
  });

  it('is withdrawn after a question, as long as it is open', async () => {
    const { asked, show } = await atRequest(scenes['inbox-own'], 'p1');
    await press('withdraw');
    expect(asked('withdraw_request')).toEqual([]);
    await press('dialog-confirm');
    await settled();
    expect(asked('withdraw_request')).toEqual([{ request: 'p1', reason: null }]);
    const withdrawn = { ...scenes['inbox-own'], inbox: { ...emptyInbox, to_decide: [], own: ownRequests.map((one) => (one.id === 'p1' ? { ...one, state: 'withdrawn' as const } : one)) } };
    await show({ ...withdrawn, action: { kind: 'withdraw_request', target: 'p1', busy: true, error: null } });
    await show({ ...withdrawn, action: { kind: 'withdraw_request', target: 'p1', busy: false, error: null } });
    await settled();
    expect(focused()).toBe('request-title');
    expect(isShown('withdraw-dialog')).toBe(false);
    expect(words('request-state')).toContain('Withdrawn.');
    expect(isShown('withdraw')).toBe(false);
  });

  it('that was denied says by whom and why, and one that was used leads to its trail', async () => {
    const { asked } = await atRequest(scenes['inbox-own'], denied.id);
    expect(words('request')).toContain('hand the ticket over');
    expect(isShown('withdraw')).toBe(false);
    await press(`request-${used.id}`);
    await settled();
    await press('request-trail');
    expect(asked('open_trail')).toEqual([{ session: used.session }]);
  });
});

describe('asking for an approval', () => {
  const fill = async () => {
    await press('reason-code-billing');
    await type('reason-text', 'Invoice 1042 was charged twice');
    await type('ticket', 'TCK-4821');
    await press('mode-read_write');
  };

  it('is what the sheet offers where the policy wants one, and says who has to', async () => {
    const { asked } = await shown(scenes.card);
    expect(isShown('ask-approval')).toBe(false);
    await fill();
    expect(words('policy-word')).toContain('Needs a lead’s approval: read-write always does');
    expect(words('card')).toContain('Nothing opens before you start it.');
    expect(isShown('start-session')).toBe(false);
    await press('ask-approval');
    expect(asked('start_session')).toEqual([]);
    expect(asked('ask_approval')).toEqual([
      { portal: 'barkside', customer: '1042', reason: { code: 'billing', text: 'Invoice 1042 was charged twice', ticket: 'TCK-4821' }, mode: 'read_write', durationSeconds: 1800 },
    ]);
  });

  it('says before one asks that more than one person has to approve', async () => {
    await shown(scenes['card-two-approvals']);
    await press('mode-read_write');
    expect(words('policy-word')).toContain('Needs the approval of 2 people');
  });

  it('is not done twice, and what was entered stays when it fails', async () => {
    const { asked, show } = await shown(scenes.card);
    await fill();
    await press('ask-approval');
    await show(scenes['card-asking']);
    expect(words('ask-approval')).toContain('Asking');
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    expect(asked('ask_approval')).toHaveLength(1);
    await show(scenes['card-ask-failed']);
    expect(words('start-error')).toContain('Could not ask');
    expect(value('reason-text')).toBe('Invoice 1042 was charged twice');
    await press('mode-read_only');
    expect(isShown('start-error')).toBe(false);
    expect(isShown('start-session')).toBe(true);
  });

  it('follows the server where it knows better than the card', async () => {
    const { asked, show } = await shown(scenes.card);
    await fill();
    await press('ask-approval');
    const error = { code: 'approval_not_needed', about: null, reference: '', retry: false } as const;
    await show({ ...scenes.card, action: { kind: 'ask_approval', target: '1042', busy: false, error } });
    await press('start-session');
    expect(asked('start_session')).toMatchObject([{ mode: 'read_write' }]);
  });

  it('leaves the request in the place of the sheet: until when it waits, and a way to withdraw it', async () => {
    const { asked } = await shown(scenes['card-pending']);
    expect(words('card-request')).toContain(`Waiting for a decision, until ${timeOfDay(pending.expires_at)}`);
    expect(isShown('reason-text')).toBe(false);
    expect(isShown('start-approved')).toBe(false);
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    expect([...asked('start_approved'), ...asked('start_session')]).toEqual([]);
    await press('withdraw');
    await press('dialog-confirm');
    await settled();
    expect(asked('withdraw_request')).toEqual([{ request: pending.id, reason: null }]);
  });

  it('once approved shows what was granted, and starts just that', async () => {
    const { asked, show } = await shown(scenes['card-approved']);
    for (const word of ['Read-only, 10 minutes, without extensions', 'The time runs from the start', 'Noor Haddad approved']) expect(words('card-request')).toContain(word);
    await press('start-approved');
    expect(asked('start_approved')).toEqual([{ request: approved.id }]);
    await show({ ...scenes['card-approved'], card: { ...scenes['card-approved'].card!, start: { state: 'starting', step: 'asking_server' } } });
    expect(screen.getByTestId('start-approved').hasAttribute('disabled')).toBe(true);
    expect(words('start-progress')).toContain('Asking the server');
    await show(scenes['card-approved-failed']);
    expect(words('start-error')).toContain('The approval does not hold for this session.');
  });

  it('can’t be started offline', async () => {
    const { asked } = await shown(scenes['card-approved-offline']);
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    expect(asked('start_approved')).toEqual([]);
    expect(screen.getByTestId('start-approved').hasAttribute('disabled')).toBe(true);
  });
});

describe('a request about one change', () => {
  it('shows what would be sent, with each field and what is not shown of it, and why it was blocked', async () => {
    await atRequest(scenes['inbox-write'], 'w1');
    expect(words('request')).toContain('Bo Nilsson asks to send one change for Jane Doe');
    expect(words('request-write-head')).toBe('Would send');
    expect(words('request-write')).toMatch(/POST \/appointments\/104201\/reschedule.*Once, within 5 minutes of the approval/s);
    const fields = words('request-fields');
    for (const said of ['from card', 'at 2026-12-01 14:00', 'note Please be gentle with her…', '_csrf not shown']) expect(fields).toContain(said);
    expect(fields).toContain('Not shown, but sent: the value of one secret, the rest of 1 long value, 3 further fields.');
    expect(words('request')).toContain('The session was read-only');
  });

  it('is approved as it stands: there is nothing to shorten', async () => {
    const { invoke } = await atRequest(scenes['inbox-write'], 'w1');
    await key('a');
    await settled();
    expect(isShown('grant-time-300')).toBe(false);
    expect(words('decide-sentence')).toContain('You allow Bo Nilsson to send POST /appointments/104201/reschedule?from for Jane Doe, just as it stands here, once');
    await press('decide-confirm');
    const scope = { mode: 'read_only', duration_seconds: 300, extensions: 0 };
    expect(invoke).toHaveBeenLastCalledWith('decide_request', { request: 'w1', verdict: 'approve', scope, comment: '' });
  });

  it('leads who asked to the session, where it is sent, and says what came of it', async () => {
    const { invoke } = await atRequest(scenes['inbox-write-own'], 'w2');
    expect(words('request-state')).toContain('Send it from the bar of the session window.');
    await press('request-to-card');
    expect(invoke).toHaveBeenLastCalledWith('show_session', {});
    await press('close-request');
    await press('request-w3');
    await settled();
    expect(words('request')).toContain('The portal has taken it (303).');
  });

  it('is headed as sent, with when, once it was, and never as sent where nothing reached the portal', async () => {
    const scene = scenes['inbox-write-own'];
    const { show } = await atRequest(scene, 'w3');
    expect(words('request-write-head')).toBe('Sent');
    expect(words('request-write')).toMatch(/Once, (today|yesterday) \d\d:\d\d, in session AG-/);
    const own = scene.inbox.own.map((one) => ({ ...one, ...(one.write && { write: { ...one.write, outcome: { outcome: 'not_sent' as const } } }) }));
    await show({ ...scene, inbox: { ...scene.inbox, own } });
    expect(words('request-write-head')).toBe('Not sent');
    expect(words('request-write')).toContain('Tried once, ');
  });
});
