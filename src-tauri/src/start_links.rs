//! Links of ours (`amberglass://start?..`) that somebody has followed in another program. Linux and Windows start this one
//! again with the link, which its single instance hands on; macOS tells it to the program that runs.

use amberglass_app::{Handle, host::HostEvent, start_link::SCHEME};
use tauri::{AppHandle, Url};
use tauri_plugin_deep_link::DeepLinkExt as _;

/// The one that this start came with, and every one from now on.
pub fn follow(app: &AppHandle, controller: &Handle) {
    let links = app.deep_link();
    match links.get_current() {
        Ok(first) => tell(controller, first.unwrap_or_default()),
        Err(error) => tracing::warn!(%error, "the link that the program was started with cannot be read"),
    }
    let controller = controller.clone();
    links.on_open_url(move |event| tell(&controller, event.urls()));
}

fn tell(controller: &Handle, links: Vec<Url>) {
    for link in links.into_iter().filter(|link| link.scheme() == SCHEME) {
        controller.host_event(HostEvent::LinkOpened { address: link.into() });
    }
}
