/** Keys that mean the same on every screen. Mac keyboards say Command where others say Control. */

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

const withCommand = (event: Pressed): boolean => (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
const alone = (event: Pressed): boolean => !event.ctrlKey && !event.metaKey && !event.altKey;

/** Ctrl+K or Cmd+K: the palette, from anywhere. */
export const isPalette = (event: Pressed): boolean => withCommand(event) && event.key.toLowerCase() === 'k';

/** `/`: to the find field, from anywhere that does not take text. */
export const isFind = (event: Pressed): boolean => alone(event) && event.key === '/';

/** `?`: the list of keys, from anywhere that does not take text. */
export const isHelp = (event: Pressed): boolean => alone(event) && event.key === '?';

/** Ctrl+Enter or Cmd+Enter: start, or send what was entered. */
export const isStart = (event: Pressed): boolean => withCommand(event) && event.key === 'Enter';

/** What Ctrl or Cmd with a key leads to. */
export const PLACES = { '1': 'find', '2': 'live', '3': 'inbox', '4': 'trail', ',': 'settings' } as const;
export type Place = (typeof PLACES)[keyof typeof PLACES];

/** The screen this key leads to; null if it leads nowhere. */
export function placeOf(event: Pressed): Place | null {
  if (!withCommand(event)) return null;
  return Object.hasOwn(PLACES, event.key) ? PLACES[event.key as keyof typeof PLACES] : null;
}

/** Whether what is pressed there is text. */
export const takesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement ||
  (target instanceof HTMLInputElement && !['radio', 'checkbox', 'range', 'button'].includes(target.type));

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
