import { fireEvent, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionWindowView } from '../lib/bindings/SessionWindowView';
import { barScenes as scenes } from '../lib/host/samples';
import { shownIn } from '../test_host';
import Bar from './Bar.svelte';

const shown = (first: SessionWindowView) => shownIn(Bar, first);

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

  it('says where a saved file lies, that it stays, and when one did not come whole', async () => {
    const { show } = await shown(scenes.bar);
    const place = { name: 'invoice-7.csv', folder: '/files/Downloads/Amberglass/AG-7K3QX' };
    await show({ ...scenes.bar, file: { place, number: 1 } });
    const words = screen.getByTestId('notice').textContent;
    for (const word of ['stays after the session', place.name, place.folder]) expect(words).toContain(word);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(screen.queryByTestId('notice')).toBeNull();
    await show({ ...scenes.bar, file: { place: null, number: 2 } });
    expect(screen.getByTestId('notice').textContent).toContain('Nothing of it was kept');
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

  it('is announced once at each warning that the server names, and noted in the strip', async () => {
    const { show } = await shown({ ...scenes.bar, remaining_millis: 5 * 60_000 + 400 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.getByTestId('announcement').textContent).toBe('Five minutes left in this session.');
    expect(screen.getByTestId('notice').textContent).toContain('Five minutes left. Extend if you need longer.');
    await show({ ...scenes.bar, remaining_millis: 5 * 60_000 + 300 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(screen.queryByTestId('notice')).toBeNull();
    expect(screen.getByTestId('spoken').textContent).toBe('');
  });

  it('says that a page is still loading, and how to stop it', async () => {
    const { show } = await shown(scenes.bar);
    await show(scenes['bar-still-loading']);
    expect(screen.getByTestId('still-loading').textContent).toContain('The page is still loading. Escape in the page stops it.');
    expect(screen.getByTestId('spoken').textContent).toContain('still loading');
    await show(scenes.bar);
    expect(screen.queryByTestId('still-loading')).toBeNull();
  });

  it('says how to stay when nobody has touched the window, counting, but speaks of it once', async () => {
    const { show } = await shown(scenes.bar);
    await show(scenes['bar-idle']);
    expect(screen.getByTestId('idle-notice').textContent).toContain(
      'No activity: ends in 0:58 unless you move the mouse or press a key in this window.',
    );
    const spoken = screen.getByTestId('spoken').textContent;
    expect(spoken).toContain('58 seconds');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(screen.getByTestId('idle-notice').textContent).toContain('0:48');
    await show({ ...scenes['bar-idle'], idle_remaining_millis: 48_000 });
    expect(screen.getByTestId('spoken').textContent).toBe(spoken);
    await show(scenes.bar);
    expect(screen.queryByTestId('idle-notice')).toBeNull();
  });
});

describe('extending', () => {
  it('is offered only while there is something to gain', async () => {
    const { show } = await shown(scenes.bar);
    expect(screen.getByTestId('open-extend')).toBeTruthy();
    await show(scenes['bar-no-extension']);
    expect(screen.queryByTestId('open-extend')).toBeNull();
    await show({ ...scenes.bar, extend: { ...scenes.bar.extend, seconds: 0 } });
    expect(screen.queryByTestId('open-extend')).toBeNull();
    await show(scenes['bar-ending']);
    expect(screen.queryByTestId('open-extend')).toBeNull();
  });

  it('asks why in a row that takes the focus and gives it back', async () => {
    const { invoke, show } = await shown(scenes.bar);
    await fireEvent.click(screen.getByTestId('open-extend'));
    expect(invoke).toHaveBeenLastCalledWith('open_extend', {});
    await show(scenes['bar-extend']);
    expect(document.activeElement).toBe(screen.getByTestId('extend-text'));
    await fireEvent.keyDown(screen.getByTestId('extend-text'), { key: 'Escape' });
    expect(invoke).toHaveBeenLastCalledWith('close_extend', {});
    await show(scenes.bar);
    await tick();
    expect(document.activeElement).toBe(screen.getByTestId('open-extend'));
  });

  it('gives the focus to End when the last extension was used', async () => {
    const { show } = await shown(scenes['bar-extend']);
    await show({ ...scenes['bar-no-extension'], extend: { ...scenes['bar-no-extension'].extend, number: 1 } });
    await tick();
    expect(document.activeElement).toBe(screen.getByTestId('end-session'));
  });

  it('sends the reason, and none that is too short', async () => {
    const { invoke } = await shown(scenes['bar-extend']);
    const field = screen.getByTestId('extend-text');
    await fireEvent.input(field, { target: { value: '  longer ' } });
    await fireEvent.click(screen.getByTestId('extend'));
    expect(invoke).not.toHaveBeenCalled();
    expect(screen.getByTestId('extend-error').textContent).toContain('at least 10 characters');
    await fireEvent.input(field, { target: { value: ' She has a second invoice ' } });
    expect(screen.queryByTestId('extend-error')).toBeNull();
    await fireEvent.click(screen.getByTestId('extend'));
    expect(invoke).toHaveBeenCalledExactlyOnceWith('extend_session', { text: 'She has a second invoice' });
  });

  it('keeps the words while it goes on and when it fails, and can not be asked for twice', async () => {
    const { invoke, show } = await shown(scenes['bar-extend']);
    const field = screen.getByTestId('extend-text') as HTMLInputElement;
    await fireEvent.input(field, { target: { value: 'She has a second invoice' } });
    await show(scenes['bar-extend-busy']);
    await fireEvent.click(screen.getByTestId('extend'));
    expect(invoke).not.toHaveBeenCalled();
    await show(scenes['bar-extend-error']);
    expect(screen.getByTestId('extend-error').textContent).toMatch(/Not extended: .*policy.*Reference 7f3a91c0\./);
    expect(field.value).toBe('She has a second invoice');
  });

  it('keeps the words while a lost connection takes the row away', async () => {
    const { show } = await shown(scenes['bar-extend']);
    await fireEvent.input(screen.getByTestId('extend-text'), { target: { value: 'She has a second invoice' } });
    await show({ ...scenes['bar-connection-lost'], extend: { ...scenes['bar-extend'].extend, open: false, left: 0, seconds: 0 } });
    expect(screen.queryByTestId('extend-text')).toBeNull();
    await show(scenes['bar-extend']);
    expect((screen.getByTestId('extend-text') as HTMLInputElement).value).toBe('She has a second invoice');
  });

  it('is said when it is done, by as much as it was', async () => {
    const { show } = await shown(scenes['bar-extend']);
    await show(scenes['bar-extended']);
    expect(screen.getByTestId('notice').textContent).toContain('Extended by 15 min.');
    expect(screen.getByTestId('spoken').textContent).toBe('Extended by 15 min.');
    expect(screen.getByTestId('countdown').textContent).toContain('42:10');
  });
});

it('the bar says why the page is covered and what to do', async () => {
  const { show } = await shown(scenes.bar);
  await show(scenes['bar-ended-by-lead']);
  for (const place of ['bar', 'spoken']) {
    expect(screen.getByTestId(place).textContent).toContain('Ended by Noor Haddad, a lead: “Wrong Jane Doe, please check the ticket”. Talk to them');
  }
});

describe('the row about a write that was blocked', () => {
  it('asks for just the one that it shows, once', async () => {
    const { invoke, show } = await shown(scenes['bar-write-blocked']);
    expect(screen.getByTestId('write-words').textContent).toContain('Blocked: POST /appointments/104201/reschedule?from. Nothing was changed.');
    await fireEvent.click(screen.getByTestId('ask-write'));
    expect(invoke).toHaveBeenCalledExactlyOnceWith('ask_elevation', { record: '0198c5a2-7d1e-7c33-9b1f-2f6d3c0a7e44' });
    await show(scenes['bar-write-asking']);
    await fireEvent.click(screen.getByTestId('ask-write'));
    expect(invoke).toHaveBeenCalledOnce();
  });

  it('says why one can’t be asked for, and offers nothing but to leave it', async () => {
    const { invoke } = await shown(scenes['bar-write-never']);
    expect(screen.getByTestId('write-words').textContent).toContain('This never happens in a session');
    expect(screen.queryByTestId('ask-write')).toBeNull();
    await fireEvent.click(screen.getByTestId('dismiss-write'));
    expect(invoke).toHaveBeenCalledExactlyOnceWith('dismiss_write', {});
  });

  it('sends what was approved when it is pressed, and says how long that is possible', async () => {
    const { invoke } = await shown(scenes['bar-write-approved']);
    expect(screen.getByTestId('write-words').textContent).toMatch(/Noor Haddad has approved POST .* Send it within 4:31\./);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(screen.getByTestId('write-words').textContent).toContain('Send it within 4:00.');
    await fireEvent.click(screen.getByTestId('send-write'));
    expect(invoke).toHaveBeenCalledExactlyOnceWith('send_write', { request: 'q1' });
  });

  it.each([
    ['bar-write-waiting', 'Waiting for a decision about POST'],
    ['bar-write-denied', 'Noor Haddad has denied POST'],
    ['bar-write-lapsed', 'Nothing was sent.'],
    ['bar-write-sent', 'The portal has taken it (303).'],
    ['bar-write-unknown', 'it is never sent twice'],
    ['bar-write-failed', 'The server is not ready at the moment'],
  ] as const)('says in %s: %s', async (scene, said) => {
    await shown(scenes[scene]);
    expect(screen.getByTestId('write-row').textContent).toContain(said);
    expect(screen.queryByTestId('send-write')).toBeNull();
  });

  it('tells screen readers what has become of it, once', async () => {
    const { show } = await shown(scenes['bar-write-waiting']);
    await show(scenes['bar-write-approved']);
    const said = () => screen.getByTestId('spoken').textContent;
    expect(said()).toMatch(/^Noor Haddad has approved/);
    const before = said();
    await show({ ...scenes['bar-write-approved'], remaining_millis: 1000 });
    expect(said()).toBe(before);
  });

  it.each([
    ['blocked', 'not_found', 'Nothing was sent: the server does not keep this change any more.'],
    ['approved', 'approval_gone', 'Nothing was sent: the approval does not hold any more.'],
    ['approved', 'server_unreachable', 'it may have been sent. It is never sent twice'],
    ['blocked', 'server_unreachable', 'The server can’t be reached.'],
  ] as const)('says of a change that is %s, after %s: %s', async (state, code, said) => {
    const scene = scenes[`bar-write-${state}`];
    await shown({ ...scene, elevation: { ...scene.elevation, error: { code, about: null, reference: '', retry: false } } });
    expect(screen.getByTestId('write-words').textContent).toContain(said);
    expect(screen.getByTestId('write-words').textContent).not.toContain('renamed');
  });

  it('forgets that no answer came once the server has said what became of it', async () => {
    const { show } = await shown(scenes['bar-write-unanswered']);
    expect(screen.getByTestId('write-words').textContent).toContain('once the server has said so. Noor Haddad');
    await show({ ...scenes['bar-write-sent'], elevation: { ...scenes['bar-write-sent'].elevation, error: scenes['bar-write-unanswered'].elevation.error } });
    expect(screen.getByTestId('write-words').textContent).not.toContain('may have been sent');
  });

  it('sends and asks for nothing while the connection is lost, and says why', async () => {
    const { invoke, show } = await shown(scenes['bar-write-paused']);
    expect(screen.getByTestId('write-words').textContent).toContain('Not while the connection is lost.');
    await fireEvent.click(screen.getByTestId('send-write'));
    await show({ ...scenes['bar-write-blocked'], elevation: { ...scenes['bar-write-blocked'].elevation, paused: true } });
    expect(screen.getByTestId('write-words').textContent).toContain('Not while the connection is lost.');
    await fireEvent.click(screen.getByTestId('ask-write'));
    expect(invoke).not.toHaveBeenCalled();
  });

  it('keeps the keyboard where it goes on when the button that was pressed goes, and takes it from nobody', async () => {
    const { show } = await shown(scenes['bar-write-blocked']);
    const focused = () => document.activeElement?.id;
    const then = async (scene: keyof typeof scenes) => {
      await show(scenes[scene]);
      await tick();
    };
    screen.getByTestId('ask-write').focus();
    await then('bar-write-waiting');
    expect(focused()).toBe('open-extend');
    await then('bar-write-approved');
    expect(focused()).toBe('open-extend');
    screen.getByTestId('send-write').focus();
    await then('bar-write-sending');
    expect(focused()).toBe('send-write');
    await then('bar-write-sent');
    expect(focused()).toBe('dismiss-write');
    await then('bar');
    expect(focused()).toBe('open-extend');
    screen.getByTestId('open-extend').blur();
    await then('bar-write-blocked');
    await then('bar-write-waiting');
    expect(document.activeElement).toBe(document.body);
  });

  it('gives way to the row in which one extends, and to the end', async () => {
    const { show } = await shown({ ...scenes['bar-extend'], elevation: scenes['bar-write-blocked'].elevation });
    expect(screen.queryByTestId('write-row')).toBeNull();
    await show({ ...scenes['bar-ended'], elevation: scenes['bar-write-blocked'].elevation });
    expect(screen.queryByTestId('write-row')).toBeNull();
  });
});
