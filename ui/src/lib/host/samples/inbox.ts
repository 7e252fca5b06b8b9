import type { CardView } from '../../bindings/CardView';
import type { ConsoleView } from '../../bindings/ConsoleView';
import type { CustomerResponse } from '../../bindings/CustomerResponse';
import type { DecisionResponse } from '../../bindings/DecisionResponse';
import type { PastSession } from '../../bindings/PastSession';
import type { RequestResponse } from '../../bindings/RequestResponse';
import type { ReviewView } from '../../bindings/ReviewView';
import type { Scope } from '../../bindings/Scope';
import type { WriteResponse } from '../../bindings/WriteResponse';
import { DAY, MINUTE, amy, asLead, asSecurity, customers, emptyInbox, error, found, jane, janet, lead, now, offline, signedIn, waiting } from './common';
import { card, options, sensitive } from './find';
import { earlier, session } from './session';

const [, , janek = jane, janice = jane, mary = jane, , jan = jane, , , , jana = jane, janelle = jane] = customers;

const asked: Scope = { mode: 'read_write', duration_seconds: 1800, extensions: 2 };
const toLook: Scope = { ...asked, mode: 'read_only' };

const past = (code: string, staff_name: string, customer: CustomerResponse, daysAgo: number, text: string, rest: Partial<PastSession> = {}): PastSession => ({
  code,
  staff_name,
  customer_name: customer.name,
  mode: 'read_only',
  reason: { code: 'billing', text, ticket: 'TCK-4790' },
  started_at: now - daysAgo * DAY - 20 * MINUTE,
  ended_at: now - daysAgo * DAY,
  ended_by: 'staff',
  blocked: 0,
  ...rest,
});

const BO = 'Bo Nilsson';
const context = {
  of_staff: [
    past('AG-M4T9W', BO, janet, 0.02, 'The appointment of Friday is not in her list'),
    past('AG-PX5HC', BO, mary, 0.03, 'She sees two invoices for one visit and asks which of them she has to pay', { blocked: 2 }),
    past('AG-2YB7N', BO, janek, 1.1, 'Can’t find where the plan is changed', { mode: 'read_write' }),
    past('AG-9DD3K', BO, jan, 2, 'Reminder came for an appointment that was cancelled', { ended_by: 'lead' }),
    past('AG-C7V2M', BO, jana, 6, 'The receipt of March is missing'),
  ],
  of_customer: [
    past('AG-H3T8Q', 'Amy Lindgren', jane, 1, 'Invoice 1042 was charged twice', { blocked: 2 }),
    past('AG-R6W4Z', 'Ola Kim', jane, 40, 'Her new address is not on the invoice'),
  ],
  sessions_last_hour: 2,
};

/** A request of somebody else that waits. */
const request = (id: string, minutesAgo: number, staff_name: string, customer: CustomerResponse, rest: Partial<RequestResponse> = {}): RequestResponse => ({
  id,
  state: 'pending',
  staff: `staff-${id}`,
  staff_name,
  portal_name: 'Barkside',
  customer,
  reason: { code: 'billing', text: 'Invoice 1042 was charged twice; the second line has to be cancelled', ticket: 'TCK-4821' },
  asked,
  granted: null,
  rules: ['read-write-needs-approval'],
  policy_hash: '7f3a91c0',
  server: 'Barkside support',
  nonce: `nonce-${id}`,
  created_at: now - minutesAgo * MINUTE,
  expires_at: now + (30 - minutesAgo) * MINUTE,
  approvals_needed: 1,
  decisions: [],
  session: null,
  may_decide: true,
  next_level: true,
  escalated_at: null,
  context,
  ...rest,
});

const decided = (verdict: DecisionResponse['verdict'], comment: string, minutesAgo: number, scope: Scope = asked, approver_name = lead.name): DecisionResponse => ({
  verdict,
  approver: lead.id,
  approver_name,
  scope,
  comment,
  decided_at: now - minutesAgo * MINUTE,
});

/** One change of a running session that was blocked. */
const write: WriteResponse = {
  asked: {
    record: '0198c5a2-7d1e-7c33-9b1f-2f6d3c0a7e44',
    method: 'POST',
    path: '/appointments/104201/reschedule?from',
    operation: 'reschedule',
    rule: 'read-only-method',
    sha256: '5e1f',
  },
  session: '0198c5a2-7d1e-7c33-9b1f-2f6d3c0a7e11',
  session_code: 'AG-7K3QX',
  shown: {
    path: '/appointments/104201/reschedule',
    fields: [
      { place: 'query', name: 'from', value: 'card', masked: false, cut: false },
      { place: 'body', name: 'action', value: 'reschedule', masked: false, cut: false },
      { place: 'body', name: 'at', value: '2026-12-01 14:00', masked: false, cut: false },
      { place: 'body', name: 'note', value: 'Please be gentle with her', masked: false, cut: true },
      { place: 'body', name: '_csrf', value: '', masked: true, cut: false },
    ],
    left_out: 3,
  },
};
const aboutWrite: Partial<RequestResponse> = { asked: { mode: 'read_only', duration_seconds: 300, extensions: 0 }, rules: ['one-write-after-approval'], session: write.session, write };

/** Oldest first. */
export const toDecide: RequestResponse[] = [
  request('q1', 26, BO, jane),
  request('q2', 19, 'Maximiliane Oberhuber-Wieczorek', mary, {
    asked: { ...toLook, duration_seconds: 3600, extensions: 0 },
    rules: ['sensitive-customers-need-approval', 'outside-working-hours-needs-approval'],
    approvals_needed: 2,
    decisions: [decided('approve', 'Looked at the ticket with her, it needs the whole hour', 4, { ...toLook, duration_seconds: 3600, extensions: 0 }, 'Sam Reyes')],
  }),
  request('q3', 12, 'Ola Kim', janice, { asked: toLook, rules: ['sensitive-customers-need-approval'], reason: { code: 'sign_in', text: 'Can’t sign in since the move to the new phone', ticket: null }, context: { of_staff: [], of_customer: [], sessions_last_hour: 0 } }),
  request('q4', 9, 'Tomáš Říha', jan, { asked: { ...toLook, duration_seconds: 900 }, rules: ['twelve-sessions-an-hour-need-approval'] }),
  request('q5', 7, BO, janelle, { asked: { ...asked, duration_seconds: 600, extensions: 0 }, rules: ['vip-customers'] }),
  request('q6', 4, 'Ines Albrecht', janet),
  request('q7', 2, 'Ola Kim', janek, { asked: toLook, rules: ['outside-working-hours-needs-approval'] }),
  request('q8', 0, 'Paulo Mendes', jana, { asked: toLook, rules: ['staff-as-customers-need-approval'] }),
];

const mine = (id: string, minutesAgo: number, customer: CustomerResponse, rest: Partial<RequestResponse> = {}): RequestResponse => {
  const { context: _, ...asks } = request(id, minutesAgo, amy.name, customer, { staff: amy.id, may_decide: false, ...rest });
  return asks;
};
const granted: Scope = { mode: 'read_only', duration_seconds: 600, extensions: 0 };

/** Newest first, one in each state. */
export const own: RequestResponse[] = [
  mine('p1', 3, janet),
  mine('p2', 9, jane, { state: 'approved', granted, expires_at: now + 13 * MINUTE, decisions: [decided('approve', 'Look first. Ask again if something has to be cancelled.', 2, granted)] }),
  mine('p3', 70, mary, { state: 'used', granted: asked, session: '0198c5a2-7d1e-7c33-9b1f-2f6d3c0a7e11', decisions: [decided('approve', '', 66)] }),
  mine('p4', 26 * 60, janice, { state: 'denied', asked: toLook, rules: ['sensitive-customers-need-approval'], decisions: [decided('deny', 'Security handles this one; hand the ticket over', 25 * 60, toLook)] }),
  mine('p5', 50 * 60, janek, { state: 'withdrawn' }),
  mine('p6', 75 * 60, jan, { state: 'lapsed' }),
];
const [pending, approved] = own as [RequestResponse, RequestResponse];

/** Break-glass that waits for a review, oldest first: of one nobody has taken care for days, and one still runs. */
export const reviews: ReviewView[] = (
  [
    [earlier('g1', 'AG-J2M8P', mary, 2.2, { own: false, staff_name: 'Maximiliane Oberhuber-Wieczorek', pages: 11, blocked: 1, emergency: 'She stands at the counter of the animal hospital in another town and they need the allergy list before the anaesthetic; nobody of the leads answers' }), true],
    [earlier('g2', 'AG-T5N3Y', jane, 0.1, { own: false, staff_name: BO, pages: 4, emergency: 'Her dog is in surgery now and the vaccination record does not open for her' }), false],
    [{ ...session, id: 'g3', code: 'AG-W9C4D', customer: janice, own: false, staff_name: 'Ola Kim', emergency: 'The portal shows her another customer’s address, she is on the phone' }, false],
  ] as const
).map(([of, overdue]) => ({ session: of, used_at: of.started_at ?? now, overdue, outcome: null, note: null, reviewed_at: null, reviewed_by_name: null }));
const [overdue = null, , runs = null] = reviews;

/** Approvals that the lead has given. */
export const given: RequestResponse[] = [
  request('v1', 22, BO, jane, { state: 'used', may_decide: false, granted: toLook, session: session.id, decisions: [decided('approve', 'Look first', 20, toLook)] }),
  request('v2', 8, 'Ines Albrecht', janet, { state: 'approved', may_decide: false, granted: asked, expires_at: now + 9 * MINUTE, decisions: [decided('approve', '', 6)] }),
];
const oneWrite: Scope = { mode: 'read_only', duration_seconds: 300, extensions: 0 };
/** Of one change: sent, and not sent yet. */
const givenWrites: RequestResponse[] = [
  request('v3', 9, BO, jane, { ...aboutWrite, state: 'used', may_decide: false, granted: oneWrite, write: { ...write, shown: null, sent_at: now - 5 * MINUTE, outcome: { outcome: 'answered', status: 303 } }, decisions: [decided('approve', '', 6, oneWrite)] }),
  request('v4', 2, BO, jane, { ...aboutWrite, state: 'approved', may_decide: false, granted: oneWrite, expires_at: now + 4 * MINUTE, decisions: [decided('approve', '', 1, oneWrite)] }),
];
const approvedByOther = request('q0', 12, 'Ola Kim', janice, { state: 'denied', may_decide: false, decisions: [{ ...decided('deny', 'Security handles this one; hand the ticket over', 3), approver: 'st9', approver_name: 'Sam Reyes' }] });

const decides: ConsoleView = { ...asLead, inbox: { ...emptyInbox, to_decide: toDecide, own: [] } };
const asks: ConsoleView = { ...signedIn, inbox: { ...emptyInbox, to_decide: [], own } };

const cardOf = (request: RequestResponse, rest: Partial<CardView> = {}): ConsoleView => ({
  ...found,
  inbox: { ...emptyInbox, to_decide: [], own: [request] },
  card: card({ customer_id: request.customer.id, customer: request.customer, request, ...rest }),
});
const two = options.modes.map((offer) => (offer.mode === 'read_write' ? { ...offer, approvals: 2 } : offer));

/** Requests for approval, of who decides and of who asks. */
export const inboxScenes = {
  inbox: decides,
  'inbox-both': { ...decides, inbox: { ...emptyInbox, to_decide: toDecide.slice(0, 2), own } },
  'inbox-none': asLead,
  'inbox-none-own': signedIn,
  'inbox-own': asks,
  'inbox-offline': { ...decides, connection: offline, queue: waiting },
  'inbox-busy': { ...decides, action: { kind: 'decide_request', target: 'q1', busy: true, error: null } },
  'inbox-refused': { ...decides, action: { kind: 'decide_request', target: 'q1', busy: false, error: error('decision_invalid', null, '0c41d2aa') } },
  'inbox-fresh': { ...decides, action: { kind: 'decide_request', target: 'q1', busy: false, error: { ...error('fresh_sign_in_required', null, '0c41d2aa'), retry: false } } },
  'inbox-focus': { ...decides, focus: { number: 1, opens: { what: 'request', id: 'q2' } } },
  'inbox-write': { ...decides, inbox: { ...emptyInbox, to_decide: [request('w1', 1, BO, jane, aboutWrite)] } },
  'inbox-write-own': {
    ...asks,
    inbox: {
      ...emptyInbox,
      own: [
        mine('w2', 1, jane, { ...aboutWrite, state: 'approved', granted: { mode: 'read_only', duration_seconds: 300, extensions: 0 }, expires_at: now + 4 * MINUTE, decisions: [decided('approve', '', 1)] }),
        mine('w3', 9, jane, { ...aboutWrite, state: 'used', write: { ...write, shown: null, sent_at: now - 5 * MINUTE, outcome: { outcome: 'answered', status: 303 } }, decisions: [decided('approve', '', 6)] }),
      ],
    },
  },
  'inbox-gone': { ...decides, focus: { number: 1, opens: { what: 'request', id: 'q0' } } },
  'inbox-answered': { ...decides, inbox: { ...decides.inbox, answered: approvedByOther }, focus: { number: 1, opens: { what: 'request', id: 'q0' } } },
  'inbox-reviews': { ...decides, inbox: { ...decides.inbox, to_decide: toDecide.slice(0, 2), reviews, given } },
  'inbox-reviews-alone': { ...asSecurity, inbox: { ...emptyInbox, reviews } },
  'inbox-review-offline': { ...asLead, connection: offline, queue: waiting, inbox: { ...emptyInbox, reviews } },
  'inbox-reviewed': { ...asLead, inbox: { ...emptyInbox, reviewed: overdue && { ...overdue, outcome: 'not_justified', note: 'A lead was free the whole afternoon', reviewed_at: now - 4 * MINUTE, reviewed_by_name: 'Sana Ito' } }, focus: { number: 1, opens: { what: 'review', session: 'g1' } } },
  'inbox-given': { ...asLead, inbox: { ...emptyInbox, given } },
  'live-given': { ...asLead, inbox: { ...emptyInbox, given }, live: { ...asLead.live, sessions: [{ ...session, own: false, staff_name: BO }, ...(runs ? [runs.session] : [])] } },
  'inbox-given-writes': { ...asLead, inbox: { ...emptyInbox, given: givenWrites } },
  'live-given-writes': { ...asLead, inbox: { ...emptyInbox, given: givenWrites }, live: { ...asLead.live, sessions: [{ ...session, own: false, staff_name: BO }] } },
  'card-two-approvals': { ...found, card: card({ options: { ...options, modes: two } }) },
  'card-pending': cardOf(pending),
  'card-approved': cardOf(approved),
  'card-approved-offline': { ...cardOf(approved), connection: offline, queue: waiting },
  'card-approved-failed': cardOf(approved, { start: { state: 'failed', error: error('approval_gone', null, '7f3a91c0') } }),
  'card-asking': { ...found, card: card({ options: sensitive }), action: { kind: 'ask_approval', target: '1042', busy: true, error: null } },
  'card-ask-failed': { ...found, card: card(), action: { kind: 'ask_approval', target: '1042', busy: false, error: error('unavailable', null, '7f3a91c0') } },
} satisfies Record<string, ConsoleView>;
