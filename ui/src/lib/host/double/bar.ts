import type { CommandName, Commands } from '../../bindings/commands';
import type { ElevationStep } from '../../bindings/ElevationStep';
import type { ExtendView } from '../../bindings/ExtendView';
import type { SessionWindowView } from '../../bindings/SessionWindowView';
import type { UnmaskView } from '../../bindings/UnmaskView';
import { lead, maskedFields } from '../samples';
import { type Scripted, later } from './scripted';

/** What the bar may ask for. */
export function barAnswers(host: Scripted<SessionWindowView>): { [Name in CommandName]?: (args: Commands[Name]) => void } {
  const extend = (change: Partial<ExtendView>): Partial<SessionWindowView> => ({ extend: { ...host.view.extend, ...change } });
  const unmask = (change: Partial<UnmaskView>): Partial<SessionWindowView> => ({ unmask: { ...host.view.unmask, ...change } });
  const write = (step: ElevationStep, busy = false): Partial<SessionWindowView> => ({ elevation: { step, busy, paused: false, error: null } });
  return {
    ask_elevation() {
      const { step } = host.view.elevation;
      if (step.state !== 'blocked') return;
      host.show(write(step, true));
      later(400, () => host.show(write({ state: 'waiting', request: 'asked', what: step.what })));
      later(3000, () => host.show(write({ state: 'approved', request: 'asked', what: step.what, by: lead.name, remaining_millis: 5 * 60_000 })));
    },
    send_write() {
      const { step } = host.view.elevation;
      if (step.state !== 'approved') return;
      host.show(write(step, true));
      later(400, () => host.show(write({ state: 'sent', what: step.what, outcome: { outcome: 'answered', status: 303 } })));
    },
    dismiss_write: () => host.show(write({ state: 'nothing' })),
    open_unmask() {
      host.show({ ...unmask({ open: true, loading: true, fields: [], error: null, shown: null }), ...extend({ open: false, error: null }) });
      later(300, () => host.show(unmask({ loading: false, fields: maskedFields })));
    },
    close_unmask: () => host.show(unmask({ open: false, fields: [], error: null, shown: null })),
    unmask_field({ rule, pointer }) {
      host.show(unmask({ busy: true, error: null, shown: null }));
      later(400, () => host.show(unmask({ busy: false, shown: { rule, pointer, until: Date.now() + 5 * 60_000 } })));
    },
    reload_page: () => {},
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
