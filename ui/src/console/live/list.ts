import type { ConsoleView } from '../../lib/bindings/ConsoleView';
import type { SessionView } from '../../lib/bindings/SessionView';

export const runs = (session: SessionView): boolean => session.state === 'active' || session.state === 'frozen';

/**
 * What runs, one's own first. The session of this desktop is known here before the server's list comes and more exactly
 * than from it, so it stands in it in any case.
 */
export function running(view: Pick<ConsoleView, 'live' | 'session'>): SessionView[] {
  const here = view.session && runs(view.session) ? view.session : null;
  const listed = view.live.sessions.filter((session) => runs(session) && session.id !== here?.id);
  const own = listed.filter((session) => session.own);
  const others = listed.filter((session) => !session.own);
  if (!here) return [...own, ...others];
  const known = view.live.sessions.find((session) => session.id === here.id);
  return [{ ...here, last_page: here.last_page ?? known?.last_page ?? null }, ...own, ...others];
}
