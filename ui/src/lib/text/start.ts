import type { CustomerResponse } from '../bindings/CustomerResponse';
import type { ModeOption } from '../bindings/ModeOption';
import type { ReasonCodeResponse } from '../bindings/ReasonCodeResponse';
import type { StartOptionsView } from '../bindings/StartOptionsView';
import type { UiErrorCode } from '../bindings/UiErrorCode';
import { RULES, policyWords } from './sessions';
import { counted } from './times';

export const START = {
  reason: 'Reason',
  text: 'What you need to look at, and why',
  ticket: 'Ticket',
  recentTickets: 'Recent',
  duration: 'Duration',
  own: 'Other',
  minutes: 'Minutes',
  mode: 'Mode',

  chooseReason: 'Choose one',
  enterTicket: 'Enter the ticket’s reference',
  ownFault: 'Enter whole minutes within the limit',
  ownHint: (most: number) => `1 to ${most} min`,
} as const;

/** The ticket rule of the reason that is chosen, beside the field. */
export const ticketRule = (chosen: ReasonCodeResponse | null): string =>
  chosen === null ? 'some reasons need one' : chosen.ticket_required ? `needed for “${chosen.label}”` : 'optional';

const minutes = (seconds: number): number => Math.round(seconds / 60);

/** Extensions lie within the longest session that the policy allows; whoever takes all of it at once has none left. */
export function extensionWords(options: Pick<StartOptionsView, 'max_duration_seconds' | 'max_extensions' | 'extension_seconds'>, chosen: number | null): string {
  const { max_duration_seconds: most, max_extensions: times, extension_seconds: each } = options;
  if (times === 0 || each === 0) return `Can’t be extended. The policy allows ${minutes(most)} min at most.`;
  if (chosen !== null && chosen >= most) return 'The longest that the policy allows, so it can’t be extended.';
  const words = times === 1 ? `once, by ${minutes(each)} min` : times === 2 ? `twice, by ${minutes(each)} min each` : `${times} times, by ${minutes(each)} min each`;
  return `Can be extended ${words}, up to ${minutes(most)} min in all.`;
}

/** What stands in the way of this mode, with the rules to quote; empty when nothing does. */
export function policySentence(option: ModeOption): string {
  const words = policyWords(option);
  if (words === '') return '';
  // Rules that have no words of their own are named in them already.
  const named = option.rules.filter((rule) => Object.hasOwn(RULES, rule));
  const rules = named.length === 0 ? '' : ` (${named.length === 1 ? 'rule' : 'rules'} ${named.join(', ')})`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${rules}.`;
}

/** A refusal of the server, in short, beside the field that it is about. */
export const FIELD_FAULTS: Partial<Record<UiErrorCode, string>> = {
  reason_code_unknown: 'No longer in the policy: choose another one',
  reason_too_short: 'Too short: say what and why',
  reason_is_filler: 'Says nothing yet: say what and why',
  ticket_required: 'This reason needs a ticket',
  duration_too_long: 'Longer than the policy allows',
  mode_not_offered: 'Not offered for this portal',
  needs_approval: 'Needs a lead’s approval',
};

export const CONFLICT = {
  goTo: 'Go to it',
  end: 'End it',
  ending: 'Ending',
  leave: 'Leave it running',
  again: 'Show it',
  kept: 'What you entered stays on the sheet. Once the other session is over, press Start again.',
  unanswered: 'The server has not confirmed the end yet. The other session may still run, and nothing was opened.',
} as const;

export const conflictTitle = (running: Pick<CustomerResponse, 'name'>): string => `Your session with ${running.name} is still running`;

/** Why nothing was opened for `wanted`, and where the other session is. */
export const conflictWords = (wanted: string, here: boolean): string =>
  here
    ? `${wanted}’s portal was not opened: one session runs at a time. The other one’s window is open on this desktop.`
    : `${wanted}’s portal was not opened: one session runs at a time. The other one runs on another desktop, so it can only be ended from here.`;

/** Said on the sheet once the dialog is closed and the other session goes on. */
export const conflictStays = (running: string): string => `Your session with ${running} still runs. Nothing else was opened.`;

export const RECENT = {
  title: 'Looked at lately',
  tickets: 'Recent tickets',
  ticketHint: 'Opens the customer with the ticket filled in',
  ticketSearchHint: 'Puts the ticket into the search field',
} as const;

export const FIND = {
  none: 'Whose portal do you need to see?',
  noneHint: 'Type at least one letter of their name, e-mail or id above. Customers you look at are offered here next time.',
  loading: 'Searching',
} as const;

export const foundWords = (count: number, truncated: boolean): string =>
  truncated ? `the first ${count} customers` : counted(count, 'customer', 'customers');
