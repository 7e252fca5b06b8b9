import type { CommandName, Commands } from '../bindings/commands';
import type { ConsoleView } from '../bindings/ConsoleView';
import type { SessionWindowView } from '../bindings/SessionWindowView';
import type { StartStep } from '../bindings/StartStep';
import type { Host } from './host';
import { barScenes, consoleScenes, customers, events, options, session } from './samples';

/** Scene from the address (`?scene=card`), else the given one. */
const scene = <T>(scenes: Record<string, T>, otherwise: T): T =>
  scenes[new URLSearchParams(location.search).get('scene') ?? ''] ?? otherwise;

class Scripted<View> {
  #callback: (view: View) => void = () => {};
  constructor(public view: View) {}

  onView(callback: (view: View) => void): void {
    this.#callback = callback;
    callback(this.view);
  }

  show(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    this.#callback(this.view);
  }
}

const later = (millis: number, then: () => void) => void setTimeout(then, millis);
const STEPS: StartStep[] = ['recording', 'asking_server', 'opening_window', 'loading_portal'];

type Handlers = { [Name in CommandName]?: (args: Commands[Name]) => void };

/** The console's path from sign-in to the trail, played with the samples. It shows; it judges nothing. */
export function browserConsoleHost(): Host<ConsoleView> {
  const host = new Scripted<ConsoleView>(scene(consoleScenes, consoleScenes['signed-out']));
  const { sign_in, portals, find } = consoleScenes.find;

  const handlers: Handlers = {
    sign_in() {
      host.show({ sign_in: { state: 'waiting_for_browser', since: Date.now() } });
      later(1500, () => {
        if (host.view.sign_in.state === 'waiting_for_browser') host.show({ sign_in, portals, find });
      });
    },
    cancel_sign_in: () => host.show({ sign_in: { state: 'signed_out', error: null } }),
    sign_out: () => host.show(consoleScenes['signed-out']),
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
      const base = { portal, customer_id: customer, portal_name: 'Barkside', last_looked: null, start: { state: 'idle' } as const, error: null };
      host.show({ card: { ...base, loading: true, customer: null, options: null } });
      later(200, () => {
        if (host.view.card?.customer_id !== customer) return;
        host.show({ card: { ...base, loading: false, customer: customers.find((c) => c.id === customer) ?? null, options } });
      });
    },
    close_card: () => host.show({ card: null }),
    start_session({ reason, mode, durationSeconds }) {
      const customer = host.view.card?.customer;
      if (!host.view.card || !customer) return;
      const card = host.view.card;
      STEPS.forEach((step, index) => later(index * 400, () => host.show({ card: { ...card, start: { state: 'starting', step } } })));
      later(STEPS.length * 400, () =>
        host.show({
          card: { ...card, start: { state: 'idle' } },
          session: { ...session, customer, reason, mode, started_at: Date.now(), remaining_millis: durationSeconds * 1000, pages: 1, blocked: 0 },
        }),
      );
    },
    end_session() {
      const running = host.view.session;
      if (!running) return;
      const started = running.started_at ?? Date.now();
      host.show({
        session: null,
        ended: {
          session: { ...running, state: 'ended', ended_at: Date.now(), ended_by: 'staff', remaining_millis: 0 },
          duration_seconds: Math.round((Date.now() - started) / 1000),
        },
      });
    },
    dismiss_end: () => host.show({ ended: null }),
    list_sessions() {
      if (host.view.sessions.sessions.length === 0 && location.search === '') host.show({ sessions: consoleScenes.sessions.sessions });
    },
    open_trail({ session: id }) {
      const about = host.view.sessions.sessions.find((s) => s.id === id) ?? host.view.ended?.session ?? null;
      host.show({ trail: { session: id, loading: false, about, events, chain_whole: true, checked_at: Date.now(), error: null } });
    },
    close_trail: () => host.show({ trail: null }),
  };

  return {
    onView: (callback) => host.onView(callback),
    async invoke(command, args) {
      handlers[command]?.(args);
    },
  };
}

export function browserBarHost(): Host<SessionWindowView> {
  const host = new Scripted<SessionWindowView>(scene(barScenes, barScenes.bar));
  return {
    onView: (callback) => host.onView(callback),
    async invoke(command) {
      if (command === 'end_session') host.show({ ending: true, curtain: { cause: 'ending' } });
    },
  };
}
