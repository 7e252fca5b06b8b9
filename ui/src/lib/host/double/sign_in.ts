import type { ConsoleView } from '../../bindings/ConsoleView';
import { consoleScenes, session } from '../samples';
import { decided } from './approvals';
import { start } from './find';
import { type Answers, type Scripted, later } from './scripted';

type Names = 'refresh_view' | 'sign_in' | 'sign_in_again' | 'cancel_sign_in' | 'sign_out';

/** Signing in and out. */
export function signInAnswers(host: Scripted<ConsoleView>): Answers<Names> {
  const { sign_in, portals, find } = consoleScenes.find;
  return {
    refresh_view: () => host.show({}),
    sign_in() {
      host.show({ sign_in: { state: 'waiting_for_browser', since: Date.now() } });
      later(1500, () => {
        if (host.view.sign_in.state === 'waiting_for_browser') host.show({ sign_in, portals, find });
      });
    },
    sign_in_again() {
      host.show({ fresh_sign_in: { state: 'waiting_for_browser', since: Date.now() } });
      later(600, () => {
        const { action, card, fresh_sign_in } = host.view;
        if (fresh_sign_in.state !== 'waiting_for_browser') return;
        host.show({ fresh_sign_in: { state: 'idle' } });
        // What was asked for follows.
        if (action?.kind === 'decide_request') host.show({ ...decided(host.view, { request: action.target, verdict: 'approve' }), action: { ...action, busy: false, error: null } });
        else if (card?.customer) start(host, { reason: session.reason, mode: 'read_write', durationSeconds: 1800 });
      });
    },
    cancel_sign_in() {
      if (host.view.sign_in.state === 'signed_in') host.show({ fresh_sign_in: { state: 'idle' } });
      else host.show({ sign_in: { state: 'signed_out', error: null } });
    },
    sign_out: () => host.show(consoleScenes['signed-out']),
  };
}
