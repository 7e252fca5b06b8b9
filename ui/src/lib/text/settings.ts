import type { LimitsView } from '../bindings/LimitsView';
import type { Theme } from '../bindings/Theme';
import { counted, length } from './times';

export const THEMES: Record<Theme, string> = { system: 'As the desktop', light: 'Light', dark: 'Dark' };

/** Words of the settings. */
export const SETTINGS = {
  title: 'Settings',
  yours: 'Yours',
  yoursHint: 'Kept on this computer. You can change them.',
  theme: 'Look',
  textSize: 'Text size',
  textSizeHint: 'Of the console and the session’s bar, not of the portal.',
  watermark: 'Watermark',
  watermarkHint: 'Session code and time over the portal. Never off.',
  watermarkOnWhite: 'On a white page and on a dark one',

  server: 'Server',
  address: 'Address',
  addressHere: 'Chosen on this computer. To change it, sign out first.',
  addressFixed: 'Set by whoever installed Amberglass. They can change it.',
  name: 'Name',
  version: 'Version',
  versionFrom: 'Whoever runs the server can change it.',

  limits: 'Limits',
  limitsHint: 'Set by the server. Whoever runs it can change them.',

  program: 'This program',
  programVersion: 'Version',
  programFrom: 'Whoever looks after your computer can change it.',
  keys: 'Keys',
} as const;

/** What the server fixes, each with its value. */
export function limitLines(limits: LimitsView, retentionMonths: number | null): [what: string, value: string][] {
  return [
    ['Longest session', length(limits.max_duration_seconds)],
    ['Extensions', limits.max_extensions === 0 ? 'none' : `${limits.max_extensions} of ${length(limits.extension_seconds)} each`],
    ['Idle session ends after', length(limits.idle_seconds)],
    ['Page is covered within', `${length(limits.silence_seconds)} without the server`],
    ['Session ends after', `${length(limits.lost_after_seconds)} more without it`],
    ['Records may wait for', `${length(limits.max_unsent_age_seconds)}, then no new session starts`],
    ...(retentionMonths === null ? [] : [['Record is kept for', counted(retentionMonths, 'month', 'months')] satisfies [string, string]]),
  ];
}
