import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActionView } from '../lib/bindings/ActionView';
import type { ConsoleView } from '../lib/bindings/ConsoleView';
import type { EndView } from '../lib/bindings/EndView';
import { consoleScenes as scenes } from '../lib/host/samples';
import { isShown, press, shown, type, value, words } from '../test_console';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const end = scenes.ended.ended as EndView;
const about = end.session;
const failed = scenes['note-failed'].action as ActionView;
const gone: ConsoleView = { ...scenes.ended, ended: null };
const trail: ConsoleView = { ...gone, trail: { session: about.id, loading: false, about, events: [], chain_whole: true, checked_at: 1, error: null, export: { state: 'idle' } } };
const WORDS = 'Charged once, the second line was a refund.';

/** The end screen is left for another one with a note in its field. */
async function left() {
  const at = await shown(scenes.ended);
  await type('note', WORDS);
  await press('nav-live');
  await at.show(gone);
  return at;
}

describe('a closing note that was not saved', () => {
  it('is kept when one goes elsewhere, and one press leads back to it', async () => {
    const { asked, show } = await left();
    expect(words('unsaved-note')).toContain('Your closing note about Jane Doe is not saved yet.');
    await press('unsaved-note-open');
    expect(asked('open_trail')).toEqual([{ session: about.id }]);
    await show(trail);
    expect(isShown('unsaved-note')).toBe(false);
    expect(value('note')).toBe(WORDS);
    await press('note-save');
    expect(asked('add_note')).toEqual([{ session: about.id, note: WORDS }]);
    await show({ ...trail, trail: { ...(trail.trail as NonNullable<ConsoleView['trail']>), about: { ...about, note: WORDS } } });
    expect(words('note-saved')).toContain(WORDS);
    await press('nav-find');
    expect(isShown('unsaved-note')).toBe(false);
  });

  it('stands again on the end screen of its own session, and on no other', async () => {
    const { show } = await left();
    await show({ ...scenes.ended, ended: { ...end, session: { ...about, id: 's-other' } } });
    expect(value('note')).toBe('');
    expect(isShown('unsaved-note')).toBe(true);
    await show(scenes.ended);
    expect(value('note')).toBe(WORDS);
  });

  it('is discarded by a press, there or on the end screen', async () => {
    const first = await left();
    await press('unsaved-note-discard');
    expect(isShown('unsaved-note')).toBe(false);
    await first.show(scenes.ended);
    expect(value('note')).toBe('');
    await type('note', WORDS);
    await press('dismiss-end');
    await first.show(gone);
    expect(isShown('unsaved-note')).toBe(false);
  });

  it('goes when the server has it, also while another screen is shown', async () => {
    const { show } = await left();
    await show({ ...gone, action: { kind: 'add_note', target: about.id, busy: false, error: failed.error } });
    expect(isShown('unsaved-note')).toBe(true);
    await show({ ...gone, action: { kind: 'add_note', target: about.id, busy: false, error: null } });
    expect(isShown('unsaved-note')).toBe(false);
  });

  it('goes with whoever wrote it', async () => {
    const { show } = await left();
    await show(scenes['signed-out']);
    await show(gone);
    expect(isShown('unsaved-note')).toBe(false);
    expect(isShown('find-field')).toBe(true);
  });
});
