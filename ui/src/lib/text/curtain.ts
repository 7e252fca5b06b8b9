import type { CurtainView } from '../bindings/CurtainView';
import { ENDED_BY } from './sessions';
import { timeOfDay } from './times';

type Cause = CurtainView['cause'];
type Wording = { [C in Cause]: (curtain: Extract<CurtainView, { cause: C }>) => string };

/** Why the page is covered, in the bar's one line; the cover itself says more. */
const CURTAINS: Wording = {
  opening: () => 'Opening the portal.',
  connection_lost: ({ goes_on_until }) => `Connection lost. If it does not return, your session ends at ${timeOfDay(goes_on_until)}.`,
  portal_unreachable: () => 'The portal does not answer. Your session goes on.',
  page_crashed: () => 'The page stopped working. Your session goes on.',
  ending: () => 'Ending the session.',
  ended: ({ ended_by }) => `Ended ${ENDED_BY[ended_by]}.`,
  journal_failed: () => 'Nothing more can be recorded, so the page is covered.',
};

export const curtainWords = (curtain: CurtainView): string =>
  (CURTAINS[curtain.cause] as (curtain: CurtainView) => string)(curtain);

/** For the trail, where only the cause's name is on record. */
export const CURTAIN_CAUSES: Record<Cause, string> = {
  opening: 'until the first page showed',
  connection_lost: 'connection lost',
  portal_unreachable: 'portal did not answer',
  page_crashed: 'page stopped working',
  ending: 'session was ending',
  ended: 'session had ended',
  journal_failed: 'record could not be written',
};
