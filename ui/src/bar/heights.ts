/**
 * How tall the host makes the bar's webview, in CSS pixels: at twice the text size it is twice as many pixels of the window.
 * `src-tauri/src/session_window/bar.rs` holds the same numbers.
 */
export const BAR_CLOSED = 64;
/** With the row in which one says why the session is extended, or why a masked value is shown. */
export const BAR_OPEN = 148;
/** With the row about a write that was blocked. */
export const BAR_WRITE = 112;
