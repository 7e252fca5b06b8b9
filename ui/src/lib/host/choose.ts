import type { ConsoleView } from '../bindings/ConsoleView';
import type { SessionWindowView } from '../bindings/SessionWindowView';
import type { Host } from './host';
import { tauriHost } from './tauri';

// Both conditions are constants of the build, so that a production bundle holds no trace of the double.
const MAY_BE_DOUBLED = import.meta.env.DEV || import.meta.env.MODE === 'gallery';

export async function consoleHost(): Promise<Host<ConsoleView>> {
  if (MAY_BE_DOUBLED && window.__TAURI_INTERNALS__ === undefined) {
    return (await import('./browser')).browserConsoleHost();
  }
  return tauriHost('console-view');
}

export async function barHost(): Promise<Host<SessionWindowView>> {
  if (MAY_BE_DOUBLED && window.__TAURI_INTERNALS__ === undefined) {
    return (await import('./browser')).browserBarHost();
  }
  return tauriHost('bar-view');
}
