//! Where WebView2 keeps what a session's page leaves: a folder of its own for each session, gone with it. Without one, in-private views
//! of one program may share a profile.
#![allow(
    unsafe_code,
    reason = "COM offers no other way; every call is on the view's own thread, on objects that it holds"
)]

use std::{
    cell::Cell,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use webview2_com::{BrowserProcessExitedEventHandler, Microsoft::Web::WebView2::Win32::ICoreWebView2Environment5};
use windows::core::Interface as _;
use wry::{WebView, WebViewExtWindows as _};

/// Below the run's own folder, which is emptied at the program's end and at its next start.
///
/// # Errors
/// When it could not be made.
pub fn make(run_dir: &Path) -> io::Result<PathBuf> {
    Ok(tempfile::Builder::new().prefix("portal-").tempdir_in(run_dir)?.keep())
}

/// All that the engine is started with. The proxy is the page's only way out, to this machine too: loopback addresses would otherwise
/// go around it, and so would what does not speak HTTP (the switch for that has had two names). No page writes files of its own choice, or
/// puts a part of itself into a window without a frame; what the engine asks for by itself would be on record as the page's attempts.
pub fn engine_arguments(proxy: SocketAddr) -> String {
    format!(
        "--disable-features=msWebOOUI,msPdfOOUI,msSmartScreenProtection,DocumentPictureInPictureAPI \
         --disable-blink-features=FileSystemAccessLocal --disable-background-networking --disable-component-update \
         --disable-domain-reliability --disable-quic --no-pings --webrtc-ip-handling-policy=disable_non_proxied_udp \
         --force-webrtc-ip-handling-policy=disable_non_proxied_udp --proxy-server=http://{proxy} \
         --proxy-bypass-list=<-loopback>"
    )
}

/// Removes the store once the engine's processes have let go of it.
///
/// # Errors
/// When the engine does not say when that is.
pub fn forget_afterwards(view: &WebView, store: PathBuf) -> windows::core::Result<()> {
    let environment: ICoreWebView2Environment5 = view.environment().cast()?;
    // It has to be there when it is told, which is after the view; then each lets go of the other.
    let kept = Cell::new(Some(environment.clone()));
    let exited = BrowserProcessExitedEventHandler::create(Box::new(move |_, _| {
        drop(kept.take());
        if let Err(error) = std::fs::remove_dir_all(&store) {
            tracing::warn!(%error, "what a session's page has left goes at the program's end");
        }
        Ok(())
    }));
    let mut token = 0;
    // SAFETY: see the top of this file.
    unsafe { environment.add_BrowserProcessExited(&exited, &raw mut token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_the_only_way_out_also_to_this_machine() {
        let arguments = engine_arguments(([127, 0, 0, 1], 4711).into());
        assert!(
            arguments.contains(" --proxy-server=http://127.0.0.1:4711 --proxy-bypass-list=<-loopback>"),
            "{arguments}"
        );
    }
}
