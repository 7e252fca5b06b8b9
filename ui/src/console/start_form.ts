import type { ReasonCodeResponse } from '../lib/bindings/ReasonCodeResponse';
import type { StartOptionsView } from '../lib/bindings/StartOptionsView';

/** The server decides what a reason must be; this only spares a person the way there and back. */
export const MIN_REASON_CHARACTERS = 10;

/** Offered up to the policy's limit, in seconds. */
const USUAL_SECONDS = [15 * 60, 30 * 60, 60 * 60];

/** The usual ones that the policy allows, with its default and its limit if these are others. */
export function durations({ default_duration_seconds, max_duration_seconds }: Pick<StartOptionsView, 'default_duration_seconds' | 'max_duration_seconds'>): number[] {
  const allowed = USUAL_SECONDS.filter((seconds) => seconds <= max_duration_seconds);
  return [...new Set([...allowed, default_duration_seconds, max_duration_seconds])].sort((a, b) => a - b);
}

export interface Entries {
  code: ReasonCodeResponse | null;
  ticket: string;
  text: string;
}

export type Field = 'code' | 'text' | 'ticket';

/** What has not been filled in yet, in the order of the sheet. */
export function missing({ code, ticket, text }: Entries): Field[] {
  const fields: Field[] = [];
  if (!code) fields.push('code');
  if (characters(text) < MIN_REASON_CHARACTERS) fields.push('text');
  if (code?.ticket_required && ticket.trim() === '') fields.push('ticket');
  return fields;
}

/** The counter beside the text. */
export function textHint(text: string): string {
  const lacking = MIN_REASON_CHARACTERS - characters(text);
  if (lacking === MIN_REASON_CHARACTERS) return `at least ${MIN_REASON_CHARACTERS} characters`;
  return lacking > 0 ? `${lacking} more` : `${characters(text)} characters`;
}

/** As people count them, and as the server does: an emoji is one. */
const characters = (text: string): number => [...text.trim()].length;
