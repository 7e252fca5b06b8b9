import type { AskedWrite } from '../bindings/AskedWrite';
import type { CannotAsk } from '../bindings/CannotAsk';
import type { ElevationStep } from '../bindings/ElevationStep';
import type { RequestResponse } from '../bindings/RequestResponse';
import type { SendOutcome } from '../bindings/SendOutcome';
import type { UiError } from '../bindings/UiError';
import type { UiErrorCode } from '../bindings/UiErrorCode';
import type { WriteField } from '../bindings/WriteField';
import type { WriteResponse } from '../bindings/WriteResponse';
import { clockFace } from '../parts/countdown';
import { errorLine } from './errors';
import { counted, dayAndTime } from './times';

/** Words about one write that was blocked in a read-only session, and asked for. */
export const ELEVATION = {
  ask: 'Ask for approval',
  asking: 'Asking',
  send: 'Send now',
  sending: 'Sending',
  dismiss: 'Close',
  paused: 'Not while the connection is lost.',
  write: 'Would send',
  sent: 'Sent',
  unsent: 'Not sent',
  operation: 'Operation',
  blocked: 'Blocked because',
  fields: 'Fields',
  noFields: 'None',
  notKept: 'What it holds is not kept any more.',
  masked: 'not shown',
  once: 'Once, within 5 minutes of the approval',
  outcome: 'What came of it',
} as const;

const WHY_NOT: Record<CannotAsk, string> = {
  never_list: 'This never happens in a session, so it can’t be asked for.',
  too_large: 'It holds more than anybody could read, so it can’t be asked for.',
  not_readable: 'Nobody could read for sure what it would do, so it can’t be asked for.',
  break_glass: 'In a session with break-glass nothing can be asked for.',
  not_kept: 'It was not kept. Do it again in the page, then ask.',
};

/** What the portal said to it. */
export function outcomeWords(outcome: SendOutcome): string {
  switch (outcome.outcome) {
    case 'answered':
      return outcome.status < 400 ? `The portal has taken it (${outcome.status}).` : `The portal has not taken it (${outcome.status}).`;
    case 'not_sent':
      return 'The portal could not be reached, and nothing was sent. Do it again in the page, then ask again.';
    case 'unknown':
      return 'Sent, but no answer came. Look in the page whether it was done; it is never sent twice.';
  }
}

const isUnsent = (write: WriteResponse): boolean => write.outcome?.outcome === 'not_sent';

/** Of one that was pressed: whether it went. What the portal said to it stands with what was sent. */
export const sentWords = (write: WriteResponse): string => (isUnsent(write) ? 'Nothing was sent: the portal could not be reached.' : 'It was sent.');

/** Over the change itself. What did not reach the portal is never called sent. */
export function writeHead(write: WriteResponse): string {
  if (!write.sent_at) return ELEVATION.write;
  return isUnsent(write) ? ELEVATION.unsent : ELEVATION.sent;
}

/** When it may be sent, or was: `Once, today 14:02`. */
export const writeWhen = (write: WriteResponse, now: number): string =>
  write.sent_at ? `${isUnsent(write) ? 'Tried once' : 'Once'}, ${dayAndTime(write.sent_at, now)}` : ELEVATION.once;

/** The row of the bar, in a sentence. Without the time left, which would be said every second. */
export function stepWords(step: ElevationStep): string {
  switch (step.state) {
    case 'nothing':
      return '';
    case 'blocked':
      return `Blocked: ${step.what}. ${step.cannot_ask === null ? 'Nothing was changed. A lead can let just this go through.' : WHY_NOT[step.cannot_ask]}`;
    case 'waiting':
      return `Waiting for a decision about ${step.what}. You can go on looking.`;
    case 'approved':
      return `${step.by} has approved ${step.what}.`;
    case 'denied':
      return `${step.by} has denied ${step.what}: ${step.comment}`;
    case 'lapsed':
      return `The request about ${step.what} was withdrawn or has lapsed. Nothing was sent.`;
    case 'sent':
      return `${step.what}: ${outcomeWords(step.outcome)}`;
  }
}

export const sendWithin = (left: number): string => `Send it within ${clockFace(left)}.`;

/** After these nobody knows whether what was pressed has reached the server. */
const UNANSWERED: readonly UiErrorCode[] = ['server_unreachable', 'not_an_amberglass_server', 'internal'];

/** Why the question, or the sending, failed; empty where the step says more by now. */
export function elevationFailed(error: UiError, step: ElevationStep): string {
  if (step.state !== 'blocked' && step.state !== 'approved') return '';
  if (error.code === 'approval_gone') return 'Nothing was sent: the approval does not hold any more. Do it again in the page, then ask again.';
  if (error.code === 'not_found') return 'Nothing was sent: the server does not keep this change any more. Do it again in the page, then ask.';
  if (step.state === 'approved' && UNANSWERED.includes(error.code)) {
    return 'No answer came: it may have been sent. It is never sent twice, and what came of it stands here once the server has said so.';
  }
  return errorLine(error);
}

/** `POST /appointments` */
export const writeName = (write: AskedWrite): string => `${write.method} ${write.path}`;

export const asksToSend = (request: RequestResponse): string => `${request.staff_name} asks to send one change for ${request.customer.name}`;
export const youAskedToSend = (request: RequestResponse): string => `You asked to send one change for ${request.customer.name}`;

export const sendSentence = (request: RequestResponse, write: AskedWrite): string =>
  `You allow ${request.staff_name} to send ${writeName(write)} for ${request.customer.name}, just as it stands here, once, within 5 minutes. Your device signs it.`;

export const fieldValue = (field: WriteField): string => (field.masked ? ELEVATION.masked : field.cut ? `${field.value}…` : field.value);

/** What is not seen is said. */
export function hiddenWords(fields: readonly WriteField[], leftOut: number): string {
  const [masked, cut] = [fields.filter((field) => field.masked).length, fields.filter((field) => field.cut).length];
  const parts = [
    masked === 0 ? '' : `the ${masked === 1 ? 'value of one secret' : `values of ${masked} secrets`}`,
    cut === 0 ? '' : `the rest of ${counted(cut, 'long value', 'long values')}`,
    leftOut === 0 ? '' : counted(leftOut, 'further field', 'further fields'),
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `Not shown, but sent: ${parts.join(', ')}.`;
}
