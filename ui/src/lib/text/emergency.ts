import type { EmergencyStopResponse } from '../bindings/EmergencyStopResponse';
import { dayAndTime } from './times';

/** Words of the emergency stop. */
export const EMERGENCY = {
  inForce: 'Emergency stop.',
  effect: 'Every session has ended and none can start.',
  stop: 'Stop everything',
  stopTitle: 'Stop everything?',
  stopEffect: 'Every running session ends at once, everybody’s. None can start until the stop is lifted.',
  stopSeen: 'Everybody sees who stopped everything and why.',
  lift: 'Lift',
  liftTitle: 'Let sessions start again?',
  liftEffect: 'The emergency stop is lifted for everybody. Sessions that it ended stay ended.',
  section: 'Emergency',
  sectionHint: 'Ends every session of everybody at once; none can start until it is lifted.',
} as const;

/** `Since today 14:02, by Noor Haddad: "..."`; the operator has no name here. */
export const stopWords = (stop: EmergencyStopResponse, now: number): string =>
  `Since ${dayAndTime(stop.stopped_at, now)}, by ${stop.stopped_by_name ?? 'whoever runs the server'}: “${stop.reason}”`;
