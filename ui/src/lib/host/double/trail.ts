import type { ConsoleView } from '../../bindings/ConsoleView';
import { consoleScenes, ended, events } from '../samples';
import { type Answers, type Scripted, later, plays } from './scripted';

/** What is on record of the sessions. */
export function trailAnswers(host: Scripted<ConsoleView>): Answers<'list_sessions' | 'open_trail' | 'close_trail' | 'export_trail' | 'retry_delivery' | 'begin_new_journal' | 'dismiss_replaced'> {
  return {
    list_sessions() {
      if (host.view.sessions.sessions.length === 0 && plays()) host.show({ sessions: consoleScenes.sessions.sessions });
    },
    open_trail({ session: id }) {
      const about = host.view.sessions.sessions.find((s) => s.id === id) ?? host.view.ended?.session ?? (id === ended.id ? ended : null);
      host.show({ trail: { session: id, loading: false, about, events, chain_whole: true, checked_at: Date.now(), error: null, export: { state: 'idle' } } });
    },
    close_trail: () => host.show({ trail: null }),
    export_trail({ format }) {
      const { trail } = host.view;
      if (!trail) return;
      host.show({ trail: { ...trail, export: { state: 'choosing', format } } });
      const file = `Documents/amberglass-${trail.about?.code ?? ''}.${format === 'csv' ? 'csv' : 'jsonl'}`;
      later(200, () => host.show({ trail: { ...trail, export: { state: 'done', file, records: trail.events.length } } }));
    },
    begin_new_journal() {
      const file = '~/.local/share/amberglass/journal-019b0a3e-chain-1-set-aside-1780000000000.sqlite';
      host.show({ queue: { ...host.view.queue, waiting: 1, oldest_at: Date.now(), held: 0, hold: null, replaced: { cause: 'contradicted', file } } });
    },
    dismiss_replaced() {
      host.show({ queue: { ...host.view.queue, replaced: null } });
    },
    retry_delivery() {
      const { queue, connection } = host.view;
      host.show({ queue: { ...queue, retry: { state: 'trying' } } });
      later(400, () => {
        if (queue.waiting === 0) host.show({ queue: { ...queue, retry: { state: 'nothing_waits' } } });
        else if (queue.held > 0 || connection.state !== 'online') host.show({ queue: { ...queue, retry: { state: 'not_taken' } } });
        else host.show({ queue: { ...queue, waiting: 0, oldest_at: null, last_synced_at: Date.now(), next: { state: 'nothing' }, retry: { state: 'sent', records: queue.waiting } } });
      });
    },
  };
}
