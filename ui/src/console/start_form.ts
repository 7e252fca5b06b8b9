import type { Mode } from '../lib/bindings/Mode';
import type { ModeOption } from '../lib/bindings/ModeOption';
import type { ReasonCodeResponse } from '../lib/bindings/ReasonCodeResponse';
import type { StartOptionsView } from '../lib/bindings/StartOptionsView';
import type { UiErrorCode } from '../lib/bindings/UiErrorCode';

/** The server decides what a reason must be; this only spares a person the way there and back. */
export const MIN_REASON_CHARACTERS = 10;

/** Offered up to the policy's limit, in seconds. */
const USUAL_SECONDS = [15 * 60, 30 * 60, 60 * 60];

/** Stands for a duration that is typed in. */
export const OWN_DURATION = 0;

/** The usual ones that the policy allows, with its default and its limit if these are others. */
export function durations({ default_duration_seconds, max_duration_seconds }: Pick<StartOptionsView, 'default_duration_seconds' | 'max_duration_seconds'>): number[] {
  const allowed = USUAL_SECONDS.filter((seconds) => seconds <= max_duration_seconds);
  return [...new Set([...allowed, default_duration_seconds, max_duration_seconds])].sort((a, b) => a - b);
}

/** Seconds of whole minutes as typed; null for what is no such number or beyond the limit. */
export function ownDuration(minutes: string, maxSeconds: number): number | null {
  if (!/^\d{1,4}$/.test(minutes.trim())) return null;
  const seconds = Number(minutes.trim()) * 60;
  return seconds >= 60 && seconds <= maxSeconds ? seconds : null;
}

export interface Entries {
  code: ReasonCodeResponse | null;
  ticket: string;
  text: string;
  /** Null when the one that was typed can't be one. */
  duration: number | null;
}

export type Field = 'code' | 'text' | 'ticket' | 'duration' | 'mode';

/** What has not been filled in yet, in the order of the sheet. */
export function missing({ code, ticket, text, duration }: Entries): Field[] {
  const fields: Field[] = [];
  if (!code) fields.push('code');
  if (characters(text) < MIN_REASON_CHARACTERS) fields.push('text');
  if (code?.ticket_required && ticket.trim() === '') fields.push('ticket');
  if (duration === null) fields.push('duration');
  return fields;
}

/** The field that a refusal of the server is about; null when it is about none of them. */
export function fieldOf(code: UiErrorCode): Field | null {
  switch (code) {
    case 'reason_code_unknown':
      return 'code';
    case 'reason_too_short':
    case 'reason_is_filler':
      return 'text';
    case 'ticket_required':
      return 'ticket';
    case 'duration_too_long':
      return 'duration';
    case 'mode_not_offered':
    case 'needs_approval':
      return 'mode';
    default:
      return null;
  }
}

/** What stands chosen at first: what may be started at once, and read-only before the other. */
export function firstMode(options: ModeOption[]): Mode {
  const best = options.find((option) => option.answer === 'allowed') ?? options.find((option) => option.answer === 'needs_approval');
  return best?.mode ?? 'read_only';
}

/** The counter beside the text. */
export function textHint(text: string): string {
  const lacking = MIN_REASON_CHARACTERS - characters(text);
  if (lacking === MIN_REASON_CHARACTERS) return `at least ${MIN_REASON_CHARACTERS} characters`;
  return lacking > 0 ? `${lacking} more` : `${characters(text)} characters`;
}

/** As people count them, and as the server does: an emoji is one. */
const characters = (text: string): number => [...text.trim()].length;
