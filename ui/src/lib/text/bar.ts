import type { ExtendView } from '../bindings/ExtendView';
import type { FileNotice } from '../bindings/FileNotice';
import type { UiError } from '../bindings/UiError';
import { clockFace, leftWords } from '../parts/countdown';
import { errorLine } from './errors';
import { counted } from './times';

export const BAR = {
  ending: 'Ending',
  ended: 'Ended',
  uncovered: 'The portal is shown.',
  end: 'End',
  extend: 'Extend',
  why: 'Why do you need longer?',
  stillLoading: 'The page is still loading. Escape in the page stops it.',
  busy: 'Extending',
  cancel: 'Cancel',
  tooShort: 'Say in at least 10 characters why you need longer.',
} as const;

const minutes = (seconds: number): string => `${Math.max(1, Math.round(seconds / 60))} min`;

export const extendBy = (extend: Pick<ExtendView, 'seconds'>): string => `Extend by ${minutes(extend.seconds)}`;

/** What the reason is for, and what is left. */
export const extendHint = (extend: Pick<ExtendView, 'left'>): string =>
  `At least 10 characters. It is recorded with the reason code and the ticket of the start. ${counted(extend.left, 'extension', 'extensions')} left.`;

/** The whole of it; the session goes on as it was. */
export const extendFailed = (error: UiError): string => `Not extended: ${errorLine(error)}`;

export const extendedWords = (seconds: number): string => `Extended by ${minutes(seconds)}.`;

/** In the strip when a warning's moment has come. */
export const warningWords = (point: number, extend: Pick<ExtendView, 'left' | 'seconds'>): string =>
  point <= 0
    ? 'Time is up.'
    : `${leftWords(point)} left. ${extend.left > 0 && extend.seconds > 0 ? 'Extend if you need longer.' : 'Then the session ends by itself.'}`;

/** What is most easily missed comes first: where there is no room, the end is cut. */
export const fileWords = ({ place }: Pick<FileNotice, 'place'>): string =>
  place ? `Saved, and it stays after the session: ${place.name} in ${place.folder}` : 'The file did not come whole. Nothing of it was kept.';

/** In two parts: the second is left out where there is no room for it. */
export const idleWords = (left: number): [string, string] => [
  `No activity: ends in ${clockFace(left)}`,
  ' unless you move the mouse or press a key in this window.',
];

/** Said once, where a countdown would be said every second. */
export const idleAnnouncement = (left: number): string =>
  `No activity. The session ends in ${Math.max(1, Math.ceil(left / 1000))} seconds unless you move the mouse or press a key in this window.`;
