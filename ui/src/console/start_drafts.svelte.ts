import { getContext, setContext } from 'svelte';
import type { CardView } from '../lib/bindings/CardView';
import type { CustomerId } from '../lib/bindings/CustomerId';
import type { Mode } from '../lib/bindings/Mode';
import type { PortalId } from '../lib/bindings/PortalId';

/** What has been entered on a start sheet. Null is what nobody has chosen yet. */
export interface Draft {
  code: string | null;
  text: string;
  ticket: string;
  mode: Mode | null;
  /** In seconds, or `OWN_DURATION`. */
  duration: number | null;
  /** As typed, when the duration is one's own. */
  minutes: string;
  /** All of the above as it was last asked for. */
  asked: string;
}

const blank = (): Draft => ({ code: null, text: '', ticket: '', mode: null, duration: null, minutes: '', asked: '' });

/** To be compared with what was asked for. */
export const entriesOf = ({ code, text, ticket, mode, duration, minutes }: Draft): string => JSON.stringify([code, text, ticket, mode, duration, minutes]);

/**
 * Keeps what was entered for the card that is open, also while another screen stands in its place: after a failure, a
 * conflict or the end of the session in the way, the sheet is as it was left. It goes with the card.
 */
export class Drafts {
  #key = '';
  #draft = $state<Draft>(blank());
  /** A ticket was chosen and its customer's card has been asked for. */
  #awaited = false;
  /** For whoever of this name is opened next. */
  #offered: { customer: CustomerId; ticket: string } | null = null;

  of(portal: PortalId, customer: CustomerId): Draft {
    this.#turnTo(portal, customer);
    if (this.#offered?.customer === customer) {
      this.#draft.ticket = this.#offered.ticket;
      this.#offered = null;
    }
    return this.#draft;
  }

  /** Opens the next card of this customer with the ticket filled in; without a portal, in whichever it is. */
  offerTicket(portal: PortalId | null, customer: CustomerId, ticket: string): void {
    this.#offered = null;
    if (portal === null) {
      this.#offered = { customer, ticket };
      return;
    }
    this.#turnTo(portal, customer);
    this.#draft.ticket = ticket;
    this.#awaited = true;
  }

  /** To be told of each card that is shown, or that none is. */
  follow(card: Pick<CardView, 'portal' | 'customer_id'> | null): void {
    if (card && card.customer_id !== this.#offered?.customer) this.#offered = null;
    if (card) this.#awaited = false;
    else if (!this.#awaited) this.#key = '';
  }

  #turnTo(portal: PortalId, customer: CustomerId): void {
    const key = `${portal}/${customer}`;
    if (key === this.#key) return;
    this.#key = key;
    this.#draft = blank();
  }
}

const CONTEXT = Symbol('drafts');

/** To be called by the screen that all others stand in, so that they share what is kept. */
export function keepDrafts(card: () => CardView | null): Drafts {
  const drafts = new Drafts();
  setContext(CONTEXT, drafts);
  $effect(() => drafts.follow(card()));
  return drafts;
}

export const keptDrafts = (): Drafts => getContext<Drafts | undefined>(CONTEXT) ?? new Drafts();
