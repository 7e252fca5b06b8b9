import type { EndedBy } from '../bindings/EndedBy';
import type { Mode } from '../bindings/Mode';
import type { ModeOption } from '../bindings/ModeOption';
import type { PolicyAnswer } from '../bindings/PolicyAnswer';
import type { Role } from '../bindings/Role';
import type { SessionState } from '../bindings/SessionState';
import type { StartStep } from '../bindings/StartStep';
import type { Verdict } from '../bindings/Verdict';
import { counted } from './times';

/** Completes "Ended ...". */
export const ENDED_BY: Record<EndedBy, string> = {
  staff: 'by you',
  lead: 'by a lead',
  security: 'by security',
  customer: 'by the customer',
  expired: 'when its time was up',
  idle: 'because nothing was pressed or moved for too long',
  console_lost: 'because the console was out of reach for too long',
  staff_disabled: 'because your account was disabled',
  approver_disabled: 'because the approver’s account was disabled',
  customer_disabled: 'because the customer’s account was disabled',
  portal_disabled: 'because the portal was switched off',
  approval_withdrawn: 'because the approval was withdrawn',
  emergency_stop: 'by an emergency stop',
  policy_changed: 'because the policy changed',
  audit_failed: 'because it could no longer be recorded',
  portal_error: 'because the portal failed',
};

/** What an approver did. */
export const VERDICTS: Record<Verdict, string> = { approve: 'approved', deny: 'denied' };

export const MODES: Record<Mode, string> = { read_only: 'Read-only', read_write: 'Read-write' };

export const STATES: Record<SessionState, string> = {
  awaiting_consent: 'Waiting for the customer',
  pending: 'Waiting for approval',
  approved: 'Approved',
  active: 'Running',
  frozen: 'Paused',
  ended: 'Ended',
  denied: 'Denied',
  withdrawn: 'Withdrawn',
  lapsed: 'Lapsed',
};

export const ROLES: Record<Role, string> = { agent: 'Agent', lead: 'Lead', security: 'Security', admin: 'Admin' };

/** In their order. */
export const START_STEPS: Record<StartStep, string> = {
  recording: 'Recording the start on this device',
  asking_server: 'Asking the server',
  opening_window: 'Opening the session window',
  loading_portal: 'Loading the portal',
};

const ANSWERS: Record<PolicyAnswer, string> = {
  allowed: '',
  needs_approval: 'needs a lead’s approval',
  refused: 'not offered',
};

/** Why, for the rules of the default policy. An installation's own rules are named by their ids. */
export const RULES: Readonly<Record<string, string>> = {
  'one-write-after-approval': 'a change in a read-only session needs an approval',
  'sensitive-customers-need-approval': 'this customer is marked sensitive',
  'read-write-needs-approval': 'read-write always does',
  'staff-as-customers-need-approval': 'this customer is staff in private life',
  'outside-working-hours-needs-approval': 'it is outside working hours',
  'twelve-sessions-an-hour-need-approval': 'twelve or more sessions were begun within the last hour',
  'never-oneself': 'this customer has your own e-mail address',
  'never-peers-or-superiors': 'this customer is staff of your level or above',
  'customer-must-be-active': 'this customer’s account is not active',
  'portal-must-be-active': 'the portal is switched off',
  'read-write-not-declared': 'what must never be changed in this portal is not described in full yet',
  'admins-do-not-look': 'admins don’t open portals',
  'break-glass-only-reads': 'break-glass only reads',
  'break-glass-unmasks-nothing': 'a session with break-glass is shown no masked value',
  'no-break-glass-on-the-day-of-a-denial': 'somebody has denied you this customer within the last 24 hours',
  'no-break-glass-while-two-wait-for-review': 'two of yours wait for a review already',
};

const ruleWords = (rule: string): string => (Object.hasOwn(RULES, rule) ? (RULES[rule] ?? rule) : `rule ${rule}`);

/** Why an approval is wanted, or a session refused, in words; each reason once. */
export const whyWords = (rules: readonly string[]): string => [...new Set(rules.map(ruleWords))].join(', ');

/** What the policy says about a mode, in short. */
export const answerWords = ({ answer, approvals }: ModeOption): string =>
  answer === 'needs_approval' && approvals > 1 ? `needs the approval of ${approvals} people` : ANSWERS[answer];

/** What the policy says about a mode and why, before one clicks; empty when it is simply allowed. */
export function policyWords(option: ModeOption): string {
  const answer = answerWords(option);
  const why = whyWords(option.rules);
  return answer === '' || why === '' ? answer : `${answer}: ${why}`;
}

const MODE_MEANING: Record<Mode, string> = {
  read_only: 'you can look, not change anything',
  read_write: 'you can make the changes the portal’s rules list',
};

export const startLabel = (mode: Mode): string => `Start ${MODES[mode].toLowerCase()} session`;

/** What will happen and be recorded, in one sentence each. */
export function startSummary(customer: string, portal: string, mode: Mode, durationSeconds: number): string {
  const minutes = counted(Math.round(durationSeconds / 60), 'minute', 'minutes');
  return (
    `Opens ${portal} as ${customer} sees it for ${minutes}; ${MODE_MEANING[mode]}. ` +
    'Your name, the reason, each page and each blocked attempt are recorded.'
  );
}
