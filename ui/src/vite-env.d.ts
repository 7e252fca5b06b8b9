/// <reference types="vite/client" />

interface Window {
  /** Put there by the desktop shell before any script of the page runs. */
  __TAURI_INTERNALS__?: unknown;
}
