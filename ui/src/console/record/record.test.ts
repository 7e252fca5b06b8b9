import { fireEvent, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { consoleScenes as scenes } from '../../lib/host/samples';
import { isShown, press, shown, words } from '../../test_console';

describe('the record on this computer', () => {
  it('opens from the foot of the sidebar and says what waits, since when and what happens next', async () => {
    await shown(scenes['record-waiting']);
    expect(words('queue-state')).toContain('12 waiting');
    await press('nav-record');
    expect(words('record')).toContain('12 records wait to be sent.');
    expect(words('record')).toContain('tries again by itself');
    expect(isShown('record-hold')).toBe(false);
  });

  it('says what becomes of a session whose connection is lost', async () => {
    await shown(scenes['record-frozen']);
    await press('nav-record');
    expect(words('record')).toContain('Your session with Jane Doe is paused and its page is covered.');
    expect(words('record')).toContain('after 2 min without a word the server ends it');
  });

  it('says of a held record what happened, what was kept and what to do', async () => {
    await shown(scenes['record-held']);
    await press('nav-record');
    expect(words('record-hold')).toMatch(/another record.*Both were kept.*Tell security/s);
    expect(words('record-retried')).toBe('Tried, and stopped before the same record again. Nothing was sent.');
  });

  it('tries again once at a time', async () => {
    const { asked, show } = await shown(scenes['record-waiting']);
    await press('nav-record');
    await press('record-retry');
    expect(asked('retry_delivery')).toHaveLength(1);
    const { queue } = scenes['record-waiting'];
    await show({ ...scenes['record-waiting'], queue: { ...queue, retry: { state: 'trying' } } });
    await press('record-retry');
    expect(asked('retry_delivery')).toHaveLength(1);
  });

  it('is found in the palette by what somebody would look for', async () => {
    await shown(scenes['record-waiting']);
    await fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    await fireEvent.input(screen.getByTestId('palette-field'), { target: { value: 'queue' } });
    await press('palette-go-record');
    await new Promise((done) => setTimeout(done));
    expect(isShown('record')).toBe(true);
  });
});

describe('a start that could not be recorded', () => {
  it.each([
    ['card-no-room', 'start-refusal', 'Less than 100 MiB of disk space is free'],
    ['card-old-queue', 'start-refusal', 'Records have waited longer than 24 h'],
    ['card-offline', 'card', 'You are offline'],
  ] as const)('is not offered, and why is said before anybody tries: %s', async (scene, where, why) => {
    const { asked } = await shown(scenes[scene]);
    expect(words(where)).toContain(why);
    expect((screen.getByTestId('start-session') as HTMLButtonElement).disabled).toBe(true);
    await fireEvent.keyDown(window, { key: 'Enter', ctrlKey: true });
    expect(asked('start_session')).toEqual([]);
  });
});
