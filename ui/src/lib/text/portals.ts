import type { StoppedPortalResponse } from '../bindings/StoppedPortalResponse';
import { dayAndTime } from './times';

/** Words of the stop of one portal. */
export const PORTALS = {
  section: 'One portal',
  sectionHint: 'Ends every session of one portal at once; the others go on.',
  stop: 'Stop',
  lift: 'Let it go on',
  open: 'Open for sessions',
  switchedOff: 'Switched off in the server’s configuration',
  stopReaders: 'At least 10 characters. It stands in the record, and security is told.',
} as const;

export const stopTitle = (portal: string): string => `Stop ${portal}?`;
export const stopEffect = (portal: string): string => `Every session in ${portal} ends at once, everybody’s. None can start in it until it is let go on; other portals are not touched.`;
export const liftTitle = (portal: string): string => `Let ${portal} go on?`;
export const liftEffect = (portal: string): string => `Sessions can start in ${portal} again. Those that the stop ended stay ended.`;

/** `Stopped today 14:02: “...”` */
export const stoppedWords = (stop: StoppedPortalResponse, now: number): string => `Stopped ${dayAndTime(stop.stopped_at, now)}: “${stop.reason}”`;

/** For whoever has a session in mind there: what stands in the way, and what to do. */
export const haltedTitle = (portal: string): string => `No session can start in ${portal} now`;
export const HALTED = 'Security has stopped it, or the server’s configuration has switched it off. What you entered stays; if it can’t wait, ask security.';
export const haltedByStop = (reason: string): string => `Everything is stopped: “${reason}”. What you entered stays; start once the stop is lifted.`;
