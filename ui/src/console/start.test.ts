import { fireEvent, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleScenes as scenes } from '../lib/host/samples';
import { isShown, press, shown, type, value, words } from '../test_console';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const field = () => screen.getByTestId('find-field');
const hint = () => document.getElementById('reason-text-hint')?.textContent ?? '';
const fill = async () => {
  await press('reason-code-billing');
  await type('reason-text', 'Invoice 1042 was charged twice');
  await type('ticket', 'TCK-4821');
};

describe('what was looked at lately', () => {
  it('is offered before anything is typed, and opened by the arrow keys, not by Enter alone', async () => {
    const { asked } = await shown(scenes.find);
    expect(isShown('customer-1042')).toBe(true);
    await fireEvent.keyDown(field(), { key: 'Enter' });
    expect(asked('open_card')).toEqual([]);
    await fireEvent.keyDown(field(), { key: 'ArrowDown' });
    await fireEvent.keyDown(field(), { key: 'Enter' });
    expect(asked('open_card')).toEqual([{ portal: 'barkside', customer: '1042' }]);
  });

  it('gives way to what is typed', async () => {
    await shown(scenes.find);
    await type('find-field', 'zyx');
    expect(isShown('customer-1042')).toBe(false);
    expect(isShown('recent-tickets')).toBe(false);
  });

  it('opens the customer of a ticket with the ticket filled in', async () => {
    const { asked, show } = await shown(scenes.find);
    await press('recent-ticket-TCK-4821');
    expect(asked('open_card')).toEqual([{ portal: 'barkside', customer: '1042' }]);
    await show({ ...scenes.find, card: scenes.card.card });
    expect(value('ticket')).toBe('TCK-4821');
  });

  it('searches for a ticket whose customer is not known', async () => {
    const { asked } = await shown(scenes.find);
    await press('recent-ticket-TCK-4790');
    expect(value('find-field')).toBe('TCK-4790');
    expect(asked('find_customers')).toEqual([{ portal: 'barkside', query: 'TCK-4790' }]);
  });

  it('says what to do to somebody who has looked at nobody yet', async () => {
    await shown(scenes['find-new']);
    expect(document.body.textContent).toContain('Type at least one letter');
  });

  it('fills the ticket field of the sheet', async () => {
    await shown(scenes['card-sensitive']);
    await press('ticket-choice-TCK-4790');
    expect(value('ticket')).toBe('TCK-4790');
    expect(document.activeElement).toBe(screen.getByTestId('ticket'));
  });
});

describe('the start sheet', () => {
  it('says what the policy says, by which rule, before anybody clicks', async () => {
    await shown(scenes['card-sensitive']);
    expect(words('policy-word')).toContain('Needs a lead’s approval: this customer is marked sensitive (rule sensitive-customers-need-approval)');
  });

  it('says nothing of the policy where it has nothing to say', async () => {
    await shown(scenes.card);
    expect(isShown('policy-word')).toBe(false);
    await press('mode-read_write');
    expect(words('policy-word')).toContain('rule read-write-needs-approval');
  });

  it('takes a duration of one’s own up to the limit, and says so beside it', async () => {
    const { asked } = await shown(scenes.card);
    await fill();
    await press('duration-own');
    await type('own-minutes', '90');
    await press('start-session');
    expect(asked('start_session')).toEqual([]);
    expect(screen.getByTestId('own-minutes').getAttribute('aria-invalid')).toBe('true');
    for (const word of ['1 to 60 min', 'Enter whole minutes within the limit']) expect(words('card')).toContain(word);
    await type('own-minutes', '20');
    await press('start-session');
    expect(asked('start_session')).toMatchObject([{ durationSeconds: 1200 }]);
  });

  it('names the extensions, and that the longest session has none', async () => {
    await shown(scenes.card);
    expect(words('card')).toContain('Can be extended twice, by 15 min each, up to 60 min in all.');
    await press('duration-3600');
    expect(words('card')).toContain('so it can’t be extended');
  });

  it('says the ticket rule of the reason that is chosen', async () => {
    await shown(scenes.card);
    await press('reason-code-billing');
    expect(words('card')).toContain('needed for “Billing question”');
    await press('reason-code-other');
    expect(words('card')).toContain('optional');
  });

  it('says a refusal beside its field and leads there, until the field is changed', async () => {
    const { show } = await shown(scenes.card);
    await fill();
    await show(scenes['start-refused']);
    await tick();
    expect(document.activeElement).toBe(screen.getByTestId('reason-text'));
    expect(hint()).toContain('Says nothing yet');
    expect(words('start-error')).toContain('Reference 7f3a91c0');
    await type('reason-text', 'She asks why invoice 1042 was charged twice');
    expect(hint()).not.toContain('Says nothing yet');
  });

  it('says the same refusal again when it comes again', async () => {
    const { show } = await shown(scenes['start-refused']);
    await type('reason-text', 'qwertyuiop qwertyuiop');
    await show(scenes['start-progress']);
    await show(scenes['start-refused']);
    expect(hint()).toContain('Says nothing yet');
  });
});

describe('a session in the way', () => {
  it('is named, with where it is and since when, and nothing is opened for the new name', async () => {
    await shown(scenes['start-conflict']);
    const said = words('conflict');
    for (const word of ['Your session with Janet Moe is still running', 'AG-7K3QX', 'On this desktop', 'Jane Doe’s portal was not opened']) {
      expect(said).toContain(word);
    }
  });

  it('can be gone to when it is here', async () => {
    const { asked } = await shown(scenes['start-conflict']);
    await press('conflict-show');
    expect(asked('show_session')).toEqual([{}]);
    expect(asked('end_session')).toEqual([]);
    expect(isShown('conflict')).toBe(false);
    expect(words('conflict-stays')).toContain('Janet Moe');
  });

  it('can only be ended when it is elsewhere', async () => {
    const { asked } = await shown(scenes['start-conflict-elsewhere']);
    expect(isShown('conflict-show')).toBe(false);
    expect(words('conflict')).toContain('On another desktop');
    await press('conflict-end');
    await press('conflict-end');
    expect(asked('end_session')).toEqual([{}]);
  });

  it('leaves the sheet as it was, also over its end screen, and Start has to be pressed again', async () => {
    const { asked, show } = await shown(scenes.card);
    await fill();
    await press('start-session');
    await show(scenes['start-conflict']);
    await press('conflict-end');
    const card = scenes.card.card;
    await show({ ...scenes.ended, card: { ...card, customer: null, options: null, loading: true } });
    await press('dismiss-end');
    await show({ ...scenes.card, ended: null });
    expect(isShown('conflict')).toBe(false);
    expect([value('reason-text'), value('ticket')]).toEqual(['Invoice 1042 was charged twice', 'TCK-4821']);
    expect(asked('start_session')).toHaveLength(1);
    await press('start-session');
    expect(asked('start_session')).toHaveLength(2);
  });

  it('says that it may still run when the server does not confirm its end', async () => {
    await shown(scenes['start-conflict']);
    await press('conflict-end');
    await vi.advanceTimersByTimeAsync(8000);
    expect(words('conflict')).toContain('has not confirmed the end');
    expect(words('conflict-end')).toContain('End it');
  });

  it('comes back with the next start', async () => {
    const { show } = await shown(scenes['start-conflict']);
    await press('conflict-leave');
    expect(isShown('conflict')).toBe(false);
    await show(scenes['start-progress']);
    await show(scenes['start-conflict']);
    expect(isShown('conflict')).toBe(true);
  });
});

it('what was entered goes with the card', async () => {
  const { show } = await shown(scenes.card);
  await fill();
  await show({ ...scenes.card, card: null });
  await show(scenes.card);
  expect(value('reason-text')).toBe('');
});

describe('a link from a ticket', () => {
  const link = (portal: string | null = null) => ({ number: 1, opens: { what: 'start' as const, portal, customer: '1042', ticket: 'TCK-9001' } });

  it('opens the card with the ticket filled in, and starts nothing', async () => {
    const { asked, show } = await shown({ ...scenes.find, portals: [], focus: link() });
    expect([asked('open_card'), asked('focus_followed')]).toEqual([[], []]);
    await show({ ...scenes.find, focus: link() });
    expect(asked('open_card')).toEqual([{ portal: 'barkside', customer: '1042' }]);
    // A window that is drawn anew is not sent there again.
    expect(asked('focus_followed')).toEqual([{ number: 1 }]);
    await show({ ...scenes.card, focus: link() });
    expect(value('ticket')).toBe('TCK-9001');
    expect(asked('start_session')).toEqual([]);
    expect(asked('open_card')).toHaveLength(1);
  });

  it('looks the customer up where it does not say in which portal', async () => {
    const portals = scenes['find-truncated'].portals;
    const { asked, show } = await shown({ ...scenes.find, portals, focus: link() });
    await vi.advanceTimersByTimeAsync(200);
    expect(asked('open_card')).toEqual([]);
    expect(value('find-field')).toBe('1042');
    await show({ ...scenes.card, portals, focus: link() });
    expect(value('ticket')).toBe('TCK-9001');
  });

  it('ends the word about the last session and closes another card before it looks somebody up', async () => {
    const portals = scenes['find-truncated'].portals;
    const other = { ...scenes.card.card!, portal: 'meowside', customer_id: '77' };
    const { asked, show } = await shown({ ...scenes.ended, portals, card: other, focus: link() });
    await vi.advanceTimersByTimeAsync(200);
    expect([asked('dismiss_end'), asked('close_card')]).toEqual([[{}], [{}]]);
    await show({ ...scenes.find, portals, focus: link() });
    await vi.advanceTimersByTimeAsync(200);
    expect(value('find-field')).toBe('1042');
    await show({ ...scenes.card, portals, focus: link() });
    expect(value('ticket')).toBe('TCK-9001');
  });

  it('waits for what is being started', async () => {
    const { asked, show } = await shown({ ...scenes['start-progress'], focus: link() });
    expect(asked('open_card')).toEqual([]);
    await show({ ...scenes.card, focus: link() });
    expect(asked('open_card')).toHaveLength(1);
  });

  it('that names nobody says so, and leaves what stands on the screen', async () => {
    const error = { code: 'link_not_understood' as const, reference: '', retry: false, about: null };
    const { asked } = await shown({ ...scenes.ended, focus: { number: 1, opens: { what: 'broken_link', error } } });
    await vi.advanceTimersByTimeAsync(200);
    expect(words('broken-link')).toContain('names no customer');
    expect(asked('dismiss_end')).toEqual([]);
    await press('dismiss-link');
    expect(isShown('broken-link')).toBe(false);
  });
});
