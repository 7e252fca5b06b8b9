import type { ModeOption } from '../bindings/ModeOption';
import type { ReviewOutcome } from '../bindings/ReviewOutcome';
import type { ReviewView } from '../bindings/ReviewView';
import type { SessionView } from '../bindings/SessionView';
import { RULES } from './sessions';
import { age, counted, dayAndTime, length } from './times';

/** Words of break-glass: of who begins at once, and of who reviews it. */
export const GLASS = {
  offer: 'Emergency: begin without approval',
  only: 'Only for an emergency that can’t wait for a decision.',
  told: 'Every lead and security are told now, with your name.',
  looks: 'You can look and change nothing, and the session can’t be extended.',
  reviewed: 'Somebody else reviews it afterwards, with your statement.',
  statement: 'What is the emergency?',
  statementHint: 'At least 10 characters. Kept in the record, for the review.',
  begin: 'Break the glass',
  beginning: 'Beginning',
  failed: 'Not begun',
  tag: 'Break-glass',
  refused: 'Break-glass is not open to you now:',
} as const;

export const glassTitle = (customer: string): string => `Look at ${customer} now, without approval?`;

/** Rules that close break-glass for a while to whoever else has the right to it. */
const CLOSED: readonly string[] = ['no-break-glass-on-the-day-of-a-denial', 'no-break-glass-while-two-wait-for-review'];

/** Why somebody who otherwise may can't break the glass now; empty where that is not what stands in the way. */
export function closedWords(option: ModeOption | null): string {
  if (option?.answer !== 'refused' || option.rules.some((rule) => !CLOSED.includes(rule))) return '';
  const why = option.rules.map((rule) => RULES[rule]).filter((words) => words !== undefined);
  return why.length === 0 ? '' : `${GLASS.refused} ${why.join(', and ')}.`;
}

export const REVIEWS = {
  title: 'Break-glass to review',
  outcome: 'Review',
  emergency: 'Emergency',
  session: 'Session',
  began: 'Began',
  ended: 'Ended',
  seen: 'Seen',
  running: 'The session still runs. It can be reviewed once it is over.',
  openTrail: 'Open the trail',
  end: 'End session',
  endHint: 'You can end it at once, with a reason.',
  justified: 'Justified',
  notJustified: 'Not justified',
  note: 'What you found',
  noteHint: 'At least 10 characters. It stands in the record with your name.',
  saving: 'Writing it down',
  back: 'Back',
  failed: 'Not reviewed',
  offline: 'You are offline. It can be reviewed once the server is reached.',
  next: 'Next review',
  gone: 'This does not wait for your review any more',
  goneUnknown: 'Somebody else has reviewed it.',
} as const;

export const OUTCOMES: Record<ReviewOutcome, string> = { justified: REVIEWS.justified, not_justified: REVIEWS.notJustified };

/** On the button that writes it down. */
export const CONFIRM: Record<ReviewOutcome, string> = { justified: 'Record as justified', not_justified: 'Record as not justified' };

/** `Amy Lindgren broke the glass to look at Jane Doe` */
export const brokeWords = ({ session }: ReviewView): string => `${session.staff_name} broke the glass to look at ${session.customer.name}`;

const MEANING: Record<ReviewOutcome, string> = { justified: 'was justified', not_justified: 'was not justified' };

/** What is about to be written down. */
export const reviewSentence = (review: ReviewView, outcome: ReviewOutcome): string =>
  `You record that ${review.session.staff_name}’s break-glass ${MEANING[outcome]}. A review can’t be changed afterwards.`;

/** For a row: how long it has waited, and what that means. */
export const waitsWords = (review: ReviewView, now: number): string => (isRunning(review.session) ? 'runs' : age(Math.max(0, now - review.used_at)));
export const rowState = (review: ReviewView): string => (review.overdue ? 'overdue' : 'unreviewed');

/** The state of one that waits. */
export function reviewState(review: ReviewView, now: number): string {
  if (isRunning(review.session)) return REVIEWS.running;
  const since = age(Math.max(0, now - review.used_at));
  return review.overdue ? `Nobody has reviewed it for ${since}. Unreviewed ones keep ${review.session.staff_name} from breaking the glass again.` : `Has waited ${since} for a review.`;
}

export const isRunning = (session: Pick<SessionView, 'state'>): boolean => session.state === 'active' || session.state === 'frozen';

/** `12 min 5 s, 4 pages, 2 blocked` */
export function seenWords({ session }: ReviewView): string {
  const lasted = session.started_at !== null && session.ended_at !== null ? [length((session.ended_at - session.started_at) / 1000)] : [];
  return [...lasted, counted(session.pages, 'page', 'pages'), session.blocked > 0 ? `${session.blocked} blocked` : ''].filter((part) => part !== '').join(', ');
}

/** Who reviewed it, and how: one's own name is among those who may have. */
export function reviewedWords(review: ReviewView, own: boolean, now: number): string {
  if (review.outcome === null) return REVIEWS.goneUnknown;
  const outcome = `“${OUTCOMES[review.outcome]}”`;
  if (own) return `Recorded: ${outcome}. It stands in the record with your name.`;
  const when = review.reviewed_at === null ? '' : `, ${dayAndTime(review.reviewed_at, now)}`;
  const note = review.note === null ? '' : `: ${review.note}`;
  return `${review.reviewed_by_name ?? 'Somebody else'} was faster and recorded ${outcome}${when}${note}`;
}
