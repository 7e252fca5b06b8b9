import { render } from '@testing-library/svelte';
import { type Component, tick } from 'svelte';
import { vi } from 'vitest';
import type { Host } from './lib/host/host';

/** A real page on a host that keeps what was asked of it. */
export async function shownIn<View>(page: Component<{ host: Host<View> }>, first: View) {
  let send: (view: View) => void = () => {};
  const invoke = vi.fn(async () => {});
  render(page, {
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
    async show(view: View) {
      send(view);
      await tick();
      // What moves the keyboard to where it belongs waits for the page itself.
      await tick();
    },
    asked: (command: string) => (invoke.mock.calls as unknown[][]).filter(([name]) => name === command).map(([, args]) => args),
  };
}
