import type { DeviceResponse } from '../bindings/DeviceResponse';
import { ago, date } from './times';

/** Words of the list of devices. */
export const DEVICES = {
  title: 'Devices',
  hint: 'Each computer on which you have signed in. A revoked one can do nothing any more; what it has on record stays.',
  hintAll: 'Each computer on which somebody has signed in. A revoked one can do nothing any more; what it has on record stays.',
  loading: 'Fetching the devices',
  empty: 'No devices yet',
  emptyHint: 'Each computer on which you sign in is listed here.',
  thisDevice: 'This computer',
  revoked: 'Revoked',
  revoke: 'Revoke',
  revokeEffect: 'It can’t sign in any more, and a session that runs on it ends at once. Records it has not sent yet are still taken.',
  revokeThis: 'It is the computer you are working on: you will be signed out.',
  never: 'not seen since',
  offline: 'You are offline. This is how it was; devices can be revoked once the server is reached.',
} as const;

export const revokeTitle = (name: string): string => `Revoke ${name}?`;

/** `Registered 4 Mar 2026 by Amy Lindgren` */
export const registeredWords = (device: DeviceResponse): string => `Registered ${date(device.registered_at)} by ${device.registered_by_name}`;

/** `last seen 3 min ago`; `revoked 4 Mar 2026` */
export function seenWords(device: DeviceResponse, now: number): string {
  if (device.revoked_at !== null) return `revoked ${date(device.revoked_at)}`;
  return device.last_seen_at === null ? DEVICES.never : `last seen ${ago(now - device.last_seen_at)}`;
}

/** Who else has used it; empty when nobody has. */
export function othersWords(device: DeviceResponse): string {
  const others = device.staff_names.filter((name) => name !== device.registered_by_name);
  return others.length === 0 ? '' : `also used by ${others.join(', ')}`;
}
