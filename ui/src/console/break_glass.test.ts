import { fireEvent, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModeOption } from '../lib/bindings/ModeOption';
import { consoleScenes as scenes } from '../lib/host/samples';
import { isShown, press, shown, type, value, words } from '../test_console';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settled = () => vi.advanceTimersByTimeAsync(0);
const STATED = 'Her dog is in surgery now';
const fill = async () => {
  await press('reason-code-billing');
  await type('reason-text', 'Invoice 1042 was charged twice');
  await type('ticket', 'TCK-4821');
};
const atDialog = async () => {
  const at = await shown(scenes['card-sensitive']);
  await fill();
  await press('break-glass');
  await settled();
  return at;
};

describe('break-glass on the sheet', () => {
  it('is not offered where one may look at once, nor to whom the policy gives no right', async () => {
    const { show } = await shown(scenes.card);
    expect(isShown('break-glass')).toBe(false);
    const { card } = scenes['card-sensitive'];
    const refused: ModeOption = { mode: 'read_only', answer: 'refused', rules: ['admins-do-not-look'], approvals: 0 };
    for (const break_glass of [null, refused]) {
      await show({ ...scenes['card-sensitive'], card: { ...card, options: { ...card.options!, break_glass } } });
      expect(isShown('break-glass') || isShown('break-glass-closed')).toBe(false);
    }
  });

  it('says why it is closed for a while', async () => {
    await shown(scenes['glass-closed']);
    expect(isShown('break-glass')).toBe(false);
    expect(words('break-glass-closed')).toContain('somebody has denied you this customer within the last 24 hours, and two of yours wait for a review already.');
  });

  it('wants the sheet filled in first', async () => {
    await shown(scenes['card-sensitive']);
    await press('break-glass');
    await settled();
    expect(isShown('break-glass-dialog')).toBe(false);
    expect(document.activeElement?.id).toBe('reason-code-billing');
  });

  it('says what will happen, and asks for a statement of its own before anything is sent', async () => {
    const { asked } = await atDialog();
    for (const said of ['Look at Janice Okafor now, without approval?', 'Every lead and security are told now', 'You can look and change nothing', 'Somebody else reviews it']) {
      expect(words('break-glass-dialog')).toContain(said);
    }
    await type('break-glass-statement', 'now');
    await press('break-glass-confirm');
    expect(asked('break_glass')).toEqual([]);
    expect(screen.getByTestId('break-glass-statement').getAttribute('aria-invalid')).toBe('true');
    await type('break-glass-statement', ` ${STATED} `);
    await fireEvent.keyDown(screen.getByTestId('break-glass-statement'), { key: 'Enter', ctrlKey: true });
    const reason = { code: 'billing', text: 'Invoice 1042 was charged twice', ticket: 'TCK-4821' };
    expect(asked('break_glass')).toEqual([{ portal: 'barkside', customer: '1113', reason, durationSeconds: 1800, emergency: STATED }]);
    expect([...asked('start_session'), ...asked('ask_approval')]).toEqual([]);
  });

  it('says a refusal in its dialog, where the statement stays, and not on the sheet as well', async () => {
    const { show } = await atDialog();
    await type('break-glass-statement', STATED);
    await press('break-glass-confirm');
    const error = { code: 'forbidden', about: 'no-break-glass-while-two-wait-for-review', reference: '7f3a91c0', retry: false } as const;
    const refused = { ...scenes['card-sensitive'], card: { ...scenes['card-sensitive'].card, start: { state: 'failed', error } as const } };
    await show(refused);
    expect(words('break-glass-error')).toContain('two of yours wait for a review already');
    expect(value('break-glass-statement')).toBe(STATED);
    await press('break-glass-cancel');
    expect(isShown('start-error')).toBe(false);
  });

  it('wants a fresh sign-in, after which just that follows; another statement is another question', async () => {
    const { asked, show } = await atDialog();
    await type('break-glass-statement', STATED);
    await press('break-glass-confirm');
    const error = { code: 'fresh_sign_in_required', about: null, reference: '7f3a91c0', retry: false } as const;
    await show({ ...scenes['card-sensitive'], card: { ...scenes['card-sensitive'].card, start: { state: 'failed', error } } });
    expect(isShown('break-glass-confirm')).toBe(false);
    await press('sign-in-again');
    expect(asked('sign_in_again')).toHaveLength(1);
    await type('break-glass-statement', `${STATED}, and nobody answers`);
    expect(isShown('sign-in-again')).toBe(false);
    await press('break-glass-confirm');
    expect(asked('break_glass')).toHaveLength(2);
  });

  it('asks anew where reason or time were changed after a fresh sign-in was wanted', async () => {
    const { asked, show } = await atDialog();
    await type('break-glass-statement', STATED);
    await press('break-glass-confirm');
    const error = { code: 'fresh_sign_in_required', about: null, reference: '7f3a91c0', retry: false } as const;
    await show({ ...scenes['card-sensitive'], card: { ...scenes['card-sensitive'].card, start: { state: 'failed', error } } });
    await press('break-glass-cancel');
    await type('ticket', 'TCK-9999');
    await press('break-glass');
    await settled();
    expect(value('break-glass-statement')).toBe(STATED);
    expect(isShown('sign-in-again')).toBe(false);
    await press('break-glass-confirm');
    expect(asked('break_glass')).toMatchObject([{ reason: { ticket: 'TCK-4821' } }, { reason: { ticket: 'TCK-9999' } }]);
  });

  it('gives way to the session that stands in the way', async () => {
    const { show } = await atDialog();
    await type('break-glass-statement', STATED);
    await press('break-glass-confirm');
    await show({ ...scenes['card-sensitive'], card: { ...scenes['card-sensitive'].card, start: scenes['start-conflict'].card.start } });
    expect(isShown('break-glass-dialog')).toBe(false);
    expect(isShown('conflict')).toBe(true);
  });
});

describe('break-glass while a request waits', () => {
  it('takes its reason and time from the request', async () => {
    const pending = scenes['card-pending'];
    const { asked } = await shown({ ...pending, card: { ...pending.card!, options: scenes['card-sensitive'].card.options } });
    await press('break-glass');
    await type('break-glass-statement', STATED);
    await press('break-glass-confirm');
    const request = pending.card!.request!;
    expect(asked('break_glass')).toEqual([
      { portal: 'barkside', customer: request.customer.id, reason: request.reason, durationSeconds: request.asked.duration_seconds, emergency: STATED },
    ]);
  });
});

describe('a start once the request was approved', () => {
  it('says why it failed, also after a break-glass that failed while the request waited', async () => {
    const pending = scenes['card-pending'];
    const waits = { ...pending, card: { ...pending.card!, options: scenes['card-sensitive'].card.options } };
    const { asked, show } = await shown(waits);
    await press('break-glass');
    await type('break-glass-statement', STATED);
    await press('break-glass-confirm');
    const error = { code: 'unavailable', about: null, reference: '7f3a91c0', retry: true } as const;
    const failed = { state: 'failed', error } as const;
    await show({ ...waits, card: { ...waits.card, start: failed } });
    await press('break-glass-cancel');
    const request = scenes['card-approved'].card!.request!;
    const approved = { ...waits, card: { ...waits.card, request: { ...request, id: waits.card.request!.id, customer: waits.card.request!.customer } } };
    await show({ ...approved, card: { ...approved.card, start: failed } });
    expect(isShown('start-error')).toBe(false);
    await press('start-approved');
    expect(asked('start_approved')).toHaveLength(1);
    await show({ ...approved, card: { ...approved.card, start: { state: 'failed', error: { ...error, code: 'approval_gone' } } } });
    expect(words('start-error')).toContain('The approval does not hold for this session.');
  });
});

describe('a portal where nothing can start', () => {
  it.each([
    ['card-portal-stopped', 'ask security'],
    ['card-stopped', 'The portal shows customers other people’s invoices'],
  ] as const)('says why and what to do, and keeps what was entered (%s)', async (scene, said) => {
    const { asked } = await shown(scenes[scene]);
    await fill();
    expect(words('halted')).toContain('No session can start in Barkside now');
    expect(words('halted')).toContain(said);
    await press('start-session');
    expect(asked('start_session')).toEqual([]);
    expect(value('reason-text')).toBe('Invoice 1042 was charged twice');
  });
});

it('the running session is marked as break-glass in words', async () => {
  const { show } = await shown(scenes['live-glass']);
  expect(words('live-strip')).toContain('Break-glass');
  await show(scenes['live-find']);
  expect(words('live-strip')).not.toContain('Break-glass');
});
