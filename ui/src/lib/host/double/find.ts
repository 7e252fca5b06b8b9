import type { Commands } from '../../bindings/commands';
import type { ConsoleView } from '../../bindings/ConsoleView';
import type { StartStep } from '../../bindings/StartStep';
import { customers, options, session } from '../samples';
import { openRequest } from './approvals';
import { type Answers, type Scripted, later } from './scripted';

type Names = 'find_customers' | 'open_card' | 'close_card' | 'start_session' | 'break_glass';

const STEPS: StartStep[] = ['recording', 'asking_server', 'opening_window', 'loading_portal'];

/** So long it takes from the first step to the session. */
export const START_MILLIS = STEPS.length * 400;

/** Finding, the card, and starting. */
export function findAnswers(host: Scripted<ConsoleView>): Answers<Names> {
  return {
    find_customers({ portal, query }) {
      host.show({ find: { ...host.view.find, portal, query, searching: query !== '', error: null } });
      later(200, () => {
        if (host.view.find.query !== query) return;
        const text = query.trim().toLowerCase();
        const hits = text === '' ? [] : customers.filter((c) => `${c.name} ${c.email} ${c.id}`.toLowerCase().includes(text));
        host.show({ find: { ...host.view.find, searching: false, customers: hits } });
      });
    },
    open_card({ portal, customer }) {
      const request = openRequest(host.view.inbox.own, customer);
      const base = { request, portal, customer_id: customer, portal_name: 'Barkside', last_looked: null, start: { state: 'idle' } as const, error: null };
      host.show({ card: { ...base, loading: true, customer: null, options: null } });
      later(200, () => {
        if (host.view.card?.customer_id !== customer) return;
        host.show({ card: { ...base, loading: false, customer: customers.find((c) => c.id === customer) ?? null, options } });
      });
    },
    close_card: () => host.show({ card: null }),
    start_session: (asked) => start(host, asked),
    break_glass: (asked) => start(host, { ...asked, mode: 'read_only' }, asked.emergency),
  };
}

/** From the card to the session. */
export function start(host: Scripted<ConsoleView>, { reason, mode, durationSeconds }: Pick<Commands['start_session'], 'reason' | 'mode' | 'durationSeconds'>, emergency: string | null = null): void {
  const card = host.view.card;
  const customer = card?.customer;
  if (!card || !customer) return;
  STEPS.forEach((step, index) => later(index * 400, () => host.show({ card: { ...card, start: { state: 'starting', step } } })));
  later(START_MILLIS, () =>
    host.show({
      card: { ...card, start: { state: 'idle' } },
      session: { ...session, customer, reason, mode, emergency, started_at: Date.now(), remaining_millis: durationSeconds * 1000, pages: 1, blocked: 0 },
    }),
  );
}
