import { fireEvent, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import type { SessionWindowView } from '../lib/bindings/SessionWindowView';
import { barScenes as scenes } from '../lib/host/samples';
import { timeOfDay } from '../lib/text/times';
import { shownIn } from '../test_host';
import Bar from './Bar.svelte';

const shown = (first: SessionWindowView) => shownIn(Bar, first);

const REASON = 'She asks which number we ring';
const words = (id: string): string => screen.getByTestId(id).textContent ?? '';
const hint = (): string => document.getElementById('unmask-hint')?.textContent?.trim() ?? '';

describe('a masked value', () => {
  it('is offered only where the portal’s rules let one be shown, and while the session runs', async () => {
    const { show } = await shown(scenes.bar);
    expect(screen.getByTestId('open-unmask').getAttribute('aria-label')).toBe('Show masked');
    for (const scene of ['bar-no-unmask', 'bar-ending', 'bar-ended'] as const) {
      await show(scenes[scene]);
      expect(screen.queryByTestId('open-unmask'), scene).toBeNull();
    }
  });

  it('is chosen in a row that takes the focus to the reason and gives it back', async () => {
    const { invoke, show } = await shown(scenes.bar);
    await fireEvent.click(screen.getByTestId('open-unmask'));
    expect(invoke).toHaveBeenLastCalledWith('open_unmask', {});
    await show(scenes['bar-unmask-loading']);
    expect(document.activeElement).toBe(screen.getByTestId('unmask-field'));
    expect(hint()).toBe('Looking up what may be shown.');
    await show(scenes['bar-unmask']);
    expect(document.activeElement).toBe(screen.getByTestId('unmask-text'));
    expect(hint()).toContain('Customers give it for the groomer to ring them.');
    await fireEvent.keyDown(screen.getByTestId('unmask-text'), { key: 'Escape' });
    expect(invoke).toHaveBeenLastCalledWith('close_unmask', {});
    await show(scenes.bar);
    expect(document.activeElement).toBe(screen.getByTestId('open-unmask'));
  });

  it('is asked for by the rule and its pointer, with a reason, and one that the policy refuses cannot be chosen', async () => {
    const { invoke } = await shown(scenes['bar-unmask']);
    const options = [...screen.getByTestId<HTMLSelectElement>('unmask-field').options];
    expect(options.map((option) => [option.textContent, option.disabled])).toEqual([
      ['phone-number /phone', false],
      ['bank-details /cards/*/number', false],
      ['health /pets/*/illnesses (the policy says no)', true],
    ]);
    await fireEvent.input(screen.getByTestId('unmask-text'), { target: { value: 'short' } });
    await fireEvent.click(screen.getByTestId('unmask'));
    expect(words('unmask-error')).toContain('at least 10 characters');
    expect(invoke).not.toHaveBeenCalled();
    await fireEvent.change(screen.getByTestId('unmask-field'), { target: { value: 'bank-details /cards/*/number' } });
    await fireEvent.input(screen.getByTestId('unmask-text'), { target: { value: ` ${REASON} ` } });
    expect(screen.queryByTestId('unmask-error')).toBeNull();
    await fireEvent.click(screen.getByTestId('unmask'));
    expect(invoke).toHaveBeenCalledExactlyOnceWith('unmask_field', { rule: 'bank-details', pointer: '/cards/*/number', text: REASON });
  });

  it('says until when it is shown, aloud too, and loads the page once more', async () => {
    const { invoke, show } = await shown(scenes['bar-unmask']);
    await fireEvent.input(screen.getByTestId('unmask-text'), { target: { value: REASON } });
    screen.getByTestId('unmask-text').focus();
    const scene = scenes['bar-unmask-shown'];
    await show(scene);
    const until = timeOfDay(scene.unmask.shown?.until ?? 0);
    const said = `phone-number /phone: shown until ${until}. Reload the page to see it.`;
    expect(words('unmask-shown').trim()).toBe(said);
    expect(words('spoken')).toBe(said);
    expect(screen.getByTestId<HTMLInputElement>('unmask-text').value).toBe('');
    expect(document.activeElement).toBe(screen.getByTestId('reload-page'));
    await fireEvent.click(screen.getByTestId('reload-page'));
    expect(invoke).toHaveBeenLastCalledWith('reload_page', {});
    await show({ ...scene });
    expect(words('spoken')).toBe(said);
  });

  it('that stays masked says why, what was kept and what to do, and what was typed stays', async () => {
    const { show } = await shown(scenes['bar-unmask']);
    await fireEvent.input(screen.getByTestId('unmask-text'), { target: { value: REASON } });
    await show(scenes['bar-unmask-busy']);
    await fireEvent.click(screen.getByTestId('unmask'));
    await show(scenes['bar-unmask-error']);
    expect(words('unmask-error')).toContain('Still masked: The policy does not allow this (rule no-phone-numbers).');
    expect(words('unmask-error')).toContain('ask a lead');
    expect(screen.getByTestId<HTMLInputElement>('unmask-text').value).toBe(REASON);
    await show(scenes['bar-unmask-refused']);
    expect(hint()).toContain('The policy shows you none of these: rule health-stays-with-the-vet.');
    expect(screen.getByTestId('unmask').getAttribute('aria-disabled')).toBe('true');
    await show(scenes['bar-unmask-unlisted']);
    expect(words('unmask-error')).toContain('Nothing is listed: Jane Doe’s portal did not answer.');
  });

  it('takes the place of the word about a blocked write, which comes back', async () => {
    const both = { ...scenes['bar-write-blocked'], unmask: scenes['bar-unmask'].unmask };
    const { show } = await shown(both);
    expect(screen.queryByTestId('write-row')).toBeNull();
    await show(scenes['bar-write-blocked']);
    expect(screen.getByTestId('write-row')).toBeTruthy();
  });
});
