import { fireEvent, screen } from '@testing-library/svelte';
import Console from './console/Console.svelte';
import type { ConsoleView } from './lib/bindings/ConsoleView';
import { shownIn } from './test_host';

/** The real console on a host that keeps what was asked of it. */
export const shown = (first: ConsoleView) => shownIn(Console, first);

export const press = (name: string) => fireEvent.click(screen.getByTestId(name));
export const type = (name: string, value: string) => fireEvent.input(screen.getByTestId(name), { target: { value } });
export const words = (name: string): string => screen.getByTestId(name).textContent ?? '';
export const value = (name: string): string => (screen.getByTestId(name) as HTMLInputElement).value;
export const isShown = (name: string): boolean => screen.queryByTestId(name) !== null;
