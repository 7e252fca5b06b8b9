import { fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { vi } from 'vitest';
import Console from './console/Console.svelte';
import type { ConsoleView } from './lib/bindings/ConsoleView';

/** The real console on a host that keeps what was asked of it. */
export async function shown(first: ConsoleView) {
  let send: (view: ConsoleView) => void = () => {};
  const invoke = vi.fn(async () => {});
  render(Console, {
    host: {
      onView(callback) {
        send = callback;
        callback(first);
      },
      invoke,
    },
  });
  await tick();
  return {
    invoke,
    async show(view: ConsoleView) {
      send(view);
      await tick();
    },
    asked: (command: string) => (invoke.mock.calls as unknown[][]).filter(([name]) => name === command).map(([, args]) => args),
  };
}

export const press = (name: string) => fireEvent.click(screen.getByTestId(name));
export const type = (name: string, value: string) => fireEvent.input(screen.getByTestId(name), { target: { value } });
export const words = (name: string): string => screen.getByTestId(name).textContent ?? '';
export const value = (name: string): string => (screen.getByTestId(name) as HTMLInputElement).value;
export const isShown = (name: string): boolean => screen.queryByTestId(name) !== null;
