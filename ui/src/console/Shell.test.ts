import { fireEvent, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActionView } from '../lib/bindings/ActionView';
import type { ConsoleView } from '../lib/bindings/ConsoleView';
import { consoleScenes as scenes } from '../lib/host/samples';
import { dayAndTime } from '../lib/text/times';
import { shownIn } from '../test_host';
import Console from './Console.svelte';

const shown = (first: ConsoleView) => shownIn(Console, first);

const press = (name: string) => fireEvent.click(screen.getByTestId(name));
const type = (name: string, value: string) => fireEvent.input(screen.getByTestId(name), { target: { value } });
const key = (pressed: string, rest: Partial<KeyboardEvent> = {}) => fireEvent.keyDown(window, { key: pressed, ...rest });
const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the first run', () => {
  const run = scenes['first-run'];
  const with_ = (change: Partial<ConsoleView['first_run']>): ConsoleView => ({ ...run, first_run: { ...run.first_run, ...change } });

  it('lets nobody sign in before everything is settled, and says what is open', async () => {
    const { asked } = await shown(run);
    expect(screen.getByTestId('sign-in').hasAttribute('disabled')).toBe(true);
    expect(screen.getByTestId('first-run').textContent).toContain('Still to do: find your server, read what is recorded.');
    expect(document.activeElement?.id).toBe('server-address');
    await press('accept-notice');
    expect(asked('accept_notice')).toHaveLength(1);
  });

  it('looks at the address that was typed, and shows no answer beside another one', async () => {
    const { asked } = await shown(scenes['first-run-found']);
    expect(screen.getByTestId('server-found').textContent).toContain('Barkside support');
    await type('server-address', ' amberglass.example ');
    expect(screen.queryByTestId('server-found')).toBeNull();
    await fireEvent.submit(screen.getByTestId('server-address').closest('form') as HTMLFormElement);
    expect(asked('set_server')).toEqual([{ address: 'amberglass.example' }]);
  });

  it('keeps what was typed when nothing of ours answers', async () => {
    const { show } = await shown(run);
    await type('server-address', 'example.com');
    await fireEvent.submit(screen.getByTestId('server-address').closest('form') as HTMLFormElement);
    await show(with_({ error: scenes['first-run-not-ours'].first_run.error }));
    expect(screen.getByTestId('server-error').textContent).toContain('example.com is not an Amberglass server.');
    expect((screen.getByTestId('server-address') as HTMLInputElement).value).toBe('example.com');
  });

  it('shows a fixed address without a way to change it', async () => {
    await shown(scenes['first-run-fixed']);
    expect((screen.getByTestId('server-address') as HTMLInputElement).readOnly).toBe(true);
    expect(screen.getByTestId('first-run').textContent).toContain('Set by whoever installed Amberglass');
  });

  it('says how to come by a key store, and looks again', async () => {
    const { asked } = await shown(scenes['first-run-key-store']);
    expect(screen.getByTestId('keyring-state').textContent).toContain('key store');
    expect(document.activeElement?.id).toBe('keyring-check');
    await press('keyring-check');
    expect(asked('check_keyring')).toHaveLength(1);
  });

  it('stays until the sign-in begins, though nothing is needed any more', async () => {
    const { show, asked } = await shown(run);
    const settled = with_({ needed: false, found: scenes['first-run-found'].first_run.found, notice_accepted: true });
    await show(settled);
    expect(screen.getByTestId('first-run')).toBeTruthy();
    await press('sign-in');
    expect(asked('sign_in')).toHaveLength(1);
    await show({ ...settled, sign_in: { state: 'waiting_for_browser', since: 0 } });
    expect(screen.queryByTestId('first-run')).toBeNull();
    expect(screen.getByTestId('cancel-sign-in')).toBeTruthy();
    await show({ ...settled, sign_in: { state: 'signed_out', error: null } });
    expect(screen.queryByTestId('first-run')).toBeNull();
  });
});

describe('the look', () => {
  it('follows the preferences', async () => {
    const { show } = await shown(scenes['settings-lead']);
    expect(document.documentElement.dataset.theme).toBe('dark');
    await show(scenes.settings);
    expect(document.documentElement.dataset.theme).toBeUndefined();
  });
});

describe('keys', () => {
  it('lead everywhere, also from the end screen', async () => {
    const { asked, show } = await shown(scenes.ended);
    await key('1', { ctrlKey: true });
    await settled();
    expect(asked('dismiss_end')).toHaveLength(1);
    await show(scenes.find);
    await key(',', { ctrlKey: true });
    expect(screen.getByTestId('settings')).toBeTruthy();
  });

  it('do nothing behind a dialog', async () => {
    await shown(scenes.settings);
    await key(',', { ctrlKey: true });
    await press('show-keys');
    await key('3', { ctrlKey: true });
    expect(screen.getByTestId('settings')).toBeTruthy();
  });

  it('that are text stay text where one writes', async () => {
    await shown(scenes.find);
    await fireEvent.keyDown(screen.getByTestId('find-field'), { key: '?' });
    expect(screen.queryByTestId('key-list')).toBeNull();
  });
});

describe('the palette', () => {
  const open = () => key('k', { ctrlKey: true });
  const field = () => screen.getByTestId('palette-field');

  it('searches first, asks once, and opens the card of the hit that is chosen', async () => {
    const { asked, show } = await shown(scenes.palette);
    await open();
    await type('palette-field', 'janet');
    expect(screen.getByTestId('palette-find').getAttribute('aria-selected')).toBe('true');
    expect(screen.queryByTestId('palette-customer-1042')).toBeNull();
    vi.advanceTimersByTime(150);
    expect(asked('find_customers')).toEqual([{ portal: 'barkside', query: 'janet' }]);
    const hits = scenes.palette.find.customers.filter((customer) => customer.id === '1077');
    await show({ ...scenes.palette, find: { ...scenes.palette.find, query: 'janet', customers: hits } });
    await fireEvent.keyDown(field(), { key: 'ArrowDown' });
    await fireEvent.keyDown(field(), { key: 'Enter' });
    await settled();
    expect(asked('open_card')).toEqual([{ portal: 'barkside', customer: '1077' }]);
    expect(screen.queryByTestId('palette')).toBeNull();
  });

  it('puts the search of Find back when it is left', async () => {
    const { asked, show } = await shown(scenes.palette);
    await open();
    await type('palette-field', 'zyx');
    vi.advanceTimersByTime(150);
    await show({ ...scenes.palette, find: { ...scenes.palette.find, query: 'zyx', customers: [] } });
    expect(screen.getByTestId('palette').textContent).toContain('No customer matches.');
    await fireEvent(screen.getByTestId('palette'), new Event('cancel', { cancelable: true }));
    await settled();
    expect(asked('find_customers').at(-1)).toEqual({ portal: 'barkside', query: 'jan' });
  });

  it('hands a search over to Find', async () => {
    const { asked } = await shown(scenes.settings);
    await key(',', { ctrlKey: true });
    await open();
    await type('palette-field', 'janet');
    await fireEvent.keyDown(field(), { key: 'Enter' });
    await settled();
    expect((screen.getByTestId('find-field') as HTMLInputElement).value).toBe('janet');
    await vi.advanceTimersByTimeAsync(150);
    expect(asked('find_customers').at(-1)).toEqual({ portal: 'barkside', query: 'janet' });
  });

  it('goes to a screen, and ends nothing by a search', async () => {
    const { asked } = await shown(scenes['palette-live']);
    await open();
    await type('palette-field', 'end');
    await fireEvent.keyDown(field(), { key: 'Enter' });
    await settled();
    expect(asked('end_session')).toEqual([]);
    await open();
    await press('palette-go-devices');
    await settled();
    expect(screen.getByTestId('devices')).toBeTruthy();
  });
});

describe('revoking a device', () => {
  const doing = (busy: boolean, error: ActionView['error'] = null): ConsoleView => ({
    ...scenes.devices,
    action: { kind: 'revoke_device', target: 'd2', busy, error },
  });
  const there = async () => {
    const console = await shown(scenes.devices);
    await press('nav-devices');
    await press('revoke-d2');
    return console;
  };

  it('wants a reason first', async () => {
    const { asked } = await there();
    await type('dialog-reason', ' lost ');
    await press('dialog-confirm');
    expect(asked('revoke_device')).toEqual([]);
    expect(screen.getByTestId('revoke-dialog').textContent).toContain('at least 10 characters');
  });

  it('keeps the words while it fails, and goes when it is done', async () => {
    const { asked, show } = await there();
    await type('dialog-reason', ' Left on a train, reported today ');
    await press('dialog-confirm');
    await settled();
    expect(asked('revoke_device')).toEqual([{ device: 'd2', reason: 'Left on a train, reported today' }]);
    await show(doing(true));
    await press('dialog-confirm');
    await settled();
    expect(asked('revoke_device')).toHaveLength(1);
    await show(doing(false, { code: 'fresh_sign_in_required', reference: '7f3a91c0', retry: true, about: null }));
    expect(screen.getByTestId('dialog-error').textContent).toContain('Sign in again');
    expect((screen.getByTestId('dialog-reason') as HTMLTextAreaElement).value).toContain('Left on a train');
    await show(doing(true));
    await show(doing(false));
    await settled();
    expect(screen.queryByTestId('revoke-dialog')).toBeNull();
    expect(asked('dismiss_action').length).toBeGreaterThan(0);
  });

  it('is not offered while offline, nor for a revoked one', async () => {
    await shown(scenes['devices-offline']);
    await press('nav-devices');
    expect(screen.getByTestId('revoke-d2').hasAttribute('disabled')).toBe(true);
    expect(screen.queryByTestId('revoke-d3')).toBeNull();
  });
});

describe('the emergency stop', () => {
  it('is said on every screen: since when, by whom, why', async () => {
    await shown(scenes.emergency);
    const words = screen.getByTestId('emergency-banner').textContent;
    // At midnight it was yesterday.
    const since = dayAndTime(scenes.emergency?.emergency_stop?.stopped_at ?? 0, Date.now());
    for (const part of [`Since ${since}`, 'Noor Haddad', 'other people’s invoices']) expect(words).toContain(part);
    expect(screen.queryByTestId('emergency-lift')).toBeNull();
  });

  it('is offered to those alone who may, and wants a reason', async () => {
    const { asked } = await shown(scenes['settings-lead']);
    await press('nav-settings');
    await press('emergency-stop');
    await type('dialog-reason', 'Invoices of others are shown');
    await press('dialog-confirm');
    await settled();
    expect(asked('emergency_stop')).toEqual([{ reason: 'Invoices of others are shown' }]);
  });

  it('is lifted after a question', async () => {
    const { asked } = await shown(scenes['emergency-lead']);
    await press('emergency-lift');
    expect(asked('lift_emergency_stop')).toEqual([]);
    await press('dialog-confirm');
    await settled();
    expect(asked('lift_emergency_stop')).toEqual([{}]);
  });
});

describe('what is recorded about oneself', () => {
  it('is fetched when the screen opens, and more of it when asked', async () => {
    const { asked } = await shown(scenes['own-record']);
    await press('nav-own-record');
    expect(asked('load_own_record')).toEqual([{ more: false }]);
    expect(screen.getAllByTestId('own-record-event')).toHaveLength(scenes['own-record'].own_record.events.length);
    await press('own-record-more');
    expect(asked('load_own_record').at(-1)).toEqual({ more: true });
  });
});

describe('settings', () => {
  it('say each limit with its value and who sets it', async () => {
    await shown(scenes.settings);
    await press('nav-settings');
    const words = screen.getByTestId('settings').textContent;
    for (const part of ['Longest session', '1 h', '2 of 15 min each', '13 months', 'Set by the server']) expect(words).toContain(part);
  });

  it('keep one choice and leave the others', async () => {
    const { asked } = await shown(scenes.settings);
    await press('nav-settings');
    await press('theme-dark');
    await fireEvent.change(screen.getByTestId('watermark'), { target: { value: '14' } });
    const others = scenes.settings.preferences;
    expect(asked('set_preferences')).toEqual([
      { preferences: { ...others, theme: 'dark' } },
      { preferences: { ...others, watermark_percent: 14 } },
    ]);
  });
});

it('the emergency stop is at hand where sessions are watched, for those who may', async () => {
  const { show } = await shown(scenes['live-all']);
  await press('nav-live');
  await press('emergency-stop');
  expect(screen.getByTestId('stop-dialog').textContent).toContain('Every running session ends at once');
  await press('dialog-cancel');
  await show(scenes.find);
  expect(screen.queryByTestId('emergency-stop')).toBeNull();
});
