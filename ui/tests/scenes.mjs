// Every state of every screen, and the ways of looking at it. The samples behind them are in src/lib/host/samples.
import { ALARMS } from './scenes/alarms.mjs';
import { FIND } from './scenes/find.mjs';
import { FIRST_RUN } from './scenes/first_run.mjs';
import { INBOX } from './scenes/inbox.mjs';
import { NEWS } from './scenes/news.mjs';
import { RECORD } from './scenes/record.mjs';
import { BAR_CLOSED, BAR_OPEN, BAR_WRITE, SESSION } from './scenes/session.mjs';
import { SETTINGS } from './scenes/settings.mjs';
import { TRAIL } from './scenes/trail.mjs';

/** [name of the picture, scene, steps] */
export const CONSOLE = [...FIRST_RUN, ...FIND, ...SESSION, ...TRAIL, ...RECORD, ...SETTINGS, ...ALARMS, ...INBOX, ...NEWS];
export const BAR = [...BAR_CLOSED, ...BAR_OPEN, ...BAR_WRITE];

const DENSE = ['signed-out', 'first-run-key-store', 'card-filled', 'live-find', 'trail', 'record-held', 'settings', 'devices', 'palette-typed', 'emergency', 'alarms', 'inbox', 'request', 'request-approve', 'card-approved', 'glass', 'review', 'news', 'settings-portals'];

const closed = BAR_CLOSED.map(([name]) => name);
const open = BAR_OPEN.map(([name]) => name);
const write = BAR_WRITE.map(([name]) => name);

/** All but the one with a look of its own: axe reads that look's colours there, and the system's ground below them. */
const inSystemColours = CONSOLE.map(([name]) => name).filter((name) => name !== 'settings-light');

/**
 * Each way of looking at a screen. `only` keeps to some; `axe` has the rules for accessibility tried too, which takes its time. Where
 * every change is checked, `often` has the screens that are looked at: the fullest, where a way of looking differs from the first two by
 * its room and its colours alone.
 */
export const LOOKS = [
  { name: 'light', page: 'console', size: [1280, 800], scheme: 'light', axe: true },
  { name: 'dark', page: 'console', size: [1280, 800], scheme: 'dark', axe: true },
  { name: 'small', page: 'console', size: [900, 600], scheme: 'light', often: DENSE },
  // A window of 1280 x 800, and of 900 x 600, with text at 200 %.
  { name: 'zoomed', page: 'console', size: [640, 400], scale: 2, scheme: 'light', axe: true, often: DENSE },
  // Every change sees its colours in `dark`, its room in `zoomed`.
  { name: 'zoomed-dark', page: 'console', size: [640, 400], scale: 2, scheme: 'dark', axe: true, often: [] },
  { name: 'tiny', page: 'console', size: [450, 300], scale: 2, scheme: 'dark', only: DENSE },
  { name: 'forced', page: 'console', size: [1280, 800], scheme: 'dark', forced: true, axe: true, only: inSystemColours, often: DENSE },
  { name: 'wide', page: 'bar', size: [1280, 64], scheme: 'light', axe: true, only: closed },
  { name: 'narrow', page: 'bar', size: [700, 64], scheme: 'dark', axe: true, only: closed },
  // The smallest session window with text at 200 %.
  { name: 'zoomed-bar', page: 'bar', size: [350, 64], scale: 2, scheme: 'light', axe: true, only: closed },
  // As src/bar/heights.ts has it.
  { name: 'wide-open', page: 'bar', size: [1280, 148], scheme: 'light', axe: true, only: open },
  { name: 'narrow-open', page: 'bar', size: [700, 148], scheme: 'dark', axe: true, only: open },
  { name: 'zoomed-open', page: 'bar', size: [350, 148], scale: 2, scheme: 'light', axe: true, only: open },
  { name: 'wide-write', page: 'bar', size: [1280, 112], scheme: 'light', axe: true, only: write },
  { name: 'narrow-write', page: 'bar', size: [700, 112], scheme: 'dark', axe: true, only: write },
  { name: 'zoomed-write', page: 'bar', size: [350, 112], scale: 2, scheme: 'light', axe: true, only: write },
  // The bar keeps its own colours, which say that a session is live.
  { name: 'forced-bar', page: 'bar', size: [1280, 64], scheme: 'dark', forced: true, axe: true, only: closed },
  { name: 'forced-open', page: 'bar', size: [1280, 148], scheme: 'dark', forced: true, axe: true, only: open },
  { name: 'forced-write', page: 'bar', size: [1280, 112], scheme: 'dark', forced: true, axe: true, only: write },
  { name: 'double', page: 'bar', size: [1280, 64], scheme: 'light', scale: 2, only: ['bar', 'bar-last-minutes'] },
];
