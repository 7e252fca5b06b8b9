//! Whether somebody can be at the screen. When nobody can, the page is covered; when somebody is back, what waits may go
//! through after all.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as platform;
#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "windows")]
use windows as platform;

use amberglass_app::{
    Handle,
    host::{Absence, HostEvent},
};

/// Listens for as long as the program runs. On the main thread. Where the desktop gives no such signal delivery goes on by
/// its own pauses, a minute at most, and idleness ends the session.
pub fn listen(controller: &Handle) {
    platform::listen(controller);
}

fn tell(controller: &Handle, absence: Absence, is_away: bool, why: &str) {
    if is_away {
        tracing::info!(why, "nobody is at the screen; a page is covered");
        // Windows and macOS may stop us as soon as we are through here, and the controller is on another thread.
        #[cfg(not(target_os = "linux"))]
        crate::session_window::hide_page();
        controller.host_event(HostEvent::WentAway { absence });
    } else {
        tracing::info!(why, "somebody may be at the screen; delivery is tried at once");
        controller.host_event(HostEvent::CameBack { absence });
        controller.host_event(HostEvent::Awoke);
    }
}
