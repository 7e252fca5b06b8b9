import type { ConsoleView } from '../../lib/bindings/ConsoleView';
import type { RequestResponse } from '../../lib/bindings/RequestResponse';

export const isOpen = (request: RequestResponse): boolean => request.state === 'pending' || request.state === 'approved';

/** What waits for one's decision or review; for whoever decides about nothing, what of one's own is open. */
export const waitingCount = ({ inbox, rights }: Pick<ConsoleView, 'inbox' | 'rights'>): number =>
  rights.approve || inbox.to_decide.length + inbox.reviews.length > 0 ? inbox.to_decide.length + inbox.reviews.length : inbox.own.filter(isOpen).length;

const USUAL_MINUTES = [5, 10, 15, 30, 45];

/** Times that an approver may choose: shorter ones, and last what was asked for. */
export const grantable = (askedSeconds: number): number[] => [...USUAL_MINUTES.map((minutes) => minutes * 60).filter((seconds) => seconds < askedSeconds), askedSeconds];
