import { fireEvent, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleScenes as scenes, session } from '../../lib/host/samples';
import { isShown, press, shown, type, words } from '../../test_console';
import { running } from './list';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const reason = 'Wrong customer, the ticket is about another one';

describe('what runs', () => {
  it('holds the session of this desktop before and after the server lists it, once and first', () => {
    const { live } = scenes['live-all'];
    expect(running({ live: { ...live, sessions: [] }, session }).map((one) => one.id)).toEqual([session.id]);
    expect(running({ live, session }).map((one) => one.id)).toEqual([session.id, 's11', 's12', 's13']);
    expect(running({ live: { ...live, sessions: [{ ...session, state: 'ended' }] }, session: null })).toEqual([]);
  });

  it('is asked for when the list is opened and while it stands, but not offline', async () => {
    const { asked, show } = await shown(scenes['live-all']);
    await press('nav-live');
    expect(asked('list_live')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(asked('list_live')).toHaveLength(2);
    await show(scenes['live-offline']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked('list_live')).toHaveLength(2);
    expect(words('live-list')).toContain('You are offline');
  });

  it('shows a lead whose it is, whom, how long, where, and what was blocked', async () => {
    await shown(scenes['live-all']);
    await press('nav-live');
    const row = words('live-s11');
    for (const word of ['AG-M4T9W', 'Bo Nilsson', 'Janet Moe', 'Read-only', '/appointments/upcoming', 'ends in', '4:09']) expect(row).toContain(word);
    expect(words(`live-${session.id}`)).toContain('yours');
    expect(words('live-s12')).toContain('no page yet');
  });

  it('counts down between two lists', async () => {
    await shown(scenes['live-all']);
    await press('nav-live');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(words('live-s11')).toContain('3:59');
  });

  it('ends one’s own without a question, and another’s with a reason', async () => {
    const { asked, show } = await shown(scenes['live-all']);
    await press('nav-live');
    await press('live-end');
    expect(asked('end_session')).toEqual([{}]);
    await press('live-end-s11');
    expect(words('end-other-dialog')).toContain('Bo Nilsson');
    await press('dialog-confirm');
    expect(asked('end_other_session')).toEqual([]);
    await type('dialog-reason', reason);
    await press('dialog-confirm');
    await vi.advanceTimersByTimeAsync(0);
    expect(asked('end_other_session')).toEqual([{ session: 's11', reason }]);
    await show(scenes['live-end-busy']);
    await show(scenes['live-end-failed']);
    expect(isShown('dialog-error')).toBe(true);
    expect((screen.getByTestId('dialog-reason') as HTMLTextAreaElement).value).toBe(reason);
    const done = { ...scenes['live-end-busy'].action, busy: false };
    await show({ ...scenes['live-all'], action: done, live: { ...scenes['live-all'].live, sessions: [] } });
    await vi.advanceTimersByTimeAsync(0);
    expect(isShown('end-other-dialog')).toBe(false);
    expect(words('live-done')).toContain('Session AG-M4T9W was ended.');
  });

  it('asks why before it ends one’s own session on another desktop', async () => {
    const { asked } = await shown(scenes['live-elsewhere']);
    await press('nav-live');
    expect(isShown('live-show')).toBe(false);
    await press(`live-end-${session.id}`);
    expect(words('end-other-dialog')).toContain('on another desktop');
    expect(asked('end_session')).toEqual([]);
  });

  it.each([
    ['live-none', 'No session is running'],
    ['live-loading', 'Asking the server'],
    ['live-offline-none', 'You are offline'],
  ] as const)('says in %s that %s', async (scene, said) => {
    await shown(scenes[scene]);
    await press('nav-live');
    expect(words('live-list')).toContain(said);
  });
});

describe('the end screen', () => {
  it('names who ended it and why, and what to do', async () => {
    await shown(scenes['ended-by-lead']);
    const said = words('end-screen');
    for (const word of ['by Noor Haddad, a lead', 'the ticket is about customer 1077', 'Talk to them']) expect(said).toContain(word);
  });

  it('saves a closing note, keeps it while that fails, and shows it once it is kept', async () => {
    const { asked, show } = await shown(scenes.ended);
    expect(screen.getByTestId('note-save').hasAttribute('disabled')).toBe(true);
    await type('note', '  Charged once.  ');
    await press('note-save');
    expect(asked('add_note')).toEqual([{ session: session.id, note: 'Charged once.' }]);
    await show(scenes['note-failed']);
    expect(words('note-error')).toContain('The note is not saved yet: You are offline.');
    expect((screen.getByTestId('note') as HTMLTextAreaElement).value).toBe('  Charged once.  ');
    await show(scenes['note-saved']);
    expect(words('note-saved')).toContain('Charged once');
    expect(isShown('note')).toBe(false);
    expect(document.activeElement).toBe(screen.getByTestId('note-saved'));
  });

  it('does not send a note twice, nor one that is too long', async () => {
    const { asked } = await shown(scenes['note-saving']);
    await type('note', 'Charged once.');
    await press('note-save');
    expect(asked('add_note')).toEqual([]);
    await type('note', 'x'.repeat(2001));
    expect(words('end-screen')).toContain('1 character too long');
  });

  it('says that a note would be left behind', async () => {
    await shown(scenes.ended);
    expect(words('dismiss-end')).toContain('Done');
    await type('note', 'Charged once.');
    expect(words('dismiss-end')).toContain('Leave without the note');
  });

  it('leads back to the customer', async () => {
    const { asked } = await shown(scenes.ended);
    await press('end-again');
    expect([asked('dismiss_end'), asked('open_card')]).toEqual([[{}], [{ portal: 'barkside', customer: '1042' }]]);
  });
});

describe('after a crash', () => {
  it('is told what happened, what was kept and until when the session runs', async () => {
    const { asked } = await shown(scenes['recovered-running']);
    const said = words('recovered');
    for (const word of ['Jane Doe', 'AG-7K3QX', 'everything was with the server', 'ends by itself within 2 min']) expect(said).toContain(word);
    await press('recovered-end');
    await press('recovered-end');
    expect(asked('end_session')).toEqual([{}]);
  });

  it('is told how it ended, and nothing has to be done', async () => {
    const { asked } = await shown(scenes.recovered);
    const said = words('recovered');
    for (const word of ['out of reach for too long', '7 records had not been sent, and are with the server now', 'nothing you have to do']) expect(said).toContain(word);
    expect(isShown('recovered-end')).toBe(false);
    await press('dismiss-recovered');
    expect(asked('dismiss_recovered')).toEqual([{}]);
  });

  it('is told offline that it can’t be ended from here yet', async () => {
    await shown(scenes['recovered-waiting']);
    expect(screen.getByTestId('recovered-end').hasAttribute('disabled')).toBe(true);
    expect(words('recovered')).toContain('safe on this device');
  });

  it('is left by going elsewhere', async () => {
    const { asked } = await shown(scenes.recovered);
    await press('recovered-trail');
    expect([asked('dismiss_recovered'), asked('open_trail')]).toEqual([[{}], [{ session: session.id }]]);
  });
});

describe('the list of the trail', () => {
  it('can be searched by customer, code or ticket', async () => {
    await shown(scenes.sessions);
    await press('nav-trail');
    await type('sessions-field', 'janet');
    expect(screen.getByTestId('sessions').children).toHaveLength(1);
    await type('sessions-field', 'ag-px5');
    expect(isShown('session-s3')).toBe(true);
    await type('sessions-field', 'nobody');
    expect(document.body.textContent).toContain('No session matches');
  });

  it.each([
    ['sessions-loading', 'Fetching your sessions'],
    ['sessions-offline', 'You are offline'],
    ['sessions-none', 'No sessions yet'],
  ] as const)('says in %s that %s', async (scene, said) => {
    await shown(scenes[scene]);
    await fireEvent.click(screen.getByTestId('nav-trail'));
    expect(document.body.textContent).toContain(said);
  });
});
