import type { PortalId } from '../lib/bindings/PortalId';

/** Where one can be in the console. */
export type Screen = 'find' | 'live' | 'inbox' | 'trail' | 'settings' | 'own_record' | 'devices' | 'record' | 'alarms' | 'news';

/** What can stand over it. */
export type Over = 'palette' | 'keys' | 'stop' | 'lift' | { portal: PortalId; to: 'stop' | 'lift' };
