import type { UiError } from '../bindings/UiError';
import type { UiErrorCode } from '../bindings/UiErrorCode';
import { RULES } from './sessions';

/** What happened. What was kept. What to do. One sentence or two each. */
export interface ErrorWords {
  happened: string;
  kept: string;
  todo: string;
}

/** `about` is what the words may name: with a refusal of the server it is the rule, otherwise the customer, the server or a limit. */
type Wording = (about: string | null) => ErrorWords;

const words = (happened: string, kept: string, todo: string): Wording => () => ({ happened, kept, todo });

const NOTHING_OPENED = 'Nothing was opened and nothing was recorded as viewed.';
const REFUSAL_RECORDED = 'Nothing was opened; the refusal is on record.';
const ENTRIES_KEPT = 'What you entered is still here.';
const JOURNAL_KEPT = 'No record was lost: what was written before is safe on this device.';

/** The type is the proof: a code without words does not compile. */
export const ERRORS: Record<UiErrorCode, Wording> = {
  // From the server.
  invalid_request: words('The server did not accept what was sent.', ENTRIES_KEPT, 'Check your entries and try again.'),
  not_signed_in: words('Your sign-in is no longer valid.', JOURNAL_KEPT, 'Sign in again to go on.'),
  forbidden: (about) => ({
    happened: about ? `The policy does not allow this${Object.hasOwn(RULES, about) ? `: ${RULES[about]}` : ''} (rule ${about}).` : 'The policy does not allow this.',
    kept: REFUSAL_RECORDED,
    todo: 'If you need it for your work, ask a lead.',
  }),
  not_found: words('This was not found on the server.', 'Nothing was changed.', 'Search again: it may have been removed or renamed.'),
  too_many_requests: words('There were too many requests in a short time.', 'Nothing was changed.', 'Wait a minute, then try again.'),
  internal: words('The server failed while working on this.', NOTHING_OPENED, 'Try again. If it stays, tell whoever runs the server.'),
  unavailable: words('The server is not ready at the moment.', NOTHING_OPENED, 'Try again in a minute.'),
  device_refused: words('The server does not accept this device.', JOURNAL_KEPT, 'Sign out and in again. If it stays, tell security: the device may have been revoked.'),
  clock_skew: words('This computer’s clock and the server’s are too far apart.', NOTHING_OPENED, 'Set this computer’s clock, then try again.'),
  reason_too_short: words('The reason is shorter than 10 characters.', ENTRIES_KEPT, 'Say in a few words what you need to look at and why.'),
  reason_is_filler: words('The reason does not say anything yet.', ENTRIES_KEPT, 'Say in a few words what you need to look at and why. The customer may read it.'),
  reason_code_unknown: words('This kind of reason is no longer in the policy.', ENTRIES_KEPT, 'Close the card, open it again and choose another one.'),
  ticket_required: words('This kind of reason needs a ticket.', ENTRIES_KEPT, 'Enter the ticket’s reference, such as TCK-4821.'),
  duration_too_long: words('The policy does not allow a session this long.', ENTRIES_KEPT, 'Choose a shorter time.'),
  mode_not_offered: words('This mode is not offered for this portal.', ENTRIES_KEPT, 'Choose read-only.'),
  needs_approval: words('This session needs a lead’s approval.', REFUSAL_RECORDED, 'Ask for the approval, or choose what you may start at once.'),
  target_is_self: words('This customer has your own e-mail address, and nobody opens their own portal here.', REFUSAL_RECORDED, 'Ask a colleague to look.'),
  target_is_staff: words('This customer is staff of your level or above.', REFUSAL_RECORDED, 'Ask security.'),
  customer_unknown: words('The portal does not know this customer.', NOTHING_OPENED, 'Search again: the account may have been removed or merged.'),
  customer_inactive: words('This customer’s account is not active.', NOTHING_OPENED, 'A session can start once the portal team has activated the account.'),
  portal_unknown: words('The server does not know this portal.', NOTHING_OPENED, 'Tell whoever runs the server.'),
  portal_inactive: words('This portal is switched off for support at the moment.', NOTHING_OPENED, 'Ask the portal team when it will be back.'),
  portal_unreachable: (about) => ({
    happened: `${about ? `${about}’s portal` : 'The portal'} did not answer.`,
    kept: NOTHING_OPENED,
    todo: 'Try again, or tell the portal team.',
  }),
  session_conflict: words('You already have a session running.', 'It goes on as it was. Nothing else was opened.', 'Go to it or end it, then start again.'),
  session_not_running: words('This session has already ended.', 'Its record is complete.', 'Start a new one if you still need it.'),
  session_still_running: words('The session still runs.', 'Nothing was written down about it.', 'End it, or wait until it is over; then review it.'),
  approval_not_needed: words('This session needs no approval.', 'Nobody was asked.', 'Start it.'),
  approval_gone: words('The approval does not hold for this session.', 'It was withdrawn, has lapsed or was used before. No session began.', 'Ask again, and say what you still need.'),
  write_not_elevatable: words('This action can\u2019t be asked for.', 'It stays blocked.', 'Tell the customer how to do it themselves.'),
  field_stays_masked: words('The portal’s rules do not let this value be shown.', 'It stays masked.', 'Ask the portal team, or ask the customer for it.'),
  decision_invalid: words('The request has changed since you read it.', 'Nothing was decided.', 'Read it again, then decide.'),
  extensions_used_up: words('This session has no extensions left.', 'It goes on until its time is up.', 'End it in time. Start a new one if you still need it.'),
  total_duration_too_long: words('With this the session would last longer than the policy allows.', 'It goes on until its time is up.', 'End it in time. Start a new one if you still need it.'),
  emergency_stop_in_force: words('An emergency stop is in force: no session starts and none is extended.', NOTHING_OPENED, 'Wait until it is lifted. The banner at the top says who stopped everything and why.'),
  fresh_sign_in_required: words('This needs a sign-in that is at most five minutes old.', `Nothing was changed. ${ENTRIES_KEPT}`, 'Sign in again; what you asked for follows by itself.'),
  grant_invalid: words('The permission to enter the portal ran out before it was used.', NOTHING_OPENED, 'Try again.'),
  idempotency_mismatch: words('The same start was sent twice with different entries.', NOTHING_OPENED, 'Close the card, open it again and start anew.'),
  journal_gap: words('The server is missing records of this device.', JOURNAL_KEPT, 'Tell security. The console keeps trying to deliver them.'),
  journal_fork: words('A record on this device differs from the one on the server.', 'Both were kept and nothing was overwritten.', 'Tell security before you go on.'),
  journal_invalid: words('The server could not read a record of this device.', 'The record is kept here.', 'Tell security.'),
  payload_too_large: words('This was more than the server takes at once.', ENTRIES_KEPT, 'Shorten the text and try again.'),
  unsupported_media_type: words('The server did not take what this version of Amberglass sent.', NOTHING_OPENED, 'Update Amberglass, or tell whoever runs the server.'),
  method_not_allowed: words('The server does not know what this version of Amberglass asked for.', NOTHING_OPENED, 'Update Amberglass, or tell whoever runs the server.'),
  wrong_host: words('The server does not answer under this address.', 'Nothing was changed.', 'Check the server’s address, or tell whoever runs the server.'),
  audit_unavailable: words('The server could not write its record, and without a record nothing happens.', NOTHING_OPENED, 'Try again in a minute. If it stays, tell whoever runs the server.'),
  unknown: words('The server answered with something this version does not know.', 'Nothing was changed here.', 'Update Amberglass, or tell whoever runs the server.'),

  // From the console itself.
  server_unreachable: (about) => ({
    happened: `${about ? `The server ${about}` : 'The server'} can’t be reached.`,
    kept: JOURNAL_KEPT,
    todo: 'Check your network connection, then try again.',
  }),
  not_an_amberglass_server: (about) => ({
    happened: `${about ?? 'What answered'} is not an Amberglass server.`,
    kept: 'Nothing of yours was sent.',
    todo: 'Check the server’s address, and whether the network asks you to sign in first.',
  }),
  keyring_missing: words('This computer has no key store, and Amberglass keeps its keys nowhere else.', 'Nothing was stored.', 'Set one up and unlock it, then try again.'),
  keyring_locked: words('Your key store is locked.', 'Your sign-in is still in it.', 'Unlock it, then try again.'),
  keyring_failed: words('Your key store did not answer as it should.', 'Nothing in it was changed.', 'Unlock it, or sign out of your computer and in again, then try again.'),
  browser_not_opened: words('No browser could be opened.', 'Nothing was sent.', 'Set a default browser, then try again.'),
  sign_in_timed_out: words('The sign-in in your browser took longer than five minutes.', 'Nothing was changed.', 'Try again.'),
  sign_in_cancelled: words('The sign-in was cancelled.', 'Nothing was changed.', 'Sign in when you are ready. The page in your browser can be closed.'),
  sign_in_answer_foreign: words('The answer from your browser does not belong to this sign-in.', 'It was discarded.', 'Try again. If it stays, tell security.'),
  sign_in_of_somebody_else: words('Somebody else signed in in your browser.', 'You are still signed in here, and nothing was changed.', 'Sign out in the browser, then sign in again as yourself.'),
  link_not_understood: words('The link names no customer that could be looked up.', 'Nothing was opened.', 'Look the customer up under Find.'),
  journal_unavailable: words('Amberglass can’t write its record on this device, and without a record nothing happens.', 'Nothing was opened.', 'Check that your disk can be written to, then try again.'),
  journal_too_old: (about) => ({
    happened: `Records have waited longer than ${about ?? '24 hours'} to reach the server.`,
    kept: JOURNAL_KEPT,
    todo: 'New sessions can start once they are delivered. Check your network connection.',
  }),
  disk_too_full: (about) => ({
    happened: `Less than ${about ?? '100 MiB'} of disk space is free, too little to keep a record safely.`,
    kept: JOURNAL_KEPT,
    todo: 'Free some space, then try again.',
  }),
  offline: words('You are offline.', JOURNAL_KEPT, 'This works again as soon as the server can be reached.'),
  window_failed: words('The session window could not be opened.', 'The session was ended at once, and that is on record.', 'Try again. If it stays, tell whoever looks after your computer.'),
  already_starting: words('A session is already starting.', 'It goes on.', 'Wait until it is open.'),
  already_running: words('Amberglass is open already, and only one may write your record.', 'The other one goes on as it was.', 'Close this window and use the other one.'),
  server_address_invalid: words(
    'This can’t be used as a server’s address.',
    'Nothing was sent or changed.',
    'Enter a name such as amberglass.example.com. Plain http is taken for this computer alone.',
  ),
  export_not_recorded: words(
    'That you take this trail along could not be put on record, and nothing leaves Amberglass without a record.',
    'No file was written.',
    'Check that your disk is not full and can be written to, then try again.',
  ),
  export_exists: (about) => ({
    happened: `A file named ${about ?? 'like this'} is there already.`,
    kept: 'It was left as it is.',
    todo: 'Choose another name or folder.',
  }),
  export_disk_full: words('The disk is full.', 'The file that was begun was removed. The record itself is unchanged.', 'Free some space or choose another disk, then try again.'),
  export_not_allowed: words('This folder can’t be written to.', 'No file was written. The record itself is unchanged.', 'Choose another folder.'),
  export_failed: words('The file could not be written.', 'No part of it was left behind. The record itself is unchanged.', 'Choose another folder, then try again.'),
  start_with_desktop_unavailable: words(
    'This desktop does not let Amberglass set whether it starts with it.',
    'It starts as before.',
    'Set it in your desktop’s own settings, or ask whoever looks after your computer.',
  ),
  preferences_unavailable: words('Your settings could not be written to this computer’s disk.', 'The old ones still stand.', 'Check that your disk is not full and can be written to, then try again.'),
};

export const wordsFor = (error: UiError): ErrorWords => ERRORS[error.code](error.about);

/** All in one line, with the reference to quote. */
export function errorLine(error: UiError): string {
  const { happened, kept, todo } = wordsFor(error);
  return [happened, kept, todo, referenceWords(error)].filter(Boolean).join(' ');
}

export const referenceWords = (error: UiError): string => (error.reference ? `Reference ${error.reference}.` : '');
