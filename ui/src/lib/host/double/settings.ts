import type { ActionKind } from '../../bindings/ActionKind';
import type { ConsoleView } from '../../bindings/ConsoleView';
import { devices, ownEvents, server } from '../samples';
import { type Answers, type Scripted, later, plays } from './scripted';

type Names =
  | 'emergency_stop'
  | 'lift_emergency_stop'
  | 'stop_portal'
  | 'lift_portal'
  | 'read_news'
  | 'list_devices'
  | 'revoke_device'
  | 'load_own_record'
  | 'dismiss_action'
  | 'set_server'
  | 'check_keyring'
  | 'accept_notice'
  | 'save_diagnostics'
  | 'set_preferences';

/** The first run, settings, devices, what is recorded about oneself, the emergency stop. */
export function settingsAnswers(host: Scripted<ConsoleView>): Answers<Names> {
  const act = (kind: ActionKind, target: string, done: () => Partial<ConsoleView>) => {
    host.show({ action: { kind, target, busy: true, error: null } });
    later(400, () => host.show({ ...done(), action: { kind, target, busy: false, error: null } }));
  };
  const firstRun = (change: Partial<ConsoleView['first_run']>) => {
    const next = { ...host.view.first_run, ...change };
    host.show({ first_run: { ...next, needed: next.found === null || !next.notice_accepted } });
  };
  return {
    emergency_stop: ({ reason }) =>
      act('emergency_stop', '', () => ({ emergency_stop: { reason, stopped_by_name: 'Noor Haddad', stopped_at: Date.now() }, session: null })),
    lift_emergency_stop: () => act('lift_emergency_stop', '', () => ({ emergency_stop: null })),
    stop_portal: ({ portal, reason }) =>
      act('stop_portal', portal, () => ({
        portals: host.view.portals.map((one) => (one.id === portal ? { ...one, active: false } : one)),
        stopped_portals: [...host.view.stopped_portals, { portal, reason, stopped_at: Date.now() }],
      })),
    lift_portal: ({ portal }) =>
      act('lift_portal', portal, () => ({
        portals: host.view.portals.map((one) => (one.id === portal ? { ...one, active: true } : one)),
        stopped_portals: host.view.stopped_portals.filter((stop) => stop.portal !== portal),
      })),
    read_news: () => host.show({ news: { items: host.view.news.items.map((item) => ({ ...item, unread: false })), unread: 0 } }),
    list_devices() {
      if (!plays() || host.view.devices.devices.length > 0) return;
      host.show({ devices: { loading: true, devices: [], error: null } });
      later(200, () => host.show({ devices: { loading: false, devices, error: null } }));
    },
    revoke_device: ({ device }) =>
      act('revoke_device', device, () => ({
        devices: {
          ...host.view.devices,
          devices: host.view.devices.devices.map((one) => (one.id === device ? { ...one, revoked_at: Date.now() } : one)),
        },
      })),
    load_own_record({ more }) {
      if (!plays() || host.view.own_record.loading) return;
      host.show({ own_record: { ...host.view.own_record, loading: true } });
      const next = more ? { events: ownEvents, more: false } : { events: ownEvents.slice(0, 6), more: true };
      later(200, () => host.show({ own_record: { ...next, loading: false, error: null } }));
    },
    dismiss_action: () => host.show({ action: null }),
    set_server({ address }) {
      firstRun({ checking: true, found: null, error: null });
      later(400, () => firstRun({ checking: false, address, found: server }));
    },
    check_keyring() {
      firstRun({ keyring: { state: 'checking' } });
      later(400, () => firstRun({ keyring: { state: 'usable' } }));
    },
    accept_notice: () => firstRun({ notice_accepted: true }),
    save_diagnostics() {
      host.show({ diagnostics: { state: 'choosing' } });
      later(200, () => host.show({ diagnostics: { state: 'done', file: 'Documents/amberglass-diagnostics-2026-03-04.txt' } }));
    },
    set_preferences: ({ preferences }) => host.show({ preferences }),
  };
}
