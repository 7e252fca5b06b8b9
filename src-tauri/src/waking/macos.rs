//! macOS: the workspace tells of sleep and of other people's sessions, the system's own notifications of locks.
//!
//! macOS sleeps only once whoever listens is through, for which it waits half a minute at most. So the page is off the screen by
//! then; the curtain's words may come only after waking. A lid that is closed on a failing battery is told by nothing. Apple
//! documents no notification of a lock: the two names here have stood for many versions, and may go.
#![allow(unsafe_code, reason = "AppKit offers no other way; what makes a block sound stands beside it")]

use std::cell::RefCell;

use amberglass_app::{Handle, host::Absence};
use objc2::{
    DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send,
    rc::Retained,
    runtime::{NSObject, NSObjectProtocol},
    sel,
};
use objc2_app_kit::{
    NSWorkspace, NSWorkspaceDidWakeNotification, NSWorkspaceSessionDidBecomeActiveNotification,
    NSWorkspaceSessionDidResignActiveNotification, NSWorkspaceWillSleepNotification,
};
use objc2_foundation::{
    NSDistributedNotificationCenter, NSNotification, NSNotificationSuspensionBehavior, NSString, ns_string,
};

use super::tell;

thread_local! {
    /// Whoever tells does not hold it.
    static LISTENER: RefCell<Option<Retained<Listener>>> = const { RefCell::new(None) };
}

/// What is told, and what it says: the absence, and whether it begins.
type Sign = (&'static NSString, Absence, bool);

fn signs_of_workspace() -> [Sign; 4] {
    // SAFETY: AppKit's own names, which it never changes.
    unsafe {
        [
            (NSWorkspaceWillSleepNotification, Absence::Asleep, true),
            (NSWorkspaceDidWakeNotification, Absence::Asleep, false),
            // Another person's desktop is shown in place of this one.
            (NSWorkspaceSessionDidResignActiveNotification, Absence::ScreenLocked, true),
            (NSWorkspaceSessionDidBecomeActiveNotification, Absence::ScreenLocked, false),
        ]
    }
}

fn signs_of_lock() -> [Sign; 2] {
    [
        (ns_string!("com.apple.screenIsLocked"), Absence::ScreenLocked, true),
        (ns_string!("com.apple.screenIsUnlocked"), Absence::ScreenLocked, false),
    ]
}

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and this one has no `Drop`.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[name = "AmberglassWaking"]
    #[ivars = Handle]
    struct Listener;

    unsafe impl NSObjectProtocol for Listener {}

    impl Listener {
        #[unsafe(method(heard:))]
        fn heard(&self, notification: &NSNotification) {
            let name = notification.name();
            let mut signs = signs_of_workspace().into_iter().chain(signs_of_lock());
            if let Some((_, absence, is_away)) = signs.find(|(sign, ..)| **sign == *name) {
                tell(self.ivars(), absence, is_away, &name.to_string());
            }
        }
    }
);

pub(super) fn listen(controller: &Handle) {
    let Some(thread) = MainThreadMarker::new() else {
        return tracing::warn!("nothing tells when nobody is at this machine");
    };
    let listener = Listener::alloc(thread).set_ivars(controller.clone());
    // SAFETY: NSObject's own initialiser.
    let listener: Retained<Listener> = unsafe { msg_send![super(listener), init] };
    let workspace = NSWorkspace::sharedWorkspace().notificationCenter();
    for (name, ..) in signs_of_workspace() {
        // SAFETY: the listener has that method, and both tell on the main thread.
        unsafe { workspace.addObserver_selector_name_object(&listener, sel!(heard:), Some(name), None) };
    }
    let system = NSDistributedNotificationCenter::defaultCenter();
    for (name, ..) in signs_of_lock() {
        // SAFETY: as above. At once: a program that is not in front would hear of a lock when it is there again.
        unsafe {
            system.addObserver_selector_name_object_suspensionBehavior(
                &listener,
                sel!(heard:),
                Some(name),
                None,
                NSNotificationSuspensionBehavior::DeliverImmediately,
            );
        }
    }
    LISTENER.set(Some(listener));
}
