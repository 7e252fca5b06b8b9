import { fireEvent, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleScenes as scenes } from '../../lib/host/samples';
import { alarmTitle, alarmWords } from '../../lib/text/alarms';
import { press, shown, type, words } from '../../test_console';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const note = 'The laptop was set up anew yesterday';

describe('alarms', () => {
  it('stand over every screen as long as nobody has looked, and for nobody else', async () => {
    const { show } = await shown(scenes.alarms);
    expect(words('alarm-strip')).toContain('7 alarms that nobody has looked at.');
    await press('alarms-open');
    expect(screen.queryByTestId('alarms-open')).toBeNull();
    expect(words('alarm-strip')).toContain('Console and server recorded a session differently');
    await show(scenes['alarms-one']);
    expect(words('alarm-strip')).toContain('One alarm that nobody has looked at.');
    await show(scenes['alarms-none']);
    expect(screen.queryByTestId('alarm-strip')).toBeNull();
    expect(words('alarms')).toContain('Nothing to look at');
  });

  it('say what happened, whose it is and since when', async () => {
    await shown(scenes.alarms);
    await press('alarms-open');
    for (const word of ['Page /invoices/1042', 'Amy Lindgren', 'amy-thinkpad', 'AG-7K2QX', 'viewing as Mary Jane']) {
      expect(words('alarm-al1')).toContain(word);
    }
    expect(words('alarm-al2')).toContain('its journal was not as it was written. Of the one before it could read up to record 412, and the server holds up to record 418.');
    expect(words('alarm-al3')).toContain('it was put back to an earlier state');
    expect(words('alarm-al5')).toContain('This server’s own record');
    expect(words('alarm-al7')).toContain('Changed rules of a portal were not put in force');
    expect(words('alarm-al7')).toContain('What was in force before stays so. The rules in /etc/amberglass/barkside.toml');
    expect(words('alarm-al6')).toContain('portal_contradicted');
  });

  it('leave the list with a note of what was found', async () => {
    const { asked, show } = await shown(scenes.alarms);
    await press('alarms-open');
    await press('alarm-look-al2');
    await fireEvent.click(screen.getByTestId('dialog-confirm'));
    expect(asked('acknowledge_alarm')).toHaveLength(0);
    await type('dialog-reason', note);
    await fireEvent.click(screen.getByTestId('dialog-confirm'));
    expect(asked('acknowledge_alarm')).toEqual([{ alarm: 'al2', note }]);
    await show({ ...scenes.alarms, action: { kind: 'acknowledge_alarm', target: 'al2', busy: true, error: null } });
    await show({ ...scenes['alarms-one'], action: { kind: 'acknowledge_alarm', target: 'al2', busy: false, error: null } });
    expect(screen.queryByTestId('alarm-dialog')).toBeNull();
    expect(screen.queryByTestId('alarm-al2')).toBeNull();
  });

  it('of a session lead to its trail', async () => {
    const { asked } = await shown(scenes.alarms);
    await press('alarms-open');
    await press('alarm-trail-al1');
    expect(asked('open_trail')).toEqual([{ session: 's9' }]);
    expect(screen.queryByTestId('alarm-trail-al2')).toBeNull();
  });

  it('beyond those that are shown are counted, and offline nobody can answer', async () => {
    const { show } = await shown(scenes['alarms-many']);
    await press('alarms-open');
    expect(words('alarms')).toContain('54 older alarms follow.');
    await show(scenes['alarms-offline']);
    expect(screen.getByTestId('alarm-look-al1').hasAttribute('disabled')).toBe(true);
    expect(words('alarms')).toContain('You are offline.');
  });

  it('have words for everything that can be found', () => {
    for (const { what } of scenes.alarms.alarms.newest) {
      expect(alarmTitle(what)).toMatch(/^\p{Lu}/u);
      expect(alarmWords(what)).toMatch(/\.$/);
    }
  });
});
