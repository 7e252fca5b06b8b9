import type { DecisionResponse } from '../bindings/DecisionResponse';
import type { EndedBy } from '../bindings/EndedBy';
import type { Mode } from '../bindings/Mode';
import type { ReasonCodeResponse } from '../bindings/ReasonCodeResponse';
import type { RequestResponse } from '../bindings/RequestResponse';
import type { RequestState } from '../bindings/RequestState';
import type { Scope } from '../bindings/Scope';
import type { StaffId } from '../bindings/StaffId';
import type { Verdict } from '../bindings/Verdict';
import { asksToSend, sendSentence, sentWords, writeName, youAskedToSend } from './elevation';
import { MODES, RULES, VERDICTS, whyWords } from './sessions';
import { age, counted, dayAndTime, length, timeOfDay } from './times';

/** Words of requests for approval: of who asks, and of who decides. */
export const INBOX = {
  toDecide: 'Waiting for you',
  noneToDecide: 'No request waits for you.',
  own: 'Yours',
  empty: 'No requests',
  emptyHint: 'Where a session needs an approval, you ask for it on the customer’s card. What becomes of it stands here.',
  emptyApproverHint: 'What waits for your decision stands here as soon as somebody asks, and so does what you ask for yourself.',
  choose: 'Choose one to read it.',
  stale: 'You are offline. This is how it was when the server was last reached.',
  offline: 'You are offline. A decision can be made once the server is reached.',
  all: 'All of the inbox',
  next: 'Next request',
  details: 'The request',

  customer: 'Customer',
  portal: 'Portal',
  reason: 'Reason',
  asked: 'Asked for',
  why: 'Needs approval',
  approvals: 'Approvals',
  granted: 'Granted',
  decisions: 'Decisions',
  noTicket: 'no ticket',

  noContext: 'What else they looked at is not known here.',
  noSessions: 'None on record',
  running: 'running',
  notBegun: 'not begun',

  approve: 'Approve',
  deny: 'Deny',
  back: 'Back',
  signing: 'Signing',
  time: 'Time',
  mode: 'Mode',
  extensions: 'Extensions',
  none: 'None',
  comment: 'Comment',

  withdraw: 'Withdraw',
  withdrawTitle: 'Withdraw this request?',
  given: 'Approved by you',
  overNow: 'It does not hold any more: its session has ended, or it was withdrawn.',
  withdrawApproval: 'Withdraw approval',
  withdrawApprovalTitle: 'Withdraw your approval?',
  withdrawReaders: 'At least 10 characters. Whoever asked reads it, and it stands in the record with your name.',
  withdrawKeep: 'You can ask again at any time.',
  toCard: 'Open the customer’s card to start',
  openTrail: 'Open the trail',
  toSession: 'Go to the session',
  start: 'Start',
  clock: 'The time runs from the start, not from now.',
} as const;

export const REQUEST_STATES: Record<RequestState, string> = {
  pending: 'Waiting for a decision',
  approved: 'Approved',
  used: 'Used',
  denied: 'Denied',
  withdrawn: 'Withdrawn',
  lapsed: 'Lapsed',
};

/** What it means to who asked, and what to do. */
export const NEXT: Record<RequestState, string> = {
  pending: 'You are told on this desktop as soon as somebody has decided.',
  approved: 'Open the customer’s card, look whether it is the right one, and start.',
  used: 'The session has begun with it. It can’t begin a second one.',
  denied: 'Nothing was opened. Read why before you ask again.',
  withdrawn: 'Nothing begins with it any more. Ask again if you still need it.',
  lapsed: 'It was not decided or not begun in time, or something that it rests on has changed. Ask again if you still need it.',
};

const NEXT_OF_WRITE: Record<RequestState, string> = {
  pending: 'You are told on this desktop as soon as somebody has decided.',
  approved: 'Send it from the bar of the session window.',
  used: 'It is never sent a second time.',
  denied: 'Nothing was sent. Read why before you ask for anything like it.',
  withdrawn: 'Nothing is sent any more. Do it again in the page, then ask again.',
  lapsed: 'It was not decided or not sent in time, the session is over, or something else that it rests on has changed. Do it again in the page, then ask again.',
};
export function nextWords(request: RequestResponse): string {
  if (!request.write) return NEXT[request.state];
  const next = NEXT_OF_WRITE[request.state];
  return request.state === 'used' ? `${sentWords(request.write)} ${next}` : next;
}

/** In a row: what is asked for. */
export const rowScope = (request: RequestResponse): string =>
  request.write ? `One change, ${request.write.asked.method}` : `${MODES[request.asked.mode]}, ${shortTime(request.asked.duration_seconds)}`;

/** On the button that decides. */
export const SIGN: Record<Verdict, string> = { approve: 'Approve and sign', deny: 'Deny and sign' };

/** Never rounded: it says what is signed. */
const minutes = (seconds: number): string => (seconds % 60 === 0 ? counted(seconds / 60, 'minute', 'minutes') : length(seconds));
const extensions = (count: number): string => (count === 0 ? 'without extensions' : `up to ${counted(count, 'extension', 'extensions')}`);

/** `30 min`, for a row. */
export const shortTime = (seconds: number): string => (seconds % 60 === 0 ? `${seconds / 60} min` : length(seconds));

/** `Read-only, 30 minutes, up to 2 extensions` */
export const scopeWords = (scope: Scope): string => `${MODES[scope.mode]}, ${minutes(scope.duration_seconds)}, ${extensions(scope.extensions)}`;

/** What was taken away of what was asked for; empty when nothing was. */
export function lessWords(asked: Scope, granted: Scope): string {
  const less = [
    granted.mode === asked.mode ? '' : `${MODES[granted.mode].toLowerCase()} instead of ${MODES[asked.mode].toLowerCase()}`,
    granted.duration_seconds === asked.duration_seconds ? '' : `${minutes(granted.duration_seconds)} instead of ${minutes(asked.duration_seconds)}`,
    granted.extensions === asked.extensions ? '' : `${extensions(granted.extensions)} instead of ${extensions(asked.extensions)}`,
  ].filter((part) => part !== '');
  return less.length === 0 ? 'All that was asked for' : `Less than was asked for: ${less.join(', ')}`;
}

const DOES: Record<Mode, string> = { read_only: 'look at', read_write: 'make changes for' };

/** `Amy Lee asks to look at Jane Doe` */
export const asksWords = (request: RequestResponse): string => (request.write ? asksToSend(request) : `${request.staff_name} asks to ${DOES[request.asked.mode]} ${request.customer.name}`);
export const youAskedWords = (request: RequestResponse): string => (request.write ? youAskedToSend(request) : `You asked to ${DOES[request.asked.mode]} ${request.customer.name}`);

/** `27 min left` */
export const leftWords = (until: number, now: number): string => (until <= now ? 'lapses now' : `${age(until - now)} left`);
export const lapsesWords = (request: RequestResponse, now: number): string =>
  request.expires_at <= now ? 'Lapses now' : `Lapses at ${timeOfDay(request.expires_at)}, in ${age(request.expires_at - now)}`;

const lastDecision = (request: RequestResponse, verdict: Verdict): DecisionResponse | undefined => request.decisions.findLast((decision) => decision.verdict === verdict);

/** The state, with who brought it about or until when it holds. */
export function stateWords(request: RequestResponse): string {
  switch (request.state) {
    case 'pending':
      return `${REQUEST_STATES.pending}, until ${timeOfDay(request.expires_at)}`;
    case 'approved':
      return `${REQUEST_STATES.approved}, ${request.write ? 'send' : 'start'} by ${timeOfDay(request.expires_at)}`;
    case 'denied': {
      const by = lastDecision(request, 'deny');
      return by ? `${REQUEST_STATES.denied} by ${by.approver_name}` : REQUEST_STATES.denied;
    }
    case 'used':
    case 'withdrawn':
    case 'lapsed':
      return REQUEST_STATES[request.state];
  }
}

/** The label that the policy gives the code; one that it has no more in words. */
export function reasonCodeWords(code: string, known: readonly ReasonCodeResponse[]): string {
  const label = known.find((one) => one.code === code)?.label;
  if (label !== undefined) return label;
  const words = code.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Why it needs an approval, with the rules to quote. */
export function rulesWords(rules: readonly string[]): string {
  const why = whyWords(rules);
  return why === '' ? 'The policy wants it' : why.charAt(0).toUpperCase() + why.slice(1);
}

/** Those to be quoted: one that has no words of its own is named already. */
export const quotedRules = (rules: readonly string[]): string[] => rules.filter((rule) => Object.hasOwn(RULES, rule));

/** An end that says something about how the session went. */
export const ENDED_EARLY: Partial<Record<EndedBy, string>> = {
  lead: 'ended by a lead',
  security: 'ended by security',
  customer: 'stopped by the customer',
  approval_withdrawn: 'approval withdrawn',
};

/** `2 needed, 1 made` */
export function approvalsWords(request: RequestResponse): string {
  const made = request.decisions.filter((decision) => decision.verdict === 'approve').length;
  const needed = Math.max(1, request.approvals_needed);
  return `${needed} needed, ${made === 0 ? 'none made yet' : `${made} made`}`;
}

const how = (scope: Scope): string =>
  `for ${minutes(scope.duration_seconds)}, ${MODES[scope.mode].toLowerCase()}, ${scope.extensions === 0 ? 'without extensions' : `with ${extensions(scope.extensions)}`}`;

/** What is about to be signed. */
export function allowSentence(request: RequestResponse, scope: Scope): string {
  if (request.write) return sendSentence(request, request.write.asked);
  const others = Math.max(1, request.approvals_needed) - request.decisions.filter((decision) => decision.verdict === 'approve').length - 1;
  const further = others <= 0 ? '' : others === 1 ? ' It may begin once one more person has approved.' : ` It may begin once ${others} more people have approved.`;
  return `You allow ${request.staff_name} to ${DOES[scope.mode]} ${request.customer.name} ${how(scope)}.${further} Your device signs it.`;
}
export const denySentence = (request: RequestResponse): string =>
  `You deny ${request.staff_name}’s request to ${request.write ? `send ${writeName(request.write.asked)} for` : DOES[request.asked.mode]} ${request.customer.name}. Your device signs it.`;

export const commentReaders = (request: RequestResponse): string => `${request.staff_name} reads it, and it stands in the record with your name.`;
export const whyNotHint = (request: RequestResponse): string => `At least 10 characters. ${commentReaders(request)}`;

/** Said to who has decided: how it stands now. Of two at the same moment the server takes one, and says which. */
export function decidedWords(verdict: Verdict, request: RequestResponse, me: StaffId, now: number): string {
  const counts = request.decisions.some((decision) => decision.approver === me && decision.verdict === verdict);
  if (!counts && !request.may_decide) return `${answerWords(request, now)} Yours came after that and does not count.`;
  if (verdict === 'deny') return `Your denial is signed, and ${request.staff_name} is told why.`;
  // Until the answer is here, it is one more than was known.
  const made = request.decisions.filter((decision) => decision.verdict === 'approve').length + (counts ? 0 : 1);
  const missing = Math.max(1, request.approvals_needed) - made;
  return request.state === 'pending' && missing > 0 ? `Your approval is signed. ${counted(missing, 'more approval is', 'more approvals are')} needed.` : `Your approval is signed, and ${request.staff_name} is told.`;
}

/** By whom and how a request was answered. */
export function answerWords(request: RequestResponse, now: number): string {
  const by = (verdict: Verdict) => {
    const decision = lastDecision(request, verdict);
    return decision ? `${decision.approver_name} ${VERDICTS[verdict]} it, ${dayAndTime(decision.decided_at, now)}.` : `Somebody ${VERDICTS[verdict]} it.`;
  };
  switch (request.state) {
    case 'pending':
      return request.expires_at <= now ? 'It has lapsed: nobody decided in time.' : 'It still waits, for somebody else.';
    case 'approved':
      return by('approve');
    case 'used':
      return `${by('approve')} ${request.write ? sentWords(request.write) : 'The session has begun.'}`;
    case 'denied':
      return by('deny');
    case 'withdrawn':
      // By who had approved, or by who asked: the request does not say.
      return lastDecision(request, 'approve') ? `${by('approve')} It was withdrawn after that.` : `${request.staff_name} has withdrawn it.`;
    case 'lapsed':
      // In time, or because the policy, an account or the session that it rests on has changed: the request does not say.
      return lastDecision(request, 'approve') ? `${by('approve')} It has lapsed since, without being used.` : 'It has lapsed before anybody approved it.';
  }
}

/** It does not wait any more, and not by what was done here. `answered` is what the server says of it since. */
export const goneWords = (request: RequestResponse | null, answered: RequestResponse | null, now: number): string => {
  if (answered !== null) return answerWords(answered, now);
  if (request === null) return 'Somebody has decided about it, it was withdrawn, or it has lapsed.';
  if (request.expires_at <= now) return 'It has lapsed: nobody decided in time.';
  return `Somebody else has decided about it, or ${request.staff_name} has withdrawn it.`;
};

/** Of an approval that one has given. */
export const youApprovedWords = (request: RequestResponse): string =>
  `You let ${request.staff_name} ${request.write ? 'send one change for' : DOES[(request.granted ?? request.asked).mode]} ${request.customer.name}`;
export function givenState(request: RequestResponse): string {
  if (request.state === 'used') return request.write ? sentWords(request.write).slice(0, -1) : 'The session runs';
  if (request.state === 'pending') return `Waits for ${counted(Math.max(1, request.approvals_needed) - request.decisions.length, 'more approval', 'more approvals')}`;
  return `${request.write ? 'Not sent' : 'Not begun'}, lapses at ${timeOfDay(request.expires_at)}`;
}
/** What was sent can't be taken back. */
export const canBeWithdrawn = (request: RequestResponse): boolean => !(request.write && request.state === 'used');
export const withdrawEffect = (request: RequestResponse): string =>
  request.write
    ? `The change can’t be sent any more, and the session goes on. ${request.staff_name} is told who withdrew the approval and why.`
    : request.state === 'used'
    ? `${request.staff_name} is viewing the portal as ${request.customer.name}. The session ends and its page is covered at once; they are told who withdrew the approval and why.`
    : `Nothing can begin with it any more. ${request.staff_name} is told who withdrew it and why.`;
export const GONE = 'This request does not wait for you any more';

export const ofStaffTitle = (request: RequestResponse): string => `Last sessions of ${request.staff_name}`;
export const ofCustomerTitle = (request: RequestResponse): string => `Last sessions with ${request.customer.name}`;
export const lastHourWords = (count: number): string =>
  `${count === 0 ? 'No session' : counted(count, 'session', 'sessions')} begun within the last hour`;

/** On the sheet: what asking does. */
export const askSummary = (customer: string, mode: Mode, durationSeconds: number): string =>
  `Asks whoever may decide to let you ${DOES[mode]} ${customer} for ${minutes(durationSeconds)}. They read your reason. Nothing opens before you start it.`;
export const ASK = { ask: 'Ask for approval', asking: 'Asking', failed: 'Could not ask' } as const;
