//! Windows: the overlay is a window of its own over the portal, which WebView2 draws in another process; `curtain_controls` is what
//! keyboard and screen readers find of it. `lockdown` and
//! `protocol` hold what WebView2 needs beyond `portal`, `store` where it keeps what the page leaves.

mod curtain_controls;
pub mod keyboard;
pub mod lockdown;
mod overlay;
pub mod protocol;
pub mod store;

pub use overlay::Overlay;
use wry::{WebView, WebViewExtWindows as _};

/// The engine opens lists and the like where it last knew the window.
#[allow(unsafe_code, reason = "COM offers no other way")]
pub fn moved(view: &WebView) {
    // SAFETY: on the view's own thread, on an object that it holds.
    if let Err(error) = unsafe { view.controller().NotifyParentWindowPositionChanged() } {
        tracing::warn!(%error, "the page does not know that its window has moved");
    }
}
