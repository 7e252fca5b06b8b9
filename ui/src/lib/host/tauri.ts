import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Host } from './host';

/** The desktop shell. It sends a snapshot after each change, and the present one when asked. */
export function tauriHost<View>(event: 'console-view' | 'bar-view'): Host<View> {
  return {
    onView(callback) {
      // Listening first, asking then: a view sent in between is not lost.
      void listen<View>(event, ({ payload }) => callback(payload)).then(() => invoke('refresh_view'));
    },
    async invoke(command, args) {
      await invoke(command, args);
    },
  };
}
