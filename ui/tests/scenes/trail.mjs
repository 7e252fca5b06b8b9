import { press } from './steps.mjs';

export const TRAIL = [
  ...['sessions', 'sessions-none', 'sessions-loading', 'sessions-offline', 'sessions-error', 'trail', 'trail-broken', 'trail-loading', 'trail-error'].map((scene) => [scene, scene, press('nav-trail')]),
  ['trail-blocked', 'trail', press('nav-trail', 'filter-blocked')],
  ['trail-resources', 'trail', press('nav-trail', 'filter-resources')],
];
