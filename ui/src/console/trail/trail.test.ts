import { fireEvent, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { consoleScenes as scenes } from '../../lib/host/samples';
import { isShown, press, shown, type, words } from '../../test_console';

const rows = () => screen.queryAllByTestId('trail-event').map((row) => row.textContent ?? '');

describe('a trail', () => {
  it('is searched from the keyboard, and Esc gives all of it back', async () => {
    await shown(scenes.trail);
    await press('nav-trail');
    const all = rows().length;
    await fireEvent.keyDown(window, { key: '/' });
    expect(document.activeElement?.id).toBe('trail-search');
    await type('trail-search', 'invoices blocked');
    expect(rows()).toHaveLength(1);
    expect(rows()[0]).toContain('POST /invoices/1042/pay');
    await type('trail-search', 'nowhere');
    expect(words('trail')).toContain('No line matches.');
    await fireEvent.keyDown(screen.getByTestId('trail-search'), { key: 'Escape' });
    expect(rows()).toHaveLength(all);
  });

  it('counts what has not reached the server and shows it alone', async () => {
    const { show } = await shown(scenes.trail);
    await press('nav-trail');
    expect(words('trail-unsent')).toContain('2 lines wait on this computer');
    await press('filter-unsent');
    expect(rows()).toHaveLength(2);
    for (const row of rows()) expect(row).toContain('unsent');
    // Once everything has arrived nothing is asked about it.
    const events = scenes.trail.trail.events.map((event) => ({ ...event, unsent: false }));
    await press('filter-all');
    await show({ ...scenes.trail, trail: { ...scenes.trail.trail, events } });
    expect(isShown('filter-unsent')).toBe(false);
    expect(isShown('trail-unsent')).toBe(false);
  });

  it('explains what was blocked and says of erased lines that they are', async () => {
    await shown(scenes.trail);
    await press('nav-trail');
    const blocked = rows().find((row) => row.includes('/pay'));
    expect(blocked).toContain('rule read-only-method');
    expect(blocked).toContain('The session was read-only, and this could have changed something.');
    expect(rows().filter((row) => row.includes('erased'))).toHaveLength(1);
  });

  it('is taken along in the form that was chosen, and says where it is and that this is on record', async () => {
    const { asked, show } = await shown(scenes.trail);
    await press('nav-trail');
    await press('trail-export');
    expect(words('export-dialog')).toContain('First it goes on record');
    await fireEvent.click(screen.getByTestId('export-csv'));
    await press('export-choose');
    expect(asked('export_trail')).toEqual([{ format: 'csv' }]);
    expect(isShown('export-dialog')).toBe(false);
    await show(scenes['trail-saved']);
    expect(words('export-state')).toMatch(/23 records were saved as .*\.csv\. That is on record\./);
    await show(scenes['trail-save-failed']);
    expect(words('export-error')).toMatch(/is there already\..*It was left as it is/s);
  });
});

describe('an end that was asked for offline', () => {
  it('stands on the end screen beside the server’s own', async () => {
    await shown(scenes['ended-asked-offline']);
    expect(words('asked-offline')).toMatch(/You asked for the end at \d\d:\d\d, while offline\. The server had already ended it at \d\d:\d\d/);
  });
});
