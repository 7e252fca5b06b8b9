import type { CurtainView } from '../bindings/CurtainView';
import { ENDED_NEXT, endedByWords } from './endings';
import { timeOfDay } from './times';

type Cause = CurtainView['cause'];
type Wording = { [C in Cause]: (curtain: Extract<CurtainView, { cause: C }>) => string };

/** Why the page is covered and what to do, in the bar's one line; the cover itself says more. */
const CURTAINS: Wording = {
  opening: () => 'Opening the portal.',
  connection_lost: ({ goes_on_until }) => `Connection lost. Unless it returns, your session ends at ${timeOfDay(goes_on_until)}.`,
  portal_unreachable: () => 'The portal did not answer. Your session goes on: try again, or end it.',
  certificate_invalid: () => 'The certificate is not valid, so nothing is shown. Try again, or end the session.',
  page_crashed: () => 'The page stopped working. Your session goes on: load it again, or end it.',
  page_stuck: () => 'The page does not answer. Your session goes on: stop it and load again, or end the session.',
  away: () => 'The screen was locked or the computer slept. Your session goes on: show the page, or end it.',
  ending: () => 'Ending the session. What was recorded is kept.',
  ended: ({ ended_by, by_name, reason }) =>
    ended_by === null
      ? 'Ended, and not by you. Who or what ended it stands here as soon as the server has said so.'
      : `Ended ${endedByWords(ended_by, by_name)}${reason ? `: “${reason}”` : ''}. ${ENDED_NEXT[ended_by]}`,
  journal_failed: () => 'The record can’t be kept on this computer. Make room on its disk and try again, or end the session.',
};

export const curtainWords = (curtain: CurtainView): string =>
  (CURTAINS[curtain.cause] as (curtain: CurtainView) => string)(curtain);

/** For the trail, where only the cause's name is on record. */
export const CURTAIN_CAUSES: Record<Cause, string> = {
  opening: 'until the first page showed',
  connection_lost: 'connection lost',
  portal_unreachable: 'portal did not answer',
  certificate_invalid: 'certificate was not valid',
  page_crashed: 'page stopped working',
  page_stuck: 'page did not answer',
  away: 'screen locked or computer asleep',
  ending: 'session was ending',
  ended: 'session had ended',
  journal_failed: 'record could not be written',
};
