import { asTheyAre, press } from './steps.mjs';

const atLive = (...scenes) => scenes.map((scene) => [scene, scene, press('nav-live')]);
const endOther = async (page) => {
  await press('nav-live', 'live-end-s11')(page);
  await page.getByTestId('dialog-reason').fill('Wrong customer');
};
const note = async (page) => page.getByTestId('note').fill('Charged once, the second line was a refund. Told Jane.');

export const SESSION = [
  ...asTheyAre('live', 'live-find', 'live-last-minutes', 'live-frozen'),
  ['live-list', 'live-find', press('nav-live')],
  ...atLive('live-none', 'live-all', 'live-elsewhere', 'live-loading', 'live-error', 'live-offline', 'live-offline-none', 'live-given-writes'),
  ['live-end', 'live-all', endOther],
  ['live-end-short', 'live-all', press('nav-live', 'live-end-s11', 'dialog-confirm')],
  ['live-end-busy', 'live-end-busy', press('nav-live')],
  ['live-end-failed', 'live-end-failed', press('nav-live')],
  ['live-ended', 'live-all', async (page) => {
    await endOther(page);
    await press('dialog-confirm')(page);
    await page.getByText('was ended').waitFor();
  }],
  ...asTheyAre('ended', 'ended-by-lead', 'ended-lost', 'ended-stopped', 'ended-offline', 'ended-asked-offline', 'note-saved'),
  ['note-typed', 'ended', note],
  ['note-failed', 'note-failed', note],
  ...asTheyAre('note-saving'),
  ['note-unsaved', 'ended', async (page) => {
    await note(page);
    await press('nav-find')(page);
  }],
  ['note-in-trail', 'ended', async (page) => {
    await note(page);
    await press('nav-find', 'unsaved-note-open')(page);
    await page.getByTestId('note').waitFor();
  }],
  ...asTheyAre('recovered-running', 'recovered', 'recovered-waiting'),
];

/** Those in which a row that asks for a reason is open: the host makes the bar taller for it. */
export const BAR_OPEN = [
  ...asTheyAre('bar-extend', 'bar-extend-last-minutes', 'bar-extend-busy', 'bar-extend-error'),
  ['bar-extend-short', 'bar-extend', press('extend')],
  ...asTheyAre('bar-unmask', 'bar-unmask-last-minutes', 'bar-unmask-loading', 'bar-unmask-none', 'bar-unmask-refused', 'bar-unmask-busy', 'bar-unmask-error', 'bar-unmask-unlisted', 'bar-unmask-shown'),
  ['bar-unmask-short', 'bar-unmask', press('unmask')],
];
/** With the row about a write that was blocked. */
export const BAR_WRITE = asTheyAre(
  'bar-write-blocked',
  'bar-write-never',
  'bar-write-asking',
  'bar-write-failed',
  'bar-write-waiting',
  'bar-write-approved',
  'bar-write-sending',
  'bar-write-paused',
  'bar-write-unanswered',
  'bar-write-denied',
  'bar-write-lapsed',
  'bar-write-sent',
  'bar-write-unknown',
);
export const BAR_CLOSED = [
  ...asTheyAre('bar', 'bar-long-name', 'bar-glass', 'bar-glass-last-minutes', 'bar-last-minutes', 'bar-no-extension', 'bar-no-unmask', 'bar-idle', 'bar-notice', 'bar-still-loading', 'bar-extended'),
  // Its moment passes while one looks.
  ['bar-warning', 'bar-warning', (page) => page.getByTestId('notice').waitFor()],
  ...asTheyAre('bar-connection-lost', 'bar-portal-unreachable', 'bar-certificate-invalid', 'bar-page-crashed', 'bar-page-stuck', 'bar-journal-failed', 'bar-away', 'bar-ending', 'bar-ended-untold', 'bar-ended', 'bar-ended-by-lead'),
];
