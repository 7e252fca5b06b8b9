import { press } from './steps.mjs';

export const TRAIL = [
  ...['sessions', 'sessions-none', 'sessions-loading', 'sessions-offline', 'sessions-error', 'trail', 'trail-broken', 'trail-loading', 'trail-error'].map((scene) => [scene, scene, press('nav-trail')]),
  ...['trail-saved', 'trail-save-failed'].map((scene) => [scene, scene, press('nav-trail')]),
  ['trail-unsent', 'trail', press('nav-trail', 'filter-unsent')],
  ['trail-search', 'trail', async (page) => {
    await press('nav-trail')(page);
    await page.keyboard.press('/');
    await page.keyboard.type('invoices');
  }],
  ['trail-export', 'trail', press('nav-trail', 'trail-export')],
  ['trail-blocked', 'trail', press('nav-trail', 'filter-blocked')],
  ['trail-resources', 'trail', press('nav-trail', 'filter-resources')],
];
