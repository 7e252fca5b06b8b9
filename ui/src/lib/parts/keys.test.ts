import { describe, expect, it } from 'vitest';
import { isFind, isStart, moved } from './keys';

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
    expect(isFind(pressed('k', { ctrlKey: true }))).toBe(true);
    expect(isFind(pressed('K', { metaKey: true }))).toBe(true);
    expect(isStart(pressed('Enter', { metaKey: true }))).toBe(true);
  });

  it('leave plain typing and other combinations alone', () => {
    expect(isFind(pressed('k'))).toBe(false);
    expect(isFind(pressed('k', { ctrlKey: true, shiftKey: true }))).toBe(false);
    expect(isStart(pressed('Enter'))).toBe(false);
    expect(isStart(pressed('Enter', { ctrlKey: true, altKey: true }))).toBe(false);
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
