import type { CommandName, Commands } from '../../bindings/commands';
import type { ExtendView } from '../../bindings/ExtendView';
import type { SessionWindowView } from '../../bindings/SessionWindowView';
import { type Scripted, later } from './scripted';

/** What the bar may ask for. */
export function barAnswers(host: Scripted<SessionWindowView>): { [Name in CommandName]?: (args: Commands[Name]) => void } {
  const extend = (change: Partial<ExtendView>): Partial<SessionWindowView> => ({ extend: { ...host.view.extend, ...change } });
  return {
    end_session: () => host.show({ ending: true, curtain: { cause: 'ending' } }),
    open_extend: () => host.show(extend({ open: true, error: null })),
    close_extend: () => host.show(extend({ open: false, error: null })),
    extend_session() {
      host.show(extend({ busy: true, error: null }));
      later(400, () => {
        const { left, number, seconds } = host.view.extend;
        host.show({
          ...extend({ busy: false, open: false, left: left - 1, number: number + 1 }),
          remaining_millis: host.view.remaining_millis + seconds * 1000,
        });
      });
    },
  };
}
