//! Windows: a window of ours that nobody ever sees is told of locks and of sleep.
//!
//! Windows waits about two seconds for the answer to a coming sleep and can't be held back for longer, or be refused. So the
//! page is taken off the screen before it gets that answer; the curtain's words may come only after waking. It says nothing
//! at all when a battery fails.
#![allow(unsafe_code, reason = "Win32 offers no other way; what makes a block sound stands beside it")]

use std::cell::RefCell;

use amberglass_app::{Handle, host::Absence};
use windows::{
    Win32::{
        Foundation::{HANDLE, HWND, LPARAM, LRESULT, WPARAM},
        System::{
            LibraryLoader::GetModuleHandleW,
            Power::RegisterSuspendResumeNotification,
            RemoteDesktop::{NOTIFY_FOR_THIS_SESSION, WTSRegisterSessionNotification},
        },
        UI::WindowsAndMessaging::{
            CreateWindowExW, DEVICE_NOTIFY_WINDOW_HANDLE, DefWindowProcW, PBT_APMRESUMEAUTOMATIC, PBT_APMSUSPEND,
            RegisterClassW, WM_POWERBROADCAST, WM_WTSSESSION_CHANGE, WNDCLASSW, WS_EX_NOACTIVATE, WS_EX_TOOLWINDOW,
            WS_POPUP, WTS_CONSOLE_DISCONNECT, WTS_REMOTE_DISCONNECT, WTS_SESSION_LOCK, WTS_SESSION_UNLOCK,
        },
    },
    core::{PCWSTR, Result, w},
};

use super::tell;

const CLASS: PCWSTR = w!("AmberglassWaking");

thread_local! {
    /// Windows tells a window by its handle alone.
    static CONTROLLER: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

pub(super) fn listen(controller: &Handle) {
    CONTROLLER.set(Some(controller.clone()));
    let window = match make_window() {
        Ok(window) => window,
        Err(error) => return tracing::warn!(%error, "nothing tells when nobody is at this machine"),
    };
    // SAFETY: a window of this thread, which stands as long as the program runs.
    if let Err(error) = unsafe { WTSRegisterSessionNotification(window, NOTIFY_FOR_THIS_SESSION) } {
        tracing::warn!(%error, "nothing tells when the screen is locked");
    }
    // Machines that stay on the network while they sleep tell only whoever has asked; the others tell every window, and this one
    // twice, which changes nothing.
    // SAFETY: as above; the registration is kept as long.
    if let Err(error) = unsafe { RegisterSuspendResumeNotification(HANDLE(window.0), DEVICE_NOTIFY_WINDOW_HANDLE) } {
        tracing::warn!(%error, "a machine that stays connected may not tell when it sleeps");
    }
}

/// Without an owner and not for messages alone: those windows are left out when the power tells everybody.
fn make_window() -> Result<HWND> {
    // SAFETY: the class's name and procedure live as long as the program.
    unsafe {
        let module = GetModuleHandleW(PCWSTR::null())?;
        let class = WNDCLASSW {
            lpfnWndProc: Some(answer),
            hInstance: module.into(),
            lpszClassName: CLASS,
            ..WNDCLASSW::default()
        };
        RegisterClassW(&raw const class);
        let style = WS_EX_TOOLWINDOW | WS_EX_NOACTIVATE;
        CreateWindowExW(style, CLASS, PCWSTR::null(), WS_POPUP, 0, 0, 0, 0, None, None, Some(module.into()), None)
    }
}

/// What a message says: the absence, whether it begins, and the message's name.
fn says(message: u32, what: WPARAM) -> Option<(Absence, bool, &'static str)> {
    let what = u32::try_from(what.0).ok()?;
    match (message, what) {
        (WM_POWERBROADCAST, PBT_APMSUSPEND) => Some((Absence::Asleep, true, "PBT_APMSUSPEND")),
        (WM_POWERBROADCAST, PBT_APMRESUMEAUTOMATIC) => Some((Absence::Asleep, false, "PBT_APMRESUMEAUTOMATIC")),
        (WM_WTSSESSION_CHANGE, WTS_SESSION_LOCK) => Some((Absence::ScreenLocked, true, "WTS_SESSION_LOCK")),
        (WM_WTSSESSION_CHANGE, WTS_SESSION_UNLOCK) => Some((Absence::ScreenLocked, false, "WTS_SESSION_UNLOCK")),
        // Another person's desktop is shown, or a remote one has left this. Whoever comes back has to unlock it.
        (WM_WTSSESSION_CHANGE, WTS_CONSOLE_DISCONNECT | WTS_REMOTE_DISCONNECT) => {
            Some((Absence::ScreenLocked, true, "WTS_DISCONNECT"))
        }
        _ => None,
    }
}

/// The window's procedure.
unsafe extern "system" fn answer(handle: HWND, message: u32, first: WPARAM, second: LPARAM) -> LRESULT {
    let controller = CONTROLLER.with_borrow(Clone::clone);
    if let Some((controller, (absence, is_away, why))) = controller.zip(says(message, first)) {
        tell(&controller, absence, is_away, why);
    }
    // SAFETY: what this procedure was called with, passed on; it says yes to whatever the power asks.
    unsafe { DefWindowProcW(handle, message, first, second) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_to_sleep_and_locking_the_screen_are_not_taken_for_waking() {
        let away = |message, what: u32| says(message, WPARAM(what as usize)).map(|(absence, away, _)| (absence, away));
        assert_eq!(away(WM_POWERBROADCAST, PBT_APMSUSPEND), Some((Absence::Asleep, true)));
        assert_eq!(away(WM_POWERBROADCAST, PBT_APMRESUMEAUTOMATIC), Some((Absence::Asleep, false)));
        assert_eq!(away(WM_WTSSESSION_CHANGE, WTS_SESSION_LOCK), Some((Absence::ScreenLocked, true)));
        assert_eq!(away(WM_WTSSESSION_CHANGE, WTS_SESSION_UNLOCK), Some((Absence::ScreenLocked, false)));
        // The same numbers mean something else in other messages.
        assert_eq!(away(WM_POWERBROADCAST, WTS_SESSION_UNLOCK), None);
        assert_eq!(away(0, WTS_SESSION_LOCK), None);
    }
}
