import { asTheyAre, press } from './steps.mjs';

const at = (...scenes) => scenes.map((scene) => [scene, scene, press('nav-inbox')]);
/** From the list to one request, and on from there. */
const opened = (name, scene, request, ...then) => [name, scene, press('nav-inbox', `request-${request}`, ...then)];
/** What the view says was asked for here. */
const sent = (name, scene, shows) => [name, scene, async (page) => {
  await press('nav-inbox', 'request-q1', 'approve', 'grant-time-600')(page);
  await page.getByTestId('decide-comment').fill('Look first. Ask again if something has to be cancelled.');
  await press('decide-confirm')(page);
  await page.getByTestId(shows).waitFor();
}];

/** From the list to one break-glass, and on from there. */
const reviewed = (name, scene, session, ...then) => [name, scene, press('nav-inbox', `review-${session}`, ...then)];

export const INBOX = [
  ...at('inbox', 'inbox-both', 'inbox-none', 'inbox-none-own', 'inbox-own', 'inbox-offline'),
  opened('request', 'inbox', 'q1'),
  opened('request-long', 'inbox', 'q2'),
  opened('request-plain', 'inbox', 'q3'),
  opened('request-busy', 'inbox-busy', 'q1'),
  opened('request-refused', 'inbox-refused', 'q1'),
  opened('request-fresh', 'inbox-fresh', 'q1'),
  opened('request-offline', 'inbox-offline', 'q1'),
  opened('request-approve', 'inbox', 'q1', 'approve'),
  opened('request-approve-long', 'inbox', 'q2', 'approve'),
  opened('request-deny', 'inbox', 'q1', 'deny'),
  opened('request-deny-short', 'inbox', 'q1', 'deny', 'decide-confirm'),
  sent('request-done', 'inbox', 'request-done'),
  ...asTheyAre('inbox-focus', 'inbox-gone'),
  opened('request-write', 'inbox-write', 'w1'),
  opened('request-write-approve', 'inbox-write', 'w1', 'approve'),
  opened('request-write-own', 'inbox-write-own', 'w2'),
  opened('request-write-sent', 'inbox-write-own', 'w3'),
  opened('request-pending', 'inbox-own', 'p1'),
  opened('request-approved', 'inbox-own', 'p2'),
  opened('request-used', 'inbox-own', 'p3'),
  opened('request-denied', 'inbox-own', 'p4'),
  opened('request-withdraw', 'inbox-own', 'p1', 'withdraw'),
  ...at('inbox-reviews', 'inbox-reviews-alone', 'inbox-given'),
  reviewed('review', 'inbox-reviews-alone', 'g1'),
  reviewed('review-plain', 'inbox-reviews', 'g2'),
  reviewed('review-running', 'inbox-reviews', 'g3'),
  reviewed('review-offline', 'inbox-review-offline', 'g2'),
  reviewed('review-note', 'inbox-reviews', 'g2', 'review-not-justified', 'review-confirm'),
  ...asTheyAre('inbox-reviewed', 'inbox-answered'),
  opened('given', 'inbox-given', 'v1'),
  opened('given-withdraw', 'inbox-given', 'v1', 'withdraw-approval'),
  opened('given-write', 'inbox-given-writes', 'v4'),
  opened('given-write-sent', 'inbox-given-writes', 'v3'),
  ['live-given', 'live-given', press('nav-live')],
  ['card-ask', 'card', press('mode-read_write')],
  ['card-two-approvals', 'card-two-approvals', press('mode-read_write')],
  ...asTheyAre('card-pending', 'card-approved', 'card-approved-offline', 'card-approved-failed', 'card-asking'),
  ['card-ask-failed', 'card-ask-failed', press('mode-read_write')],
];
