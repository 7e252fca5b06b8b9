/// <reference types="vite/client" />

interface Window {
  /** Put there by the desktop shell before any script of the page runs. */
  __TAURI_INTERNALS__?: unknown;
}

/** Of the program, from the workspace's manifest. */
declare const __VERSION__: string;
