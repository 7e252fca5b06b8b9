import { describe, expect, it } from 'vitest';
import { announcement, clockFace, remainingAt } from './countdown';

const MINUTE = 60_000;

describe('the countdown', () => {
  it('goes on by itself from the receipt of a snapshot', () => {
    expect(remainingAt(10_000, 500, 500)).toBe(10_000);
    expect(remainingAt(10_000, 500, 4_500)).toBe(6_000);
  });

  it('stops at zero, and does not run backwards before the first tick', () => {
    expect(remainingAt(10_000, 500, 60_000)).toBe(0);
    expect(remainingAt(10_000, 500, 400)).toBe(10_000);
    expect(remainingAt(-5, 0, 0)).toBe(0);
  });

  it.each([
    [0, '0:00'],
    [1, '0:01'],
    [59_000, '0:59'],
    [27 * MINUTE + 41_000, '27:41'],
    [60 * MINUTE, '60:00'],
    [65 * MINUTE, '1:05:00'],
  ])('writes %i ms as %s', (millis, face) => {
    expect(clockFace(millis)).toBe(face);
  });

  it('is announced when it passes five minutes, one minute and the end, and at no other time', () => {
    expect(announcement(5 * MINUTE + 100, 5 * MINUTE - 100)).toContain('Five minutes');
    expect(announcement(MINUTE + 1, MINUTE)).toContain('One minute');
    expect(announcement(1, 0)).toContain('up');
    expect(announcement(4 * MINUTE, 3 * MINUTE)).toBeNull();
    expect(announcement(0, 0)).toBeNull();
    expect(announcement(2 * MINUTE, 20 * MINUTE)).toBeNull();
  });

  it('says only the last of several points when a sleeping computer passes them at once', () => {
    expect(announcement(10 * MINUTE, 0)).toContain('up');
    expect(announcement(10 * MINUTE, 30_000)).toContain('One minute');
  });
});
