import { getContext, setContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { ActionView } from '../lib/bindings/ActionView';
import type { SessionId } from '../lib/bindings/SessionId';
import type { SessionView } from '../lib/bindings/SessionView';

export type Noted = Pick<SessionView, 'id' | 'code' | 'customer'>;

/**
 * Keeps the closing notes that were typed and not saved, also while another screen or another session stands in their
 * place. One goes when the server has it, when it is discarded, and with the sign-in.
 */
export class ClosingNotes {
  #drafts = new SvelteMap<SessionId, { session: Noted; text: string }>();

  textOf(session: SessionId): string {
    return this.#drafts.get(session)?.text ?? '';
  }

  write(session: Noted, text: string): void {
    if (text === '') this.discard(session.id);
    else this.#drafts.set(session.id, { session, text });
  }

  discard(session: SessionId): void {
    this.#drafts.delete(session);
  }

  /** To be told of each action that is shown: the server may have taken the note of a session that is shown nowhere. */
  follow(action: ActionView | null): void {
    if (action?.kind === 'add_note' && !action.busy && !action.error) this.discard(action.target);
  }

  /** The oldest one that is not blank, beside that of a session that is shown. */
  unsaved(shown: SessionId | null): Noted | null {
    for (const { session, text } of this.#drafts.values()) if (session.id !== shown && text.trim() !== '') return session;
    return null;
  }
}

const CONTEXT = Symbol('closing notes');

/** To be called by the screen that all others stand in, so that they share what is kept. */
export function keepNotes(action: () => ActionView | null): ClosingNotes {
  const notes = new ClosingNotes();
  setContext(CONTEXT, notes);
  $effect(() => notes.follow(action()));
  return notes;
}

export const keptNotes = (): ClosingNotes => getContext<ClosingNotes | undefined>(CONTEXT) ?? new ClosingNotes();
