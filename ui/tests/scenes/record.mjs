import { press } from './steps.mjs';

export const RECORD = [
  'record',
  'record-waiting',
  'record-offline',
  'record-frozen',
  'record-held',
  'record-unreadable',
  'record-asked-to-wait',
  'record-sign-in',
  'record-full',
  'record-near',
  'record-replaced',
  'record-missing',
  'record-failed',
].map((scene) => [scene, scene, press('nav-record')]);
