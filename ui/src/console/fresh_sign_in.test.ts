import { fireEvent, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActionView } from '../lib/bindings/ActionView';
import type { ConsoleView } from '../lib/bindings/ConsoleView';
import { consoleScenes as scenes } from '../lib/host/samples';
import { isShown, press, shown, type, value, words } from '../test_console';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = async () => {
  await press('reason-code-billing');
  await type('reason-text', 'Invoice 1042 was charged twice');
  await type('ticket', 'TCK-4821');
  await press('start-session');
};

describe('a start that wants a fresh sign-in', () => {
  it('offers it right there, and keeps what was entered', async () => {
    const { asked, show } = await shown(scenes.card);
    await start();
    await show(scenes['start-fresh']);
    expect(words('start-error')).toContain('at most five minutes old. Nothing was changed. What you entered is still here.');
    expect(isShown('start-session')).toBe(false);
    await press('sign-in-again');
    expect(asked('sign_in_again')).toEqual([{}]);
    expect(value('reason-text')).toBe('Invoice 1042 was charged twice');
  });

  it('waits for the browser with the entries as they were asked for, and can be told to stop', async () => {
    const { asked, show } = await shown(scenes.card);
    await start();
    await show(scenes['start-fresh-waiting']);
    expect(words('start-error')).toContain('Finish the sign-in in your browser. What you asked for follows by itself.');
    expect(screen.getByTestId('reason-text').closest('fieldset')?.disabled).toBe(true);
    await press('cancel-sign-in');
    expect(asked('cancel_sign_in')).toEqual([{}]);
    await show(scenes['start-fresh']);
    expect(isShown('sign-in-again')).toBe(true);
    await show(scenes['start-progress']);
    expect(words('start-progress')).toContain('Opening the session window');
  });

  it('is another question once an entry was changed', async () => {
    const { asked, show } = await shown(scenes.card);
    await start();
    await show(scenes['start-fresh']);
    await press('duration-900');
    expect(isShown('sign-in-again')).toBe(false);
    await press('start-session');
    expect(asked('sign_in_again')).toEqual([]);
    expect(asked('start_session')).toMatchObject([{ durationSeconds: 1800 }, { durationSeconds: 900 }]);
  });

  it('says when somebody else has signed in', async () => {
    await shown(scenes['start-fresh-failed']);
    expect(words('sign-in-again-error')).toContain('Somebody else signed in in your browser. You are still signed in here');
    expect(isShown('sign-in-again')).toBe(true);
  });
});

describe('an action that wants a fresh sign-in', () => {
  const refused = (target: string): ConsoleView => ({ ...scenes.devices, action: { ...(scenes['emergency-fresh'].action as ActionView), kind: 'revoke_device', target } });

  it('offers it in its dialog, keeps the reason, and closes once it is done', async () => {
    const { asked, show } = await shown(scenes.devices);
    await press('nav-devices');
    await press('revoke-d2');
    await type('dialog-reason', 'Left on a train, reported today');
    await press('dialog-confirm');
    await show({ ...scenes.devices, action: { kind: 'revoke_device', target: 'd2', busy: true, error: null } });
    await show(refused('d2'));
    expect(isShown('dialog-confirm')).toBe(false);
    await press('sign-in-again');
    expect(asked('sign_in_again')).toEqual([{}]);
    await show({ ...refused('d2'), fresh_sign_in: { state: 'waiting_for_browser', since: 0 } });
    expect((screen.getByTestId('dialog-reason') as HTMLTextAreaElement).readOnly).toBe(true);
    expect(value('dialog-reason')).toBe('Left on a train, reported today');
    await show({ ...scenes.devices, action: { kind: 'revoke_device', target: 'd2', busy: true, error: null } });
    await show({ ...scenes.devices, action: { kind: 'revoke_device', target: 'd2', busy: false, error: null } });
    await tick();
    expect(isShown('revoke-dialog')).toBe(false);
    expect(asked('revoke_device')).toHaveLength(1);
  });

  it('is another question once the reason was changed', async () => {
    const { asked, show } = await shown(scenes.devices);
    await press('nav-devices');
    await press('revoke-d2');
    await type('dialog-reason', 'Left on a train, reported today');
    await press('dialog-confirm');
    await show(refused('d2'));
    await type('dialog-reason', 'Left on a train, reported yesterday');
    expect(isShown('sign-in-again')).toBe(false);
    await fireEvent.click(screen.getByTestId('dialog-confirm'));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked('revoke_device')).toHaveLength(2);
  });
});
