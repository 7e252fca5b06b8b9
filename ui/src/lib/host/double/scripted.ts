import type { CommandName, Commands } from '../../bindings/commands';

/** A view that changes as a script says. */
export class Scripted<View> {
  #callback: (view: View) => void = () => {};
  constructor(public view: View) {}

  onView(callback: (view: View) => void): void {
    this.#callback = callback;
    callback(this.view);
  }

  show(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    this.#callback(this.view);
  }
}

/** A scene shows its state as it is. Lists fill by themselves only where the whole is played (`?scene=first-run&play`). */
export const plays = (): boolean => location.search === '' || new URLSearchParams(location.search).has('play');

export const later = (millis: number, then: () => void) => void setTimeout(then, millis);

/** Answers to some of the commands. */
export type Answers<Name extends CommandName> = { [N in Name]: (args: Commands[N]) => void };
