import { asTheyAre, press } from './steps.mjs';

const fill = async (page) => {
  await page.getByTestId('reason-code-billing').check();
  await page.getByTestId('reason-text').fill('Invoice 1042 was charged twice, checking what she sees');
  await page.getByTestId('ticket').fill('TCK-4821');
};

export const FIND = [
  ...asTheyAre('find', 'find-new', 'find-recent-offline', 'find-searching', 'find-results', 'find-truncated', 'find-empty', 'find-error', 'find-broken-link', 'find-offline'),
  ...asTheyAre('card-loading', 'card', 'card-sensitive', 'card-none-offered', 'card-no-extension', 'card-inactive', 'card-error', 'card-offline', 'card-no-room', 'card-old-queue', 'start-progress', 'start-failed', 'start-refused', 'start-fresh', 'start-fresh-waiting', 'start-fresh-failed', 'start-conflict-elsewhere', 'start-conflict'),
  ...asTheyAre('glass-closed', 'glass-fresh', 'glass-refused', 'card-portal-stopped', 'card-stopped', 'live-glass'),
  ['glass', 'card-sensitive', async (page) => {
    await fill(page);
    await press('break-glass')(page);
  }],
  ['glass-short', 'card-sensitive', async (page) => {
    await fill(page);
    await press('break-glass', 'break-glass-confirm')(page);
  }],
  ['card-filled', 'card', fill],
  ['card-own-duration', 'card', async (page) => {
    await press('duration-own')(page);
    await page.getByTestId('own-minutes').fill('90');
    await press('start-session')(page);
  }],
  ['start-conflict-left', 'start-conflict', press('conflict-leave')],
  ['card-incomplete', 'card', press('reason-code-billing', 'start-session')],
];
