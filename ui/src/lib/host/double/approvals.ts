import type { ActionKind } from '../../bindings/ActionKind';
import type { Commands } from '../../bindings/commands';
import type { ConsoleView } from '../../bindings/ConsoleView';
import type { RequestId } from '../../bindings/RequestId';
import type { RequestResponse } from '../../bindings/RequestResponse';
import { amy, lead } from '../samples';
import { start, START_MILLIS } from './find';
import { type Answers, type Scripted, later, plays } from './scripted';

type Names = 'look_up_request' | 'review_break_glass' | 'ask_approval' | 'decide_request' | 'withdraw_request' | 'start_approved';

const MINUTE = 60_000;

/** One's own request for the customer of a card, as long as it waits or can be started. */
export const openRequest = (own: RequestResponse[], customer: string): RequestResponse | null =>
  own.find((request) => request.customer.id === customer && (request.state === 'pending' || request.state === 'approved')) ?? null;

/** Puts it where it is shown: in the inbox, and on its customer's card. */
function own(view: ConsoleView, request: RequestResponse): Partial<ConsoleView> {
  const known = view.inbox.own.some((one) => one.id === request.id);
  const list = known ? view.inbox.own.map((one) => (one.id === request.id ? request : one)) : [request, ...view.inbox.own];
  return { inbox: { ...view.inbox, own: list }, card: view.card && { ...view.card, request: openRequest(list, view.card.customer_id) } };
}

/** What was decided here does not wait any more, how it stands is told, and an approval can be withdrawn. */
export function decided(view: ConsoleView, { request: id, verdict, scope, comment }: Pick<Commands['decide_request'], 'request' | 'verdict'> & Partial<Commands['decide_request']>): Partial<ConsoleView> {
  const request = view.inbox.to_decide.find((one) => one.id === id);
  if (!request || view.sign_in.state !== 'signed_in') return {};
  const { staff } = view.sign_in;
  const decisions = [...request.decisions, { verdict, approver: staff.id, approver_name: staff.name, scope: scope ?? request.asked, comment: comment ?? '', decided_at: Date.now() }];
  const enough = decisions.filter((made) => made.verdict === 'approve').length >= request.approvals_needed;
  const state = verdict === 'deny' ? 'denied' : enough ? 'approved' : 'pending';
  const { context: _, ...rest } = request;
  const answered: RequestResponse = { ...rest, decisions, state, may_decide: false, granted: state === 'approved' ? (scope ?? request.asked) : null };
  const given = verdict === 'approve' ? [answered, ...view.inbox.given] : view.inbox.given;
  return { inbox: { ...view.inbox, answered, given, to_decide: view.inbox.to_decide.filter((one) => one !== request) } };
}

/** Asking for an approval, deciding about one, and starting with it. */
export function approvalAnswers(host: Scripted<ConsoleView>): Answers<Names> {
  const act = (kind: ActionKind, target: string, done: () => Partial<ConsoleView>) => {
    host.show({ action: { kind, target, busy: true, error: null } });
    later(400, () => host.show({ ...done(), action: { kind, target, busy: false, error: null } }));
  };
  const ownOf = (id: RequestId) => host.view.inbox.own.find((request) => request.id === id);
  let asked = 0;

  /** Somebody looks at it, and takes a little away. */
  function approve(id: RequestId): void {
    const request = ownOf(id);
    if (request?.state !== 'pending') return;
    const granted = { ...request.asked, duration_seconds: Math.min(900, request.asked.duration_seconds) };
    const decision = { verdict: 'approve', approver: lead.id, approver_name: lead.name, scope: granted, comment: 'A quarter of an hour will do', decided_at: Date.now() } as const;
    host.show(own(host.view, { ...request, state: 'approved', granted, expires_at: Date.now() + 15 * MINUTE, decisions: [decision] }));
  }

  return {
    ask_approval({ customer, reason, mode, durationSeconds }) {
      const { card } = host.view;
      const option = card?.options?.modes.find((offer) => offer.mode === mode);
      const whom = card?.customer;
      if (!card || !option || !whom) return;
      asked += 1;
      const id = `asked-${asked}`;
      act('ask_approval', customer, () =>
        own(host.view, {
          id,
          state: 'pending',
          staff: amy.id,
          staff_name: amy.name,
          portal_name: card.portal_name,
          customer: whom,
          reason,
          asked: { mode, duration_seconds: durationSeconds, extensions: 2 },
          granted: null,
          rules: option.rules,
          policy_hash: '',
          server: host.view.server,
          nonce: id,
          created_at: Date.now(),
          expires_at: Date.now() + 30 * MINUTE,
          approvals_needed: option.approvals,
          decisions: [],
          session: null,
          may_decide: false,
          next_level: false,
          escalated_at: null,
        }),
      );
      if (plays()) later(3000, () => approve(id));
    },
    decide_request(asked) {
      if (host.view.inbox.to_decide.some((request) => request.id === asked.request)) act('decide_request', asked.request, () => decided(host.view, asked));
    },
    // What has become of it stands in the scene, or is not known.
    look_up_request: () => {},
    review_break_glass({ session, outcome, note }) {
      const review = host.view.inbox.reviews.find((one) => one.session.id === session);
      const { sign_in } = host.view;
      if (!review || sign_in.state !== 'signed_in') return;
      const { name } = sign_in.staff;
      act('review_break_glass', session, () => ({
        inbox: {
          ...host.view.inbox,
          reviews: host.view.inbox.reviews.filter((one) => one !== review),
          reviewed: { ...review, outcome, note, reviewed_at: Date.now(), reviewed_by_name: name },
        },
      }));
    },
    withdraw_request({ request: id }) {
      act('withdraw_request', id, () => {
        const request = ownOf(id);
        const { inbox, live } = host.view;
        const given = inbox.given.find((one) => one.id === id);
        if (given) {
          const answered = { ...given, state: 'withdrawn' } as const;
          return { inbox: { ...inbox, given: inbox.given.filter((one) => one !== given), answered }, live: { ...live, sessions: live.sessions.filter((one) => one.id !== given.session) } };
        }
        return request ? own(host.view, { ...request, state: 'withdrawn', granted: null }) : {};
      });
    },
    start_approved({ request: id }) {
      const request = ownOf(id);
      if (request?.state !== 'approved' || !request.granted) return;
      const { mode, duration_seconds } = request.granted;
      start(host, { reason: request.reason, mode, durationSeconds: duration_seconds });
      later(START_MILLIS, () => host.show(own(host.view, { ...request, state: 'used', session: host.view.session?.id ?? null })));
    },
  };
}
