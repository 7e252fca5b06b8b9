//! macOS: the overlay is a view over the portal's, which WKWebView draws in another process.

mod overlay;

pub use overlay::Overlay;
