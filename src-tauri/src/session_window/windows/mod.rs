//! Windows: the overlay is a window of its own over the portal, which WebView2 draws in another process. `lockdown` holds what
//! WebView2 needs beyond `portal`, `store` where it keeps what the page leaves.

pub mod lockdown;
mod overlay;
pub mod store;

pub use overlay::Overlay;
