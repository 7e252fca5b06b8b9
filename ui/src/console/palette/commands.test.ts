import { describe, expect, it, vi } from 'vitest';
import { consoleScenes as scenes, session } from '../../lib/host/samples';
import { matches, paletteCommands, type Reach } from './commands';

const reach = (rest: Partial<Reach> = {}): Reach => ({
  view: scenes.find,
  running: null,
  go: vi.fn(),
  show: vi.fn(),
  invoke: vi.fn(async () => {}),
  ...rest,
});
const names = (rest: Partial<Reach> = {}) => paletteCommands(reach(rest)).map((command) => command.id);

describe('the palette', () => {
  it('offers only what can be done now', () => {
    expect(names()).not.toContain('end-session');
    expect(names({ running: session })).toContain('end-session');
    expect(names()).not.toContain('stop');
    const lead = { ...scenes.find, rights: { ...scenes.find.rights, emergency_stop: true } };
    expect(names({ view: lead })).toContain('stop');
    expect(names({ view: lead })).not.toContain('lift');
    expect(names({ view: scenes['emergency-lead'] })).toContain('lift');
    expect(names({ view: scenes.emergency })).not.toContain('lift');
  });

  it('offers each look but the present one, and no text beyond its bounds', () => {
    expect(names()).toEqual(expect.arrayContaining(['theme-light', 'theme-dark', 'text-larger']));
    expect(names()).not.toContain('theme-system');
    expect(names()).not.toContain('text-smaller');
    const large = { ...scenes.find, preferences: { ...scenes.find.preferences, text_percent: 200 } };
    expect(names({ view: large })).not.toContain('text-larger');
  });

  it('changes one preference and leaves the others', () => {
    const asked = reach();
    paletteCommands(asked).find((command) => command.id === 'theme-dark')?.run();
    expect(asked.invoke).toHaveBeenCalledWith('set_preferences', { preferences: { ...scenes.find.preferences, theme: 'dark' } });
  });

  it('lists the places in the order of the sidebar, each with its key', () => {
    const places = paletteCommands(reach()).flatMap((command) => (command.key?.startsWith('mod') ? [`${command.key} ${command.id}`] : []));
    expect(places).toEqual(['mod 1 go-find', 'mod 2 go-live', 'mod 3 go-inbox', 'mod 4 go-trail', 'mod , go-settings']);
  });

  it('says by name whose session it ends', () => {
    const end = paletteCommands(reach({ running: session })).find((command) => command.id === 'end-session');
    expect(end?.words).toBe('End the session with Jane Doe');
  });

  it('finds a command by the beginnings of its words, in any order', () => {
    const settings = { words: 'Go to Settings', also: 'preferences' };
    for (const text of ['', 'sett', 'go set', 'set go', 'SETT', 'pref']) expect(matches(settings, text)).toBe(true);
    for (const text of ['ettings', 'set x', 'gos']) expect(matches(settings, text)).toBe(false);
  });
});
