//! macOS: the overlay is a view over the portal's, which WKWebView draws in another process. `lockdown` holds what WKWebView needs
//! beyond `portal`.

pub mod lockdown;
mod overlay;

pub use overlay::Overlay;
