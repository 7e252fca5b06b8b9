import { describe, expect, it } from 'vitest';
import { consoleScenes as scenes, devices } from '../host/samples';
import { othersWords, registeredWords, seenWords } from './devices';
import { stopWords } from './emergency';
import { limitLines } from './settings';
import { nextSize } from './text_sizes';

describe('limits in words', () => {
  it('say each value, and nothing that is not known', () => {
    const lines = new Map(limitLines(scenes.settings.limits, null));
    expect(lines.get('Extensions')).toBe('2 of 15 min each');
    expect(lines.get('Session ends after')).toBe('2 min more without it');
    expect(lines.has('Record is kept for')).toBe(false);
    expect(new Map(limitLines({ ...scenes.settings.limits, max_extensions: 0 }, 13)).get('Extensions')).toBe('none');
  });
});

describe('the size of the text', () => {
  it('goes step by step from any size and stops at its bounds', () => {
    expect(nextSize(100, 'larger')).toBe(125);
    expect(nextSize(110, 'larger')).toBe(125);
    expect(nextSize(110, 'smaller')).toBe(100);
    expect(nextSize(200, 'larger')).toBeNull();
    expect(nextSize(100, 'smaller')).toBeNull();
  });
});

describe('a device in words', () => {
  const [first, second] = devices as [(typeof devices)[0], (typeof devices)[0]];
  const at = new Date(2026, 2, 4, 9, 0).getTime();

  it('is named with whoever registered it and whoever else used it', () => {
    expect(registeredWords({ ...first, registered_at: at })).toBe('Registered 4 Mar 2026 by Amy Lindgren');
    expect(othersWords(first)).toBe('');
    expect(othersWords(second)).toBe('also used by Amy Lindgren, Tomáš Říha');
  });

  it('says when it was seen last, or since when it is revoked', () => {
    expect(seenWords({ ...first, last_seen_at: at }, at + 180_000)).toBe('last seen 3 min ago');
    expect(seenWords({ ...first, last_seen_at: null }, at)).toBe('not seen since');
    expect(seenWords({ ...first, revoked_at: at }, at)).toBe('revoked 4 Mar 2026');
  });
});

it('an emergency stop by the operator has no name', () => {
  const at = new Date(2026, 2, 4, 9, 0).getTime();
  expect(stopWords({ reason: 'Leak', stopped_by_name: null, stopped_at: at }, at)).toBe('Since today 09:00, by whoever runs the server: “Leak”');
});
