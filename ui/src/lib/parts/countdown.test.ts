import { describe, expect, it } from 'vitest';
import { Announcer, announcement, clockFace, remainingAt, spokenLeft } from './countdown';

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

  const WARNINGS = [5 * MINUTE, MINUTE];
  const told = (...lefts: number[]) => {
    const announcer = new Announcer();
    return lefts.map((left) => announcer.passed(left, WARNINGS));
  };

  it('is announced when it passes five minutes, one minute and the end, and at no other time', () => {
    expect(told(6 * MINUTE, 5 * MINUTE + 100, 5 * MINUTE, 3 * MINUTE, MINUTE + 1, MINUTE - 1, 1, 0, 0)).toEqual([
      null,
      null,
      5 * MINUTE,
      null,
      null,
      MINUTE,
      null,
      0,
      null,
    ]);
  });

  it('is announced once, though a late snapshot puts it back by a moment', () => {
    expect(told(5 * MINUTE + 100, 5 * MINUTE - 10, 5 * MINUTE + 90, 5 * MINUTE - 20)).toEqual([null, 5 * MINUTE, null, null]);
  });

  it('is announced again after an extension', () => {
    expect(told(5 * MINUTE + 100, 5 * MINUTE, 20 * MINUTE, 5 * MINUTE)).toEqual([null, 5 * MINUTE, null, 5 * MINUTE]);
    expect(told(30_000, 15 * MINUTE, MINUTE, 0)).toEqual([null, null, MINUTE, 0]);
  });

  it('says nothing of points that had passed before it was looked at', () => {
    expect(told(4 * MINUTE, 3 * MINUTE, MINUTE)).toEqual([null, null, MINUTE]);
    expect(told(0, 0)).toEqual([null, null]);
  });

  it('says only the last of several points when a sleeping computer passes them at once', () => {
    expect(told(10 * MINUTE, 0)).toEqual([null, 0]);
    expect(told(10 * MINUTE, 30_000)).toEqual([null, MINUTE]);
  });

  it('keeps to the points that the server names', () => {
    const announcer = new Announcer();
    expect([3 * MINUTE, 2 * MINUTE, MINUTE, 0].map((left) => announcer.passed(left, [2 * MINUTE]))).toEqual([null, 2 * MINUTE, null, 0]);
  });

  it('is put into words', () => {
    expect([5 * MINUTE, MINUTE, 10 * MINUTE, 30_000, 0].map(announcement)).toEqual([
      'Five minutes left in this session.',
      'One minute left in this session.',
      '10 minutes left in this session.',
      '30 seconds left in this session.',
      'The session’s time is up.',
    ]);
  });
});

it('the time left is read out in minutes, and in seconds in the last one', () => {
  expect([30 * 60_000, 27 * 60_000 + 41_000, 61_000].map(spokenLeft)).toEqual(['30 minutes left', '28 minutes left', '2 minutes left']);
  expect([60_000, 59_100, 59_000, 1_000, 0, -5].map(spokenLeft)).toEqual(['One minute left', 'One minute left', '59 seconds left', 'One second left', '0 seconds left', '0 seconds left']);
});
