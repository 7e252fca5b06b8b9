import { fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionWindowView } from '../lib/bindings/SessionWindowView';
import { barScenes as scenes } from '../lib/host/samples';
import Bar from './Bar.svelte';

async function shown(first: SessionWindowView) {
  let send: (view: SessionWindowView) => void = () => {};
  const invoke = vi.fn(async () => {});
  render(Bar, {
    host: {
      onView(callback) {
        send = callback;
        callback(first);
      },
      invoke,
    },
  });
  await tick();
  return {
    invoke,
    async show(view: SessionWindowView) {
      send(view);
      await tick();
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the bar', () => {
  it('says as whom, how, why and how long', async () => {
    await shown(scenes.bar);
    const words = screen.getByTestId('bar').textContent;
    for (const word of ['Viewing as Jane Doe', 'Read-only', 'AG-7K3QX', 'TCK-4821', 'Billing question', '27:41']) expect(words).toContain(word);
  });

  it('ends the session without asking back', async () => {
    const { invoke } = await shown(scenes.bar);
    await fireEvent.click(screen.getByTestId('end-session'));
    expect(invoke).toHaveBeenCalledExactlyOnceWith('end_session', {});
  });

  it('explains a refusal for a few seconds', async () => {
    const { show } = await shown(scenes.bar);
    expect(screen.queryByTestId('notice')).toBeNull();
    await show(scenes['bar-notice']);
    expect(screen.getByTestId('notice').textContent).toContain('Printing is off in this session. It was recorded.');
    await vi.advanceTimersByTimeAsync(6000);
    expect(screen.queryByTestId('notice')).toBeNull();
  });

  it('shows the same refusal again when it happened again, and not when only the view came again', async () => {
    const { show } = await shown(scenes['bar-notice']);
    await vi.advanceTimersByTimeAsync(6000);
    await show({ ...scenes['bar-notice'] });
    expect(screen.queryByTestId('notice')).toBeNull();
    await show({ ...scenes['bar-notice'], notice: { attempt: 'print', number: 2 } });
    expect(screen.getByTestId('notice')).toBeTruthy();
  });

  it('warns in the last minutes with a word as well as with its look', async () => {
    await shown(scenes['bar-last-minutes']);
    expect(screen.getByTestId('bar').classList.contains('last')).toBe(true);
    expect(screen.getByTestId('countdown').textContent).toContain('ends in');
  });

  it('tells screen readers at one minute and at the end', async () => {
    await shown({ ...scenes.bar, remaining_millis: 61_000 });
    await vi.advanceTimersByTimeAsync(1500);
    expect(screen.getByTestId('announcement').textContent).toContain('One minute');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(screen.getByTestId('announcement').textContent).toContain('up');
  });

  it('offers no end for what has ended', async () => {
    await shown(scenes['bar-ended']);
    expect(screen.getByTestId('end-session').hasAttribute('disabled')).toBe(true);
    expect(screen.getByTestId('end-session').textContent?.trim()).toBe('Ended');
  });
});
