import type { ConsoleView } from '../../bindings/ConsoleView';
import { consoleScenes, ended, events } from '../samples';
import { type Answers, type Scripted, plays } from './scripted';

/** What is on record of the sessions. */
export function trailAnswers(host: Scripted<ConsoleView>): Answers<'list_sessions' | 'open_trail' | 'close_trail'> {
  return {
    list_sessions() {
      if (host.view.sessions.sessions.length === 0 && plays()) host.show({ sessions: consoleScenes.sessions.sessions });
    },
    open_trail({ session: id }) {
      const about = host.view.sessions.sessions.find((s) => s.id === id) ?? host.view.ended?.session ?? (id === ended.id ? ended : null);
      host.show({ trail: { session: id, loading: false, about, events, chain_whole: true, checked_at: Date.now(), error: null } });
    },
    close_trail: () => host.show({ trail: null }),
  };
}
