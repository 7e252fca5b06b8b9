//! The lock-down of the portal webview that every system shares. Each refusal goes on record and is told to the person.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use amberglass_app::host::{HostEvent, OpenWindow, WindowRecorder};
use amberglass_domain::navigation::{GatewayOrigin, Verdict};
use amberglass_wire::{SessionId, audit::Attempt};
use wry::{
    NewWindowResponse, PermissionKind, PermissionResponse, ProxyConfig, ProxyEndpoint, WebViewBuilder, cookie::Cookie,
};

use super::EventSink;

/// What the page's handlers need: where it may go, where refusals are recorded, whom to tell.
#[derive(Clone)]
pub struct Lock {
    pub session: SessionId,
    pub origin: GatewayOrigin,
    recorder: Arc<dyn WindowRecorder>,
    pub sink: EventSink,
    reference: Arc<Mutex<String>>,
}

impl Lock {
    pub fn new(open: &OpenWindow, sink: EventSink) -> Self {
        Self {
            session: open.view.session.clone(),
            origin: open.origin.clone(),
            recorder: Arc::clone(&open.recorder),
            sink,
            reference: Arc::default(),
        }
    }

    /// The portal gave no answer. `reference` is the gateway's, under which the server's log has it; empty when not even
    /// the gateway answered.
    #[cfg_attr(target_os = "macos", allow(dead_code, reason = "nothing there tells it yet"))]
    pub fn unreachable(&self, reference: &str) {
        let reference = reference.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        *self.reference.lock().unwrap_or_else(PoisonError::into_inner) = reference;
        (self.sink)(HostEvent::PortalUnreachable { session: self.session.clone() });
    }

    /// Of the last time that the portal gave no answer.
    pub fn reference(&self) -> String {
        self.reference.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records and tells a refusal. The caller has refused already, or does so whatever happens here.
    pub fn refuse(&self, attempt: Attempt, target: Option<&str>) {
        let target = target.map(without_query);
        self.recorder.refused(attempt, target.as_deref());
        (self.sink)(HostEvent::Refused { session: self.session.clone(), attempt, target });
    }

    /// Judges a navigation and puts it on record before it happens; not on record means not allowed.
    pub fn allows_navigation(&self, address: &str) -> bool {
        match self.origin.judge(address) {
            Verdict::Allowed => address.starts_with("about:") || self.recorder.navigation(address),
            Verdict::Refused => {
                // A link with `download` to a data or blob address comes by this way too.
                let attempt = if address.starts_with("data:") || address.starts_with("blob:") {
                    Attempt::Download
                } else {
                    Attempt::Navigation
                };
                self.refuse(attempt, Some(address));
                false
            }
        }
    }
}

/// A path of the session's own origin as an address; nothing for what leads anywhere else.
pub fn own_address(lock: &Lock, entry_url: &str, path: &str) -> Option<tauri::Url> {
    let address = tauri::Url::parse(entry_url).ok()?.join(path).ok()?;
    (path.starts_with('/') && lock.origin.judge(address.as_str()) == Verdict::Allowed).then_some(address)
}

/// Path and query of an address, as they would be asked for; the place within the page stays out.
pub fn path_of(address: &str) -> Option<String> {
    let address = tauri::Url::parse(address).ok()?;
    let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{query}", address.path()))
}

/// An address for the record: scheme, host and path; what a `data:` address carries is content and stays out.
fn without_query(address: &str) -> String {
    let end = if address.starts_with("data:") {
        address.find([';', ',']).unwrap_or(address.len())
    } else {
        address.find(['?', '#']).unwrap_or(address.len())
    };
    address.get(..end).unwrap_or_default().chars().take(200).collect()
}

/// A webview without bridge, store, proxy bypass, pop-ups or permissions. Built without an address: the session's cookie must be in
/// the store before the first request. `saves` says of each address whether the engine may save it, and where; without anybody to ask, wry
/// saves everything.
pub fn builder<'a>(
    plain: WebViewBuilder<'a>,
    lock: &Lock,
    proxy: SocketAddr,
    saves: impl FnMut(String, &mut PathBuf) -> bool + 'static,
) -> WebViewBuilder<'a> {
    let navigation = lock.clone();
    let window = lock.clone();
    let permission = lock.clone();
    plain
        .with_incognito(true)
        .with_devtools(false)
        .with_clipboard(false)
        .with_general_autofill_enabled(false)
        .with_back_forward_navigation_gestures(false)
        .with_hotkeys_zoom(true)
        .with_focused(true)
        .with_background_color((250, 250, 249, 255))
        .with_proxy_config(ProxyConfig::Http(ProxyEndpoint {
            host: proxy.ip().to_string(),
            port: proxy.port().to_string(),
        }))
        .with_navigation_handler(move |address| navigation.allows_navigation(&address))
        .with_new_window_req_handler(move |address, _| {
            window.refuse(Attempt::NewWindow, Some(&address));
            NewWindowResponse::Deny
        })
        .with_download_started_handler(saves)
        .with_permission_handler(move |kind| {
            permission.refuse(permission_attempt(&kind), Some(permission_name(&kind)));
            PermissionResponse::Deny
        })
}

fn permission_attempt(kind: &PermissionKind) -> Attempt {
    if matches!(kind, PermissionKind::Notifications) { Attempt::Notification } else { Attempt::Permission }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "a foreign enum that may grow; whatever it is, it is denied")]
fn permission_name(kind: &PermissionKind) -> &'static str {
    match kind {
        PermissionKind::Microphone => "microphone",
        PermissionKind::Camera => "camera",
        PermissionKind::Geolocation => "geolocation",
        PermissionKind::Notifications => "notifications",
        PermissionKind::DisplayCapture => "display_capture",
        PermissionKind::PointerLock => "pointer_lock",
        _ => "other",
    }
}

/// The session's cookie: for the gateway host alone, unreadable for the page, gone with the store.
pub fn session_cookie(open: &OpenWindow) -> Cookie<'static> {
    use secrecy::ExposeSecret as _;
    Cookie::build((open.cookie_name.clone(), open.cookie_value.expose_secret().to_owned()))
        .domain(open.origin.host().to_owned())
        .path("/")
        .http_only(true)
        .secure(open.secure)
        .same_site(wry::cookie::SameSite::Strict)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_on_record_without_what_they_carry() {
        assert_eq!(without_query("https://a.test/x?token=secret#y"), "https://a.test/x");
        assert_eq!(without_query("data:text/plain;base64,c2VjcmV0"), "data:text/plain");
        assert_eq!(without_query(&"x".repeat(500)).len(), 200);
    }

    #[test]
    fn a_page_is_asked_for_once_more_by_its_path_and_query() {
        let path = |address| path_of(address).unwrap();
        assert_eq!(path("http://barkside.localhost:7401/pets/7?tab=2#top"), "/pets/7?tab=2");
        assert_eq!(path("http://barkside.localhost:7401"), "/");
        // No path of the portal's, so nothing is loaded.
        assert_eq!(path("about:blank"), "blank");
        assert_eq!(path_of("nothing"), None);
    }
}
