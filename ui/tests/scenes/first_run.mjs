import { asTheyAre } from './steps.mjs';

export const FIRST_RUN = [
  ...asTheyAre('first-run', 'first-run-looking', 'first-run-found', 'first-run-openid', 'first-run-not-ours', 'first-run-unreachable'),
  ...asTheyAre('first-run-address', 'first-run-fixed', 'first-run-key-store', 'first-run-checking', 'first-run-running', 'first-run-done'),
  // What is left once everything is settled.
  ['first-run-settled', 'first-run', async (page) => {
    await page.getByTestId('server-look').click();
    await page.getByTestId('accept-notice').click();
    await page.getByTestId('server-found').waitFor();
  }],
  ...asTheyAre('starting', 'signed-out', 'signed-out-demo', 'signed-out-fixed', 'signed-out-error', 'signed-out-cancelled', 'waiting', 'blocked', 'blocked-running'),
  ['signed-out-change', 'signed-out', (page) => page.getByTestId('server-change').click()],
];
