import { fireEvent, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleScenes as scenes } from '../../lib/host/samples';
import { isShown, press, shown, type, words } from '../../test_console';

beforeEach(() => void vi.useFakeTimers({ now: Date.now() }));
afterEach(() => void vi.useRealTimers());

const WHY = 'It shows customers other people’s invoices';

describe('the stop of one portal', () => {
  it('asks why, and is done with the reason', async () => {
    const { asked } = await shown(scenes['portal-stopped']);
    await press('nav-settings');
    await press('portal-stop-meowside');
    expect(words('portal-stop-dialog')).toContain('Every session in Meowside ends at once');
    await press('dialog-confirm');
    expect(asked('stop_portal')).toEqual([]);
    await type('dialog-reason', WHY);
    await fireEvent.keyDown(screen.getByTestId('dialog-reason'), { key: 'Enter', ctrlKey: true });
    expect(asked('stop_portal')).toEqual([{ portal: 'meowside', reason: WHY }]);
  });

  it('stays in sight of whoever may let it go on, with the reason, until they do', async () => {
    const { asked, show } = await shown(scenes['portal-stopped']);
    expect(words('stopped-strip')).toMatch(/Barkside\. Stopped today .*“It shows customers/);
    await press('nav-settings');
    await press('portal-lift-barkside');
    await type('dialog-reason', 'The invoices are right again');
    await press('dialog-confirm');
    expect(asked('lift_portal')).toEqual([{ portal: 'barkside', reason: 'The invoices are right again' }]);
    await show(scenes.news);
    expect(isShown('stopped-strip')).toBe(false);
  });

  it('offers nothing for what the configuration has switched off, and nothing to whoever may not', async () => {
    const { show } = await shown(scenes['portal-stopped']);
    await press('nav-settings');
    expect(isShown('portal-stop-old') || isShown('portal-lift-old')).toBe(false);
    await show(scenes.settings);
    expect(isShown('portal-stop-barkside')).toBe(false);
  });

  it('is reached from the palette', async () => {
    await shown(scenes['portal-stopped']);
    await fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    await type('palette-field', 'stop meow');
    await press('palette-stop-meowside');
    await vi.advanceTimersByTimeAsync(0);
    expect(isShown('portal-stop-dialog')).toBe(true);
  });
});
