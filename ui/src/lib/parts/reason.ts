import { DIALOGS } from '../text/dialogs';

/** Characters that the server wants at least (`domain::reason`); it also knows filler when it sees it. */
export const REASON_LENGTH = 10;

/** What is wrong with a reason, in words; empty when it may be sent. */
export const reasonFault = (reason: string): string => ([...reason.trim()].length < REASON_LENGTH ? DIALOGS.reasonTooShort : '');
