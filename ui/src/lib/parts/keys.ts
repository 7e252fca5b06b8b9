/** Keys that mean the same on every screen. Mac keyboards say Command where others say Control. */

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

const withCommand = (event: Pressed): boolean => (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;

/** Ctrl+K or Cmd+K: to the find field, from anywhere. */
export const isFind = (event: Pressed): boolean => withCommand(event) && event.key.toLowerCase() === 'k';

/** Ctrl+Enter or Cmd+Enter: start. */
export const isStart = (event: Pressed): boolean => withCommand(event) && event.key === 'Enter';

/** Where the choice in a list of `length` goes with this key; null if the key does not move it. */
export function moved(key: string, index: number, length: number): number | null {
  if (length === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return Math.min(index + 1, length - 1);
    case 'ArrowUp':
      return Math.max(index - 1, 0);
    case 'PageDown':
      return Math.min(index + 8, length - 1);
    case 'PageUp':
      return Math.max(index - 8, 0);
    default:
      return null;
  }
}

const onMac = (): boolean => /Mac/.test(navigator.userAgent);
export const commandKey = (): string => (onMac() ? '⌘' : 'Ctrl');
