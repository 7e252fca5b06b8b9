import { describe, expect, it } from 'vitest';
import { age, ago, counted, dayAndTime, length } from './times';

const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).getTime();

describe('times in words', () => {
  it.each([
    [-5_000, 'under 1 min'],
    [59_999, 'under 1 min'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [86_400_000, '1 day'],
    [4 * 86_400_000, '4 days'],
  ])('call an age of %i ms %s', (millis, words) => {
    expect(age(millis)).toBe(words);
  });

  it.each([
    [0, '0 s'],
    [42, '42 s'],
    [725, '12 min 5 s'],
    [1800, '30 min'],
    [3600, '1 h'],
    [3780, '1 h 3 min'],
  ])('call a length of %i s %s', (seconds, words) => {
    expect(length(seconds)).toBe(words);
  });

  it('name the day only when it is another one', () => {
    const now = at(21, 14, 5);
    expect(dayAndTime(at(21, 9, 0), now)).toBe('today 09:00');
    expect(dayAndTime(at(20, 23, 59), now)).toBe('yesterday 23:59');
    expect(dayAndTime(at(12, 14, 2), now)).toBe('12 Nov, 14:02');
    expect(dayAndTime(new Date(2025, 11, 30, 14, 2).getTime(), now)).toBe('30 Dec 2025, 14:02');
  });

  it('count in the right number', () => {
    expect(counted(1, 'page', 'pages')).toBe('1 page');
    expect(counted(0, 'page', 'pages')).toBe('0 pages');
    expect(ago(30_000)).toBe('just now');
    expect(ago(120_000)).toBe('2 min ago');
  });
});
