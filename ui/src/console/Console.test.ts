import { fireEvent, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleScenes as scenes, session } from '../lib/host/samples';
import { lineKind } from '../lib/text/events';
import { shown, type } from '../test_console';

const field = () => screen.getByTestId('find-field');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('finding', () => {
  it('asks once, when typing has paused', async () => {
    const { asked } = await shown(scenes.find);
    await type('find-field', 'ja');
    vi.advanceTimersByTime(100);
    await type('find-field', 'jane ');
    vi.advanceTimersByTime(149);
    expect(asked('find_customers')).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(asked('find_customers')).toEqual([{ portal: 'barkside', query: 'jane' }]);
  });

  it('opens the card of the chosen row with the keyboard alone', async () => {
    const { asked } = await shown(scenes['find-results']);
    await fireEvent.keyDown(field(), { key: 'ArrowDown' });
    expect(field().getAttribute('aria-activedescendant')).toBe('customer-1077');
    await fireEvent.keyDown(field(), { key: 'Enter' });
    expect(asked('open_card')).toEqual([{ portal: 'barkside', customer: '1077' }]);
  });

  it('never opens a hit of an older question', async () => {
    const { asked } = await shown(scenes['find-results']);
    await type('find-field', 'janet');
    await fireEvent.keyDown(field(), { key: 'Enter' });
    expect(asked('open_card')).toEqual([]);
    expect(asked('find_customers')).toEqual([{ portal: 'barkside', query: 'janet' }]);
  });

  it('shows no hits beside an error', async () => {
    const { asked } = await shown({ ...scenes['find-results'], find: { ...scenes['find-results'].find, error: scenes['find-error'].find.error } });
    expect(screen.getByTestId('find-error')).toBeTruthy();
    expect(screen.queryByTestId('customer-1042')).toBeNull();
    await fireEvent.keyDown(field(), { key: 'Enter' });
    expect(asked('open_card')).toEqual([]);
  });

  it('lets one choose the portal only when there are several', async () => {
    const { show } = await shown(scenes['find-results']);
    expect(screen.queryByTestId('portal-picker')).toBeNull();
    await show(scenes['find-truncated']);
    expect(screen.getByTestId('portal-picker')).toBeTruthy();
  });

  it('is reached from every screen', async () => {
    const { asked } = await shown(scenes.ended);
    await fireEvent.keyDown(window, { key: '/' });
    await tick();
    expect(asked('dismiss_end')).toHaveLength(1);
  });
});

describe('starting', () => {
  it('says what is missing instead of asking the server', async () => {
    const { asked } = await shown(scenes.card);
    await fireEvent.click(screen.getByTestId('start-session'));
    expect(asked('start_session')).toEqual([]);
    expect(screen.getByText('Choose one')).toBeTruthy();
  });

  it('sends what was entered, read-only unless another mode was chosen', async () => {
    const { asked } = await shown(scenes.card);
    await fireEvent.click(screen.getByTestId('reason-code-billing'));
    await type('reason-text', '  Invoice 1042 was charged twice ');
    await type('ticket', ' TCK-4821 ');
    await fireEvent.click(screen.getByTestId('duration-900'));
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    expect(asked('start_session')).toEqual([
      {
        portal: 'barkside',
        customer: '1042',
        reason: { code: 'billing', text: 'Invoice 1042 was charged twice', ticket: 'TCK-4821' },
        mode: 'read_only',
        durationSeconds: 900,
      },
    ]);
  });

  it('can not be asked for twice while it goes on', async () => {
    const { asked } = await shown(scenes['start-progress']);
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    expect(asked('start_session')).toEqual([]);
    expect(screen.getByTestId('start-session').hasAttribute('disabled')).toBe(true);
  });

  it('is not offered for an inactive customer', async () => {
    await shown(scenes['card-inactive']);
    expect(screen.queryByTestId('start-session')).toBeNull();
    expect(screen.getByTestId('card').textContent).toContain('can’t start');
  });

  it('keeps the entries when it failed', async () => {
    const { show } = await shown(scenes.card);
    await type('reason-text', 'Invoice 1042 was charged twice');
    await show(scenes['start-failed']);
    expect((screen.getByTestId('reason-text') as HTMLTextAreaElement).value).toBe('Invoice 1042 was charged twice');
    const said = screen.getByTestId('start-error').textContent;
    expect(said).toContain('Could not start: Jane Doe’s portal did not answer.');
    expect(said).toContain('7f3a91c0');
  });

  it('is left with Escape, but not while entries could be lost', async () => {
    const { asked } = await shown(scenes.card);
    await fireEvent.keyDown(screen.getByTestId('reason-text'), { key: 'Escape' });
    expect(asked('close_card')).toEqual([]);
    await fireEvent.keyDown(field(), { key: 'Escape' });
    expect(asked('close_card')).toEqual([{}]);
  });
});

describe('a running session', () => {
  it('counts down by itself between two snapshots', async () => {
    await shown(scenes['live-find']);
    expect(screen.getByTestId('countdown').textContent).toContain('27:41');
    await vi.advanceTimersByTimeAsync(61_000);
    expect(screen.getByTestId('countdown').textContent).toContain('26:40');
  });

  it('changes its look and its words in the last five minutes, and says so', async () => {
    await shown({ ...scenes['live-find'], session: { ...session, remaining_millis: 5 * 60_000 + 500 } });
    expect(screen.getByTestId('live-strip').classList.contains('last')).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.getByTestId('live-strip').classList.contains('last')).toBe(true);
    expect(screen.getByTestId('live-strip').textContent).toContain('ends in');
    expect(screen.getByTestId('announcement').textContent).toContain('Five minutes');
  });

  it('is gone from the strip once it has ended, and the end screen says by whom', async () => {
    const { show, asked } = await shown(scenes['live-find']);
    await show(scenes['ended-lost']);
    expect(screen.queryByTestId('live-strip')).toBeNull();
    expect(screen.getByTestId('end-screen').textContent).toContain('out of reach for too long');
    await fireEvent.click(screen.getByTestId('open-trail'));
    expect(asked('open_trail')).toEqual([{ session: session.id }]);
    expect(asked('dismiss_end')).toHaveLength(1);
  });
});

describe('the trail', () => {
  it('marks what was blocked and what is unsent in words', async () => {
    await shown(scenes.trail);
    await fireEvent.click(screen.getByTestId('nav-trail'));
    const rows = screen.getAllByTestId('trail-event');
    expect(rows).toHaveLength(30);
    const blocked = rows.filter((row) => row.dataset.kind === 'request_blocked');
    expect(blocked[0]?.textContent).toContain('Blocked');
    expect(rows.filter((row) => row.textContent?.includes('unsent'))).toHaveLength(2);
    await fireEvent.click(screen.getByTestId('filter-blocked'));
    expect(screen.getAllByTestId('trail-event')).toHaveLength(3);
  });

  it('counts the pages that the server counted, and shows resources only when asked', async () => {
    await shown(scenes.trail);
    await fireEvent.click(screen.getByTestId('nav-trail'));
    const kinds = () => screen.getAllByTestId('trail-event').map((row) => row.dataset.kind);
    // One in which a masked value was shown is hidden from nobody.
    const resources = scenes.trail.trail.events.filter((event) => lineKind(event) === 'resource').length;
    expect(kinds().filter((kind) => kind === 'unmasked_page')).toHaveLength(1);
    expect(kinds()).toContain('went_to');
    expect(kinds()).not.toContain('resource');
    expect(screen.getByTestId('trail').textContent).toContain(`${resources} resources are not listed`);

    await fireEvent.click(screen.getByTestId('filter-resources'));
    expect(kinds().filter((kind) => kind === 'resource')).toHaveLength(resources);
    expect(kinds()).toHaveLength(scenes.trail.trail.events.length);
    expect(screen.getByTestId('trail').textContent).not.toContain('not listed');
    await fireEvent.click(screen.getByTestId('filter-resources'));

    await fireEvent.click(screen.getByTestId('filter-pages'));
    const pages = scenes.trail.trail.about?.pages;
    expect(screen.getByTestId('filter-pages').textContent).toContain(String(pages));
    expect(kinds()).toEqual(Array.from({ length: pages }, () => 'page_viewed'));
  });

  it('says aloud that a chain is broken', async () => {
    await shown(scenes['trail-broken']);
    await fireEvent.click(screen.getByTestId('nav-trail'));
    expect(screen.getByTestId('trail-chain').textContent).toContain('broken: tell security');
  });
});

it('a command that was not taken is said', async () => {
  const { invoke } = await shown(scenes['signed-out']);
  invoke.mockRejectedValueOnce(new Error('closed'));
  await fireEvent.click(screen.getByTestId('sign-in'));
  await vi.advanceTimersByTimeAsync(0);
  expect(screen.getByTestId('command-error').textContent).toContain('Nothing was changed');
});
