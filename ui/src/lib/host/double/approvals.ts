import type { ActionKind } from '../../bindings/ActionKind';
import type { ConsoleView } from '../../bindings/ConsoleView';
import type { RequestId } from '../../bindings/RequestId';
import type { RequestResponse } from '../../bindings/RequestResponse';
import { amy, lead } from '../samples';
import { start, START_MILLIS } from './find';
import { type Answers, type Scripted, later, plays } from './scripted';

type Names = 'ask_approval' | 'decide_request' | 'withdraw_request' | 'start_approved';

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

/** What was decided here does not wait any more. */
export const decided = (view: ConsoleView, id: RequestId): Partial<ConsoleView> => ({
  inbox: { ...view.inbox, to_decide: view.inbox.to_decide.filter((request) => request.id !== id) },
});

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
    decide_request({ request: id }) {
      if (host.view.inbox.to_decide.some((request) => request.id === id)) act('decide_request', id, () => decided(host.view, id));
    },
    withdraw_request({ request: id }) {
      act('withdraw_request', id, () => {
        const request = ownOf(id);
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
