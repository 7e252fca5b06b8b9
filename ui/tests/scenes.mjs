// Every state of every screen, as `name: how to get there`. The samples behind them are in src/lib/host/samples.ts.
const stay = async () => {};
const press = (...names) => async (page) => {
  for (const name of names) await page.getByTestId(name).click();
};

const fill = async (page) => {
  await page.getByTestId('reason-code-billing').check();
  await page.getByTestId('reason-text').fill('Invoice 1042 was charged twice, checking what she sees');
  await page.getByTestId('ticket').fill('TCK-4821');
};

/** [name of the picture, scene, steps] */
export const CONSOLE = [
  ...['starting', 'signed-out', 'signed-out-error', 'signed-out-cancelled', 'waiting', 'blocked'].map((scene) => [scene, scene, stay]),
  ...['find', 'find-searching', 'find-results', 'find-truncated', 'find-empty', 'find-error', 'find-offline'].map((scene) => [scene, scene, stay]),
  ...['card-loading', 'card', 'card-inactive', 'card-error', 'card-offline', 'start-progress', 'start-failed', 'start-conflict'].map((scene) => [scene, scene, stay]),
  ['card-filled', 'card', fill],
  ['card-incomplete', 'card', press('reason-code-billing', 'start-session')],
  ...['live', 'live-find', 'live-last-minutes', 'live-frozen'].map((scene) => [scene, scene, stay]),
  ['live-list', 'live-find', press('nav-live')],
  ['live-none', 'live-none', press('nav-live')],
  ...['ended', 'ended-lost'].map((scene) => [scene, scene, stay]),
  ...['sessions', 'sessions-none', 'sessions-error', 'trail', 'trail-broken', 'trail-loading', 'trail-error'].map((scene) => [scene, scene, press('nav-trail')]),
  ['trail-blocked', 'trail', press('nav-trail', 'filter-blocked')],
  ['trail-resources', 'trail', press('nav-trail', 'filter-resources')],
];

export const BAR = ['bar', 'bar-long-name', 'bar-last-minutes', 'bar-notice', 'bar-connection-lost', 'bar-ending', 'bar-ended'].map((scene) => [scene, scene, stay]);

/** Each way of looking at a screen; `only` keeps to some. */
export const LOOKS = [
  { name: 'light', page: 'console', size: [1280, 800], scheme: 'light' },
  { name: 'dark', page: 'console', size: [1280, 800], scheme: 'dark' },
  { name: 'small', page: 'console', size: [900, 600], scheme: 'light' },
  { name: 'double', page: 'console', size: [1280, 800], scheme: 'dark', scale: 2, only: ['signed-out', 'card-filled', 'live-find', 'trail'] },
  { name: 'forced', page: 'console', size: [1280, 800], scheme: 'dark', forced: true, only: ['card-filled', 'live-find', 'trail'] },
  { name: 'wide', page: 'bar', size: [1280, 64], scheme: 'light' },
  { name: 'narrow', page: 'bar', size: [700, 64], scheme: 'dark' },
  { name: 'double', page: 'bar', size: [1280, 64], scheme: 'light', scale: 2, only: ['bar', 'bar-last-minutes'] },
];
