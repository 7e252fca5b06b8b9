import { onMount } from 'svelte';

/** The page's clocks as state: monotonic for counting down, wall time for words such as "3 min ago". */
export class Now {
  monotonic = $state(performance.now());
  wall = $state(Date.now());

  /** To be made while a component is set up; ticks as long as that component lives. */
  constructor(everyMillis: number) {
    onMount(() => {
      const timer = setInterval(() => this.#tick(), everyMillis);
      return () => clearInterval(timer);
    });
  }

  #tick(): void {
    this.monotonic = performance.now();
    this.wall = Date.now();
  }
}
