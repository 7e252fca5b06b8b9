import type { Component } from 'svelte';
import CaseSensitive from '@lucide/svelte/icons/case-sensitive';
import Eye from '@lucide/svelte/icons/eye';
import FileText from '@lucide/svelte/icons/file-text';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import History from '@lucide/svelte/icons/history';
import Inbox from '@lucide/svelte/icons/inbox';
import Keyboard from '@lucide/svelte/icons/keyboard';
import LogOut from '@lucide/svelte/icons/log-out';
import Megaphone from '@lucide/svelte/icons/megaphone';
import Monitor from '@lucide/svelte/icons/monitor';
import Moon from '@lucide/svelte/icons/moon';
import OctagonX from '@lucide/svelte/icons/octagon-x';
import PictureInPicture from '@lucide/svelte/icons/picture-in-picture-2';
import Play from '@lucide/svelte/icons/play';
import Search from '@lucide/svelte/icons/search';
import Settings from '@lucide/svelte/icons/settings';
import Square from '@lucide/svelte/icons/square';
import Sun from '@lucide/svelte/icons/sun';
import SunMoon from '@lucide/svelte/icons/sun-moon';
import type { ConsoleView } from '../../lib/bindings/ConsoleView';
import type { PortalResponse } from '../../lib/bindings/PortalResponse';
import type { SessionView } from '../../lib/bindings/SessionView';
import type { Invoke } from '../../lib/bindings/commands';
import { CONSOLE } from '../../lib/text/console';
import { NEWS } from '../../lib/text/news';
import { RECORD } from '../../lib/text/record';
import { PALETTE, endWords, portalLiftWords, portalStopWords } from '../../lib/text/palette';
import { nextSize } from '../../lib/text/text_sizes';
import type { Over, Screen } from '../screens';

export interface PaletteCommand {
  id: string;
  icon: Component<{ size?: number | string }>;
  words: string;
  /** Other words by which somebody may look for it. */
  also?: string;
  /** The key that does the same; `mod` stands for Ctrl or Command. */
  key?: string;
  run: () => void;
}

/** What the palette needs from whoever shows it. */
export interface Reach {
  view: ConsoleView;
  running: SessionView | null;
  go: (to: Screen) => void;
  show: (over: Over) => void;
  invoke: Invoke;
}

/** What can be done now, in the order in which it is listed. */
export function paletteCommands({ view, running, go, show, invoke }: Reach): PaletteCommand[] {
  const to = (screen: Screen, icon: PaletteCommand['icon'], words: string, key?: string): PaletteCommand => ({
    id: `go-${screen}`,
    icon,
    words: `${PALETTE.goTo} ${words}`,
    ...(key ? { key } : {}),
    run: () => go(screen),
  });
  const prefer = (change: Partial<ConsoleView['preferences']>) => () =>
    void invoke('set_preferences', { preferences: { ...view.preferences, ...change } });
  const { theme, text_percent } = view.preferences;
  const larger = nextSize(text_percent, 'larger');
  const smaller = nextSize(text_percent, 'smaller');

  return [
    ...(running
      ? [
          { id: 'show-session', icon: PictureInPicture, words: PALETTE.showWindow, run: () => void invoke('show_session', {}) },
          { id: 'end-session', icon: Square, words: endWords(running.customer.name), also: 'stop close', run: () => void invoke('end_session', {}) },
        ]
      : []),
    to('find', Search, CONSOLE.find, 'mod 1'),
    to('live', Eye, CONSOLE.live, 'mod 2'),
    { ...to('inbox', Inbox, CONSOLE.inbox, 'mod 3'), also: 'requests approvals approve decide' },
    to('trail', History, CONSOLE.trail, 'mod 4'),
    ...(view.rights.see_alarms || view.news.items.length > 0 ? [{ ...to('news', Megaphone, NEWS.title), also: 'changes security' }] : []),
    to('settings', Settings, CONSOLE.settings, 'mod ,'),
    to('own_record', FileText, CONSOLE.ownRecord),
    to('devices', Monitor, CONSOLE.devices),
    { ...to('record', HardDrive, RECORD.title), also: 'queue sync offline waiting journal disk' },
    ...(theme === 'light' ? [] : [{ id: 'theme-light', icon: Sun, words: PALETTE.light, also: 'theme bright', run: prefer({ theme: 'light' }) }]),
    ...(theme === 'dark' ? [] : [{ id: 'theme-dark', icon: Moon, words: PALETTE.dark, also: 'theme night', run: prefer({ theme: 'dark' }) }]),
    ...(theme === 'system' ? [] : [{ id: 'theme-system', icon: SunMoon, words: PALETTE.system, also: 'theme', run: prefer({ theme: 'system' }) }]),
    ...(larger === null ? [] : [{ id: 'text-larger', icon: CaseSensitive, words: PALETTE.larger, also: 'size zoom', run: prefer({ text_percent: larger }) }]),
    ...(smaller === null ? [] : [{ id: 'text-smaller', icon: CaseSensitive, words: PALETTE.smaller, also: 'size zoom', run: prefer({ text_percent: smaller }) }]),
    { id: 'keys', icon: Keyboard, words: PALETTE.keys, also: 'shortcuts help', key: '?', run: () => show('keys') },
    ...(view.rights.emergency_stop
      ? view.emergency_stop
        ? [{ id: 'lift', icon: Play, words: PALETTE.lift, run: () => show('lift') }]
        : [{ id: 'stop', icon: OctagonX, words: PALETTE.stop, also: 'emergency', run: () => show('stop') }]
      : []),
    ...(view.rights.emergency_stop ? view.portals.flatMap((portal) => switchOf(view, portal, show)) : []),
    { id: 'sign-out', icon: LogOut, words: running ? CONSOLE.endAndSignOut : CONSOLE.signOut, also: 'log out', run: () => void invoke('sign_out', {}) },
  ];
}

/** Stops a portal, or lets it go on; nothing where the configuration has switched it off. */
function switchOf(view: ConsoleView, portal: PortalResponse, show: Reach['show']): PaletteCommand[] {
  const ask = (to: 'stop' | 'lift') => () => show({ portal: portal.id, to });
  if (view.stopped_portals.some((stop) => stop.portal === portal.id)) return [{ id: `lift-${portal.id}`, icon: Play, words: portalLiftWords(portal.name), also: 'portal', run: ask('lift') }];
  return portal.active ? [{ id: `stop-${portal.id}`, icon: OctagonX, words: portalStopWords(portal.name), also: 'portal emergency', run: ask('stop') }] : [];
}

/** Whether each word that was typed begins a word of the command. */
export function matches(command: Pick<PaletteCommand, 'words' | 'also'>, text: string): boolean {
  const words = `${command.words} ${command.also ?? ''}`.toLowerCase().split(/\s+/);
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((typed) => typed !== '')
    .every((typed) => words.some((word) => word.startsWith(typed)));
}
