import type { ConsoleView } from '../../bindings/ConsoleView';
import { consoleScenes } from '../samples';
import { type Answers, type Scripted, later } from './scripted';

type Names = 'refresh_view' | 'sign_in' | 'cancel_sign_in' | 'sign_out';

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
    cancel_sign_in: () => host.show({ sign_in: { state: 'signed_out', error: null } }),
    sign_out: () => host.show(consoleScenes['signed-out']),
  };
}
