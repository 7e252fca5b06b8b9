import { describe, expect, it } from 'vitest';
import { isFind, isHelp, isPalette, isStart, moved, placeOf } from './keys';

const pressed = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe('keys', () => {
  it('take Control and Command alike', () => {
    expect(isPalette(pressed('k', { ctrlKey: true }))).toBe(true);
    expect(isPalette(pressed('K', { metaKey: true }))).toBe(true);
    expect(placeOf(pressed('2', { metaKey: true }))).toBe('live');
    expect(placeOf(pressed('3', { ctrlKey: true }))).toBe('inbox');
    expect(placeOf(pressed(',', { ctrlKey: true }))).toBe('settings');
    expect(isStart(pressed('Enter', { metaKey: true }))).toBe(true);
  });

  it('leave plain typing and other combinations alone', () => {
    expect(isPalette(pressed('k'))).toBe(false);
    expect(isPalette(pressed('k', { ctrlKey: true, shiftKey: true }))).toBe(false);
    expect(placeOf(pressed('2'))).toBeNull();
    expect(placeOf(pressed('7', { ctrlKey: true }))).toBeNull();
    expect(placeOf(pressed('toString', { ctrlKey: true }))).toBeNull();
    expect(isStart(pressed('Enter'))).toBe(false);
    expect(isStart(pressed('Enter', { ctrlKey: true, altKey: true }))).toBe(false);
  });

  it('that are single characters go with Shift alone, as keyboards have them', () => {
    expect(isFind(pressed('/', { shiftKey: true }))).toBe(true);
    expect(isHelp(pressed('?', { shiftKey: true }))).toBe(true);
    expect(isHelp(pressed('?', { ctrlKey: true }))).toBe(false);
  });

  it('move within a list and stop at its ends', () => {
    expect(moved('ArrowDown', 0, 3)).toBe(1);
    expect(moved('ArrowDown', 2, 3)).toBe(2);
    expect(moved('ArrowUp', 0, 3)).toBe(0);
    expect(moved('PageDown', 0, 20)).toBe(8);
    expect(moved('PageUp', 4, 20)).toBe(0);
    expect(moved('a', 0, 3)).toBeNull();
    expect(moved('ArrowDown', 0, 0)).toBeNull();
  });
});
