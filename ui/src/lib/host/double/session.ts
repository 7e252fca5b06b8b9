import type { ActionView } from '../../bindings/ActionView';
import type { ConsoleView } from '../../bindings/ConsoleView';
import type { SessionView } from '../../bindings/SessionView';
import { type Answers, type Scripted, later } from './scripted';

type Names =
  | 'focus_followed'
  | 'show_session'
  | 'end_session'
  | 'open_extend'
  | 'close_extend'
  | 'extend_session'
  | 'ask_elevation'
  | 'send_write'
  | 'dismiss_write'
  | 'open_unmask'
  | 'close_unmask'
  | 'unmask_field'
  | 'reload_page'
  | 'add_note'
  | 'dismiss_end'
  | 'list_live'
  | 'end_other_session'
  | 'dismiss_recovered';

const over = (session: SessionView): SessionView => ({ ...session, state: 'ended', ended_at: Date.now(), ended_by: 'staff', remaining_millis: 0 });

/** A session that runs, its end, and what runs elsewhere. */
export function sessionAnswers(host: Scripted<ConsoleView>): Answers<Names> {
  const act = (kind: ActionView['kind'], target: string, then: () => Partial<ConsoleView>) => {
    host.show({ action: { kind, target, busy: true, error: null } });
    later(400, () => host.show({ ...then(), action: { kind, target, busy: false, error: null } }));
  };
  return {
    focus_followed: () => host.show({ focus: null }),
    show_session: () => {},
    end_session() {
      const { session, card, recovered } = host.view;
      if (recovered) host.show({ recovered: { ...recovered, session: over(recovered.session) } });
      // The session in the way of a start: the card is asked for again, and what was entered stays.
      else if (card?.start.state === 'conflict') later(400, () => host.show({ session: null, card: { ...card, start: { state: 'idle' } } }));
      else if (session) {
        const started = session.started_at ?? Date.now();
        host.show({ session: null, ended: { session: over(session), duration_seconds: Math.round((Date.now() - started) / 1000), asked_offline_at: null } });
      }
    },
    dismiss_end: () => host.show({ ended: null }),
    // The bar's alone.
    open_extend: () => {},
    close_extend: () => {},
    extend_session: () => {},
    ask_elevation: () => {},
    send_write: () => {},
    dismiss_write: () => {},
    open_unmask: () => {},
    close_unmask: () => {},
    unmask_field: () => {},
    reload_page: () => {},
    add_note({ session: id, note }) {
      act('add_note', id, () => {
        const { ended, trail } = host.view;
        return {
          ended: ended?.session.id === id ? { ...ended, session: { ...ended.session, note } } : ended,
          trail: trail?.about?.id === id ? { ...trail, about: { ...trail.about, note } } : trail,
        };
      });
    },
    list_live: () => {},
    end_other_session({ session: id }) {
      act('end_other_session', id, () => ({ live: { ...host.view.live, sessions: host.view.live.sessions.filter((session) => session.id !== id) } }));
    },
    dismiss_recovered: () => host.show({ recovered: null }),
  };
}
