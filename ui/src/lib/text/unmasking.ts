import type { MaskedFieldResponse } from '../bindings/MaskedFieldResponse';
import type { ShownFieldView } from '../bindings/ShownFieldView';
import type { UiError } from '../bindings/UiError';
import type { UnmaskView } from '../bindings/UnmaskView';
import { errorLine } from './errors';
import { whyWords } from './sessions';
import { timeOfDay } from './times';

/** Words about a value that the portal's rules mask, and that is shown on a stated reason. */
export const UNMASK = {
  open: 'Show masked',
  /** Where there is little room; the whole stands in its name. */
  openShort: 'Show',
  which: 'Masked value',
  why: 'Why do you need this value?',
  show: 'Show',
  busy: 'Asking',
  reload: 'Reload page',
  reloadShort: 'Reload',
  close: 'Close',
  loading: 'Looking up what may be shown.',
  none: 'The portal’s rules let nothing be shown any more.',
  hint: 'At least 10 characters of its own: the session’s reason does not do. It is recorded, and so is each page that shows it. Shown for 5 minutes.',
  tooShort: 'Say in at least 10 characters why you need this value.',
} as const;

const name = (field: Pick<MaskedFieldResponse, 'rule' | 'pointer'>): string => `${field.rule} ${field.pointer}`;

const isAllowed = (field: MaskedFieldResponse): boolean => field.answer === 'allowed';

/** One line of the list. */
export function fieldWords(field: MaskedFieldResponse): string {
  if (!isAllowed(field)) return `${name(field)} (the policy says no)`;
  return field.shown_until === null ? name(field) : `${name(field)} (until ${timeOfDay(field.shown_until)})`;
}

export const mayBeShown = (fields: readonly MaskedFieldResponse[]): MaskedFieldResponse[] => fields.filter(isAllowed);

/** Under the row: what the portal's owner says of the field, and what the reason is for. */
export function hintWords(view: Pick<UnmaskView, 'loading' | 'fields'>, chosen: MaskedFieldResponse | undefined): string {
  if (view.loading) return UNMASK.loading;
  if (view.fields.length === 0) return UNMASK.none;
  if (mayBeShown(view.fields).length === 0) {
    return `The policy shows you none of these: ${whyWords(view.fields.flatMap((field) => field.rules))}. Nothing was asked. If you need one for your work, ask a lead.`;
  }
  const why = chosen?.why?.trim() ?? '';
  return why === '' ? UNMASK.hint : `${/[.!?]$/.test(why) ? why : `${why}.`} ${UNMASK.hint}`;
}

/** The value is not on the page yet: that was loaded before. */
export const shownWords = (shown: ShownFieldView): string => `${name(shown)}: shown until ${timeOfDay(shown.until)}. Reload the page to see it.`;

/** The whole of it; the value stays masked. */
export function unmaskFailed(error: UiError): string {
  if (error.code === 'reason_is_filler') return 'Still masked: the reason does not say yet why you need this value. What you entered is still here. The session’s own reason does not do.';
  return `Still masked: ${errorLine(error)}`;
}

/** What could not be listed. */
export const listFailed = (error: UiError): string => `Nothing is listed: ${errorLine(error)}`;
