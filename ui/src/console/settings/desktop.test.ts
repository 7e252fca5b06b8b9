import { fireEvent } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { consoleScenes as scenes } from '../../lib/host/samples';
import { isShown, press, shown, words } from '../../test_console';

const open = async (view = scenes.settings) => {
  const page = await shown(view);
  await fireEvent.keyDown(window, { key: ',', ctrlKey: true });
  return page;
};

describe('what a person sets for their desktop', () => {
  it('is asked for one by one, and the rest stays', async () => {
    const { asked } = await open();
    const { preferences } = scenes.settings;
    for (const choice of ['notices-break_glass', 'closing-rests', 'starts-with-desktop-on', 'letter-keys-off']) await press(choice);
    expect(asked('set_preferences')).toEqual([
      { preferences: { ...preferences, notices: 'break_glass' } },
      { preferences: { ...preferences, rest_in_tray: true } },
      { preferences: { ...preferences, starts_with_desktop: true } },
      { preferences: { ...preferences, letter_keys: false } },
    ]);
  });

  it('stands beside a word about what this desktop lacks', async () => {
    const { show } = await open();
    expect(isShown('no-tray') || isShown('no-notifications')).toBe(false);
    await show({ ...scenes.settings, desktop: { tray: false, notifications: false } });
    expect(words('no-tray')).toContain('has no tray');
    expect(words('no-notifications')).toContain('shows no notifications');
  });
});

describe('letters alone', () => {
  const decides = { ...scenes.inbox, preferences: { ...scenes.inbox.preferences, letter_keys: false } };

  it('decide and lead nowhere once they are switched off, while Ctrl with a key still does', async () => {
    await shown(decides);
    await press('nav-inbox');
    await press('request-q1');
    for (const key of ['a', 'd', '?']) await fireEvent.keyDown(window, { key });
    expect(isShown('decide-sentence') || isShown('key-list')).toBe(false);
    expect(words('approve').trim()).toBe('Approve');
    await fireEvent.keyDown(window, { key: ',', ctrlKey: true });
    await press('show-keys');
    expect(words('key-list')).toContain('off in your settings');
  });
});

describe('diagnostics', () => {
  it('are asked for once, and say where they lie', async () => {
    const { asked, show } = await open();
    await press('save-diagnostics');
    expect(asked('save_diagnostics')).toHaveLength(1);
    await show({ ...scenes.settings, diagnostics: { state: 'done', file: 'Documents/amberglass.txt' } });
    expect(words('diagnostics-words')).toBe('Saved as Documents/amberglass.txt.');
    await show(scenes['settings-diagnostics']);
    expect(isShown('diagnostics-error')).toBe(true);
  });
});
