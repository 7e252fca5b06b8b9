import type { ConsoleView } from '../../bindings/ConsoleView';
import type { DeviceResponse } from '../../bindings/DeviceResponse';
import type { EmergencyStopResponse } from '../../bindings/EmergencyStopResponse';
import type { TrailEventView } from '../../bindings/TrailEventView';
import { DAY, MINUTE, asLead, asSecurity, barkside, customers, error, found, lead, now, offline, preferences, quietHours, signedIn, waiting } from './common';
import { session } from './session';

const device = (id: string, name: string, days: number, rest: Partial<DeviceResponse> = {}): DeviceResponse => ({
  id,
  name,
  registered_at: now - days * DAY,
  registered_by_name: 'Amy Lindgren',
  staff_names: ['Amy Lindgren'],
  last_seen_at: now - 3 * MINUTE,
  revoked_at: null,
  this_device: false,
  ...rest,
});

export const devices: DeviceResponse[] = [
  device('d1', 'amy-thinkpad', 40, { this_device: true, last_seen_at: now - 20_000 }),
  device('d2', 'front-desk-2', 200, { registered_by_name: lead.name, staff_names: [lead.name, 'Amy Lindgren', 'Tomáš Říha'], last_seen_at: now - 2 * DAY }),
  device('d3', 'amy-old-laptop-that-was-left-on-a-train-between-brno-and-vienna', 410, { revoked_at: now - 30 * DAY, last_seen_at: now - 31 * DAY }),
  device('d4', 'loaner-7', 1, { last_seen_at: null }),
];

export const emergencyStop: EmergencyStopResponse = {
  reason: 'The portal shows customers other people’s invoices',
  stopped_by_name: lead.name,
  stopped_at: now - 26 * MINUTE,
};

let place = 0;
const event = (ago: number, kind: string, what = '', because = '', rest: Partial<TrailEventView> = {}): TrailEventView => ({
  id: `r${(place += 1)}`,
  occurred_at: now - ago,
  kind,
  source: 'server',
  what,
  because,
  blocked: false,
  resource: false,
  unsent: false,
  erased: false,
  ...rest,
});

/** Newest first. */
export const ownEvents: TrailEventView[] = [
  event(MINUTE, 'session_ended', '', 'staff'),
  event(2 * MINUTE, 'request_blocked', 'POST /invoices/1042/pay', 'read-only', { blocked: true }),
  event(3 * MINUTE, 'page_viewed', '/invoices/1042?page'),
  event(4 * MINUTE, 'page_viewed', '/appointments/upcoming/with-a-rather-long-path/that-goes-on-and-on/until-it-has-to-be-cut/somewhere'),
  event(12 * MINUTE, 'session_started', 'read_only', 'Invoice 1042 was charged twice'),
  event(13 * MINUTE, 'card_viewed', 'Jane Doe'),
  event(14 * MINUTE, 'staff_signed_in'),
  event(DAY, 'session_refused', 'read_write', 'read-write-needs-approval', { blocked: true }),
  event(DAY + MINUTE, 'staff_signed_in'),
  event(40 * DAY, 'device_registered', 'amy-thinkpad'),
];

const recent = { customers: customers.slice(0, 3), tickets: ['TCK-4821', 'TCK-4790'] };
const listed: ConsoleView = { ...signedIn, devices: { loading: false, devices, error: null } };
const recorded: ConsoleView = { ...signedIn, own_record: { loading: false, events: ownEvents, more: true, error: null } };

/** Settings, devices, what is recorded about oneself, the palette, the emergency stop. */
export const settingsScenes = {
  settings: signedIn,
  'settings-lead': { ...asLead, first_run: { ...asLead.first_run, address_fixed: true }, desktop: { tray: false, notifications: false }, diagnostics: { state: 'done', file: '~/Documents/amberglass-diagnostics-2026-03-04.txt' }, preferences: { ...preferences, theme: 'dark', text_percent: 125, watermark_percent: 16, notices: 'yours', rest_in_tray: true, quiet_hours: { ...quietHours, on: true, days: [true, true, true, true, true, false, false] } } },
  'settings-light': { ...signedIn, preferences: { ...preferences, theme: 'light', watermark_percent: 6 } },
  'settings-refused': { ...signedIn, action: { kind: 'set_preferences', target: '', busy: false, error: error('preferences_unavailable') } },
  'settings-diagnostics': { ...signedIn, diagnostics: { state: 'failed', error: error('export_not_allowed') } },
  devices: listed,
  'devices-all': { ...asLead, devices: listed.devices },
  'devices-loading': { ...signedIn, devices: { loading: true, devices: [], error: null } },
  'devices-none': signedIn,
  'devices-error': { ...signedIn, devices: { loading: false, devices: [], error: error('unavailable', null, '0c41d2aa') } },
  'devices-offline': { ...listed, connection: offline, queue: waiting },
  'devices-busy': { ...listed, action: { kind: 'revoke_device', target: 'd2', busy: true, error: null } },
  'own-record': recorded,
  'own-record-all': { ...recorded, own_record: { ...recorded.own_record, more: false } },
  'own-record-loading': { ...signedIn, own_record: { loading: true, events: [], more: false, error: null } },
  'own-record-none': signedIn,
  'own-record-error': { ...recorded, own_record: { ...recorded.own_record, error: error('server_unreachable', '127.0.0.1:7400') } },
  'own-record-offline': { ...recorded, connection: offline, queue: waiting },
  palette: { ...found, recent },
  'palette-live': { ...asLead, find: found.find, recent, session },
  'palette-offline': { ...signedIn, connection: offline, queue: waiting, recent },
  'palette-error': { ...signedIn, find: { ...signedIn.find, query: 'jan', error: error('internal', null, '7f3a91c0') }, recent },
  'portal-stopped': {
    ...asSecurity,
    portals: [{ ...barkside, active: false }, { ...barkside, id: 'meowside', name: 'Meowside' }, { ...barkside, id: 'old', name: 'Barkside until 2024', active: false }],
    stopped_portals: [{ portal: 'barkside', reason: 'It shows customers other people’s invoices', stopped_at: now - 26 * MINUTE }],
  },
  'emergency-fresh': {
    ...asLead,
    emergency_stop: { ...emergencyStop, stopped_by_name: null },
    action: { kind: 'lift_emergency_stop', target: '', busy: false, error: error('fresh_sign_in_required', null, '0c41d2aa') },
  },
  emergency: { ...signedIn, emergency_stop: emergencyStop },
  'emergency-lead': { ...asLead, emergency_stop: { ...emergencyStop, stopped_by_name: null } },
} satisfies Record<string, ConsoleView>;
