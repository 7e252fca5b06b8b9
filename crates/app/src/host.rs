//! The window side as the controller sees it, and what it reports back.

use std::{path::PathBuf, sync::Arc};

use amberglass_domain::navigation::GatewayOrigin;
use amberglass_wire::{SessionId, UnixMillis, audit::Attempt};
use secrecy::SecretString;

use crate::view::{ConsoleView, DesktopView, Opens, PreferencesView, SessionWindowView};

/// Effects on windows. Every call returns at once; what came of it arrives as a [`HostEvent`].
pub trait Host: Send + Sync + 'static {
    /// One snapshot after each change.
    fn show_view(&self, view: &ConsoleView);
    /// # Errors
    /// When no browser could be started.
    fn open_browser(&self, url: &str) -> Result<(), HostError>;
    /// Builds the session window under its curtain: bar, locked portal in a store of its own, overlay. Answers
    /// [`HostEvent::WindowOpened`] or [`HostEvent::WindowFailed`].
    fn open_session_window(&self, window: OpenWindow);
    /// Bar, overlay and curtain follow this view; the countdown runs on by itself between two calls.
    fn present(&self, view: &SessionWindowView);
    fn raise_session_window(&self, session: &SessionId);
    /// Destroys the window and the session's browser store. Answers [`HostEvent::WindowClosed`].
    fn close_session_window(&self, session: &SessionId);
    fn raise_console(&self);
    /// Lets the console's window go, with its web process; the tray stays. [`Host::raise_console`] brings it back.
    fn rest(&self);
    /// Theme and text size of our own pages.
    fn apply_preferences(&self, preferences: &PreferencesView);
    /// Whether the program starts when the person signs in to the computer.
    ///
    /// # Errors
    /// When that cannot be set; it stays as it was.
    fn set_starts_with_desktop(&self, starts: bool) -> Result<(), StartWithDesktopError>;
    /// Facts about computer and program that help to find a fault, each with its name; nothing about a person.
    fn surroundings(&self) -> Vec<(&'static str, String)>;
    /// The program is to start again once the controller has ended, with another server: everything of a run belongs to
    /// one server.
    fn restart(&self);
    /// Loads the entry page again, behind the curtain (after the portal was unreachable).
    fn reload_portal(&self, session: &SessionId);
    /// Loads this path of the session's gateway origin; any other address is left alone.
    fn show_page(&self, session: &SessionId, path: &str);
    /// Loads the page that is shown once more, by GET: what a form has sent is not sent again.
    fn show_again(&self, session: &SessionId);
    /// A word on the desktop, also while none of our windows is in front. Nothing can be decided from it; who opens it is
    /// told as [`HostEvent::NoticeOpened`].
    fn notify(&self, notice: &Notice);
    /// How far this computer's local time is ahead of UTC at that moment, in seconds.
    fn utc_offset_seconds(&self, at: UnixMillis) -> i32;
    /// Asks the person for a file that is not there yet. Answers [`HostEvent::FileChosen`].
    fn choose_file(&self, wanted: &WantedFile);
}

/// A word on the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub title: String,
    pub body: String,
    pub opens: Opens,
}

/// A file to be written, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedFile {
    /// Told again with the answer.
    pub number: u64,
    pub suggested_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("no browser could be started: {detail}")]
    NoBrowser { detail: String },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the start with the desktop cannot be set: {detail}")]
pub struct StartWithDesktopError {
    pub detail: String,
}

/// All that the host needs to open a session window.
#[derive(Clone)]
pub struct OpenWindow {
    pub view: SessionWindowView,
    pub origin: GatewayOrigin,
    pub cookie_name: String,
    pub cookie_value: SecretString,
    /// Whether the cookie is for TLS only.
    pub secure: bool,
    pub entry_url: String,
    pub recorder: Arc<dyn WindowRecorder>,
}

/// Puts on record what the window is about to do, before it does it. Called on the window's thread; waits for the disk.
pub trait WindowRecorder: Send + Sync + 'static {
    /// A top-level navigation within the portal. False means: not on record, so it must not happen.
    fn navigation(&self, address: &str) -> bool;
    /// The host refused something; it stays refused whether or not this could be recorded.
    fn refused(&self, attempt: Attempt, target: Option<&str>);
}

/// Why nobody can be at the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    ScreenLocked,
    Asleep,
}

/// What happened in the windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostEvent {
    WindowOpened {
        session: SessionId,
    },
    WindowFailed {
        session: SessionId,
        detail: String,
    },
    WindowClosed {
        session: SessionId,
    },
    /// The person closes the window: the controller ends the session.
    CloseRequested {
        session: SessionId,
    },
    /// A page of the portal stands on the screen.
    PortalPainted {
        session: SessionId,
    },
    /// The gateway or the portal did not answer.
    PortalUnreachable {
        session: SessionId,
    },
    /// What answers in the gateway's place has no valid certificate; nothing was sent to it.
    CertificateRefused {
        session: SessionId,
    },
    PortalCrashed {
        session: SessionId,
    },
    /// For seconds the page has not taken what the person does.
    PageStuck {
        session: SessionId,
    },
    /// It takes it again.
    PageAnswers {
        session: SessionId,
    },
    /// A page has been loading for seconds, or has come to rest after that.
    PageLoading {
        session: SessionId,
        still: bool,
    },
    BarCrashed {
        session: SessionId,
    },
    /// Keyboard or pointer input in the session window; at most once a second.
    InputSeen {
        session: SessionId,
    },
    Refused {
        session: SessionId,
        attempt: Attempt,
        target: Option<String>,
    },
    /// A file that the gateway had marked lies on this disk, and stays there.
    FileKept {
        session: SessionId,
        file: PathBuf,
    },
    /// It did not come whole, or could not be kept; nothing of it is left.
    FileNotKept {
        session: SessionId,
    },
    CurtainRetry {
        session: SessionId,
    },
    CurtainEnd {
        session: SessionId,
    },
    /// `None`: the person thought better of it.
    FileChosen {
        number: u64,
        file: Option<PathBuf>,
    },
    NoticeOpened {
        opens: Opens,
    },
    /// Somebody has followed a link of ours, in whatever program.
    LinkOpened {
        address: String,
    },
    /// Nobody can be at the screen from here on.
    WentAway {
        absence: Absence,
    },
    CameBack {
        absence: Absence,
    },
    /// The machine woke up, the screen was unlocked, or a network came: what waits may go through now.
    Awoke,
    /// What the desktop offers was found out, or has changed.
    DesktopSeen {
        desktop: DesktopView,
    },
    /// The person closes the console's window.
    ConsoleCloseRequested,
    /// The program is to end, after the session has.
    QuitRequested,
}
