//! macOS: the overlay is a view over the portal's, which WKWebView draws in another process; `curtain_controls` is what keyboard and
//! VoiceOver find of it. `lockdown` holds what WKWebView needs beyond `portal`.

mod curtain_controls;
pub mod keyboard;
pub mod lockdown;
mod overlay;

pub use overlay::Overlay;
