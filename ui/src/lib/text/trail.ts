import type { TrailSource } from '../bindings/TrailSource';
import type { TrailView } from '../bindings/TrailView';
import { ago, counted } from './times';

export const SOURCES: Record<TrailSource, string> = { console: 'console', server: 'server' };

/** The chain's state: `whole, checked just now`; `broken: tell security`. */
export function chainWords(trail: TrailView, now: number): string {
  if (trail.checked_at === null) return 'not checked yet';
  if (!trail.chain_whole) return 'broken: tell security';
  return `whole, checked ${ago(now - trail.checked_at)}`;
}

/** Said under a list that keeps something back. */
export const hiddenResources = (count: number): string =>
  `${counted(count, 'resource is', 'resources are')} not listed: styles, scripts, images and data that pages load on their own.`;
