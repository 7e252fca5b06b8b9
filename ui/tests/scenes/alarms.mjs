import { asTheyAre, press } from './steps.mjs';

const listed = (...scenes) => scenes.map((scene) => [scene, scene, press('alarms-open')]);

export const ALARMS = [
  ...asTheyAre('alarms-none'),
  ...listed('alarms', 'alarms-one', 'alarms-many', 'alarms-offline'),
  ['alarms-look', 'alarms', press('alarms-open', 'alarm-look-al2')],
];
