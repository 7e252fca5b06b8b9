import { fireEvent, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { consoleScenes as scenes } from '../../lib/host/samples';
import { clock, minutesOf, quietWords } from '../../lib/text/quiet_hours';
import { isShown, press, shown, words } from '../../test_console';

const quiet = scenes['settings-lead'].preferences.quiet_hours;
const change = (name: string, value: string) => fireEvent.change(screen.getByTestId(name), { target: { value } });

describe('quiet hours', () => {
  it('are off until somebody wants them, and show their times only then', async () => {
    const { asked, show } = await shown(scenes.settings);
    await press('nav-settings');
    expect(isShown('quiet-from')).toBe(false);
    await press('quiet-on');
    expect(asked('set_preferences')).toEqual([{ preferences: { ...scenes.settings.preferences, quiet_hours: { ...scenes.settings.preferences.quiet_hours, on: true } } }]);
    await show(scenes['settings-lead']);
    expect(words('quiet-words')).toBe('Quiet from 18:00 until 08:00 of the next day, Mon, Tue, Wed, Thu, Fri. What came meanwhile is summed up in one notice afterwards.');
  });

  it('take a time as it is typed, and say when it is none', async () => {
    const { asked } = await shown(scenes['settings-lead']);
    await press('nav-settings');
    await change('quiet-until', '7.30');
    await change('quiet-from', '25:00');
    const { preferences } = scenes['settings-lead'];
    expect(asked('set_preferences')).toEqual([{ preferences: { ...preferences, quiet_hours: { ...quiet, until_minutes: 450 } } }]);
    expect(screen.getByTestId('quiet-from').getAttribute('aria-invalid')).toBe('true');
    expect(words('settings')).toContain('Enter a time such as 18:30');
  });

  it('begin on the days that are chosen', async () => {
    const { asked } = await shown(scenes['settings-lead']);
    await press('nav-settings');
    await press('quiet-day-6');
    const { preferences } = scenes['settings-lead'];
    expect(asked('set_preferences')).toEqual([{ preferences: { ...preferences, quiet_hours: { ...quiet, days: [true, true, true, true, true, false, true] } } }]);
  });

  it.each([
    ['18:30', 1110],
    ['8.15', 495],
    ['0730', 450],
    ['7', 420],
    ['23:59', 1439],
    ['24:00', null],
    ['12:60', null],
    ['noon', null],
    ['', null],
  ])('read %j as %j', (typed, minutes) => expect(minutesOf(typed)).toBe(minutes));

  it('say what they mean', () => {
    expect(clock(450)).toBe('07:30');
    expect(quietWords({ ...quiet, days: [false, false, false, false, false, false, false] })).toContain('No day is chosen');
    expect(quietWords({ ...quiet, until_minutes: quiet.from_minutes })).toContain('a whole day from 18:00');
    expect(quietWords({ ...quiet, from_minutes: 720, until_minutes: 780 })).toContain('from 12:00 until 13:00, ');
  });
});
