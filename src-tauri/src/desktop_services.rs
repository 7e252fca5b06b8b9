//! What the desktop offers beside windows: a tray, and somebody who shows notifications. Where one is missing the console
//! says so, and does without.

use std::sync::{Mutex, PoisonError};

use amberglass_app::{host::HostEvent, view::DesktopView};
use amberglass_domain::ports::Clock as _;
use amberglass_system::WaitingClock;
use tauri::{AppHandle, Manager as _};

use crate::{console_window, session_window::EventSink, tray::Tray};

/// So long a desktop that starts, or starts its panel again, may take for its tray. Nobody is left longer with a program
/// that is nowhere to be seen.
const TRAY_MAY_TAKE_MILLIS: i64 = 20_000;

/// What is known, and whom to tell.
pub struct Desktop {
    known: Mutex<DesktopView>,
    sink: EventSink,
}

impl Desktop {
    /// Watches for as long as the program runs. On the main thread, after the tray was made.
    pub fn watch(app: &AppHandle, sink: EventSink) {
        app.manage(Self { known: Mutex::default(), sink });
        platform::watch(app);
    }

    pub fn set_tray(app: &AppHandle, there: bool) {
        // Without its library there is no icon, whatever the panel could show.
        let there = there && app.try_state::<Tray>().is_some();
        app.state::<Self>().change(|known| known.tray = there);
        if !there {
            Self::come_back_without_tray(app);
        }
    }

    pub fn set_notifications(app: &AppHandle, there: bool) {
        if let Some(desktop) = app.try_state::<Self>() {
            desktop.change(|known| known.notifications = there);
        }
    }

    pub fn known(&self) -> DesktopView {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut DesktopView)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *known;
        change(&mut known);
        if *known != before {
            tracing::info!(tray = known.tray, notifications = known.notifications, "what the desktop offers");
            (self.sink)(HostEvent::DesktopSeen { desktop: *known });
        }
    }

    /// Resting where there is no tray would leave nothing to call it back by.
    fn come_back_without_tray(app: &AppHandle) {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            WaitingClock.sleep_until(WaitingClock.monotonic_millis().saturating_add(TRAY_MAY_TAKE_MILLIS)).await;
            let main = app.clone();
            let look = move || {
                if !main.state::<Self>().known().tray && console_window::rests(&main) {
                    tracing::info!("there is no tray to rest in; the console's window comes back");
                    console_window::raise(&main);
                }
            };
            if let Err(error) = app.run_on_main_thread(look) {
                tracing::warn!(%error, "nobody can look whether the console is to be seen");
            }
        });
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use gtk::{gio, glib, prelude::*};
    use tauri::AppHandle;

    use super::Desktop;

    /// Where panels show icons (freedesktop.org, Status Notifier Item; KDE's name is the one in use).
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const WATCHER_PATH: &str = "/StatusNotifierWatcher";
    const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
    const BUS: &str = "org.freedesktop.DBus";
    const BUS_PATH: &str = "/org/freedesktop/DBus";

    pub(super) fn watch(app: &AppHandle) {
        let app = app.clone();
        gio::bus_get(gio::BusType::Session, gio::Cancellable::NONE, move |connection| match connection {
            Ok(connection) => {
                // A bus that is started anew must not end the program, and a session with it.
                connection.set_exit_on_close(false);
                follow_hosts(&connection, &app);
                follow_notifications(&connection, &app);
            }
            Err(error) => {
                tracing::info!(%error, "no bus tells what the desktop offers");
                Desktop::set_tray(&app, false);
                Desktop::set_notifications(&app, false);
            }
        });
    }

    /// Calls `changed` with whether somebody goes by `name`, each time that this changes. GIO's own watch of a name would end
    /// the program when the bus goes: its binding cannot say that there is none.
    fn follow_name(connection: &gio::DBusConnection, name: &'static str, changed: impl Fn(bool) + 'static) {
        let held = connection.clone();
        let _ = connection.signal_subscribe(
            Some(BUS),
            Some(BUS),
            Some("NameOwnerChanged"),
            Some(BUS_PATH),
            Some(name),
            gio::DBusSignalFlags::NONE,
            move |_, _, _, _, _, arguments| {
                let _ = &held;
                if let Some((_, _, owner)) = arguments.get::<(String, String, String)>() {
                    changed(!owner.is_empty());
                }
            },
        );
    }

    /// Many desktops start it only when somebody asks, and some let it go again when it is idle: what counts after the first
    /// answer is whether a notification could be shown.
    fn follow_notifications(connection: &gio::DBusConnection, app: &AppHandle) {
        let there = app.clone();
        follow_name(connection, NOTIFICATIONS, move |owned| {
            if owned {
                Desktop::set_notifications(&there, true);
            }
        });
        let (held, app) = (connection.clone(), app.clone());
        connection.call(
            Some(BUS),
            BUS_PATH,
            BUS,
            "StartServiceByName",
            Some(&(NOTIFICATIONS, 0_u32).to_variant()),
            None,
            gio::DBusCallFlags::NONE,
            -1,
            gio::Cancellable::NONE,
            move |answer| match answer {
                Ok(_) => Desktop::set_notifications(&app, true),
                // Also said of a name that somebody has already, and that nothing else could be started for.
                Err(_) => ask_for_owner(&held, &app),
            },
        );
    }

    fn ask_for_owner(connection: &gio::DBusConnection, app: &AppHandle) {
        let app = app.clone();
        connection.call(
            Some(BUS),
            BUS_PATH,
            BUS,
            "NameHasOwner",
            Some(&(NOTIFICATIONS,).to_variant()),
            None,
            gio::DBusCallFlags::NONE,
            -1,
            gio::Cancellable::NONE,
            move |answer| {
                let owned = answer.ok().and_then(|answer| answer.get::<(bool,)>());
                Desktop::set_notifications(&app, owned.is_some_and(|(owned,)| owned));
            },
        );
    }

    /// The watcher keeps the list; what shows it is a host, which may come later.
    fn follow_hosts(connection: &gio::DBusConnection, app: &AppHandle) {
        for signal in ["StatusNotifierHostRegistered", "StatusNotifierHostUnregistered"] {
            let (app, held) = (app.clone(), connection.clone());
            let _ = connection.signal_subscribe(
                Some(WATCHER),
                Some(WATCHER),
                Some(signal),
                Some(WATCHER_PATH),
                None,
                gio::DBusSignalFlags::NONE,
                move |_, _, _, _, _, _| ask_for_host(&held, &app),
            );
        }
        let (asked, of) = (connection.clone(), app.clone());
        follow_name(connection, WATCHER, move |owned| {
            if owned {
                ask_for_host(&asked, &of);
            } else {
                Desktop::set_tray(&of, false);
            }
        });
        ask_for_host(connection, app);
    }

    fn ask_for_host(connection: &gio::DBusConnection, app: &AppHandle) {
        let app = app.clone();
        connection.call(
            Some(WATCHER),
            WATCHER_PATH,
            "org.freedesktop.DBus.Properties",
            "Get",
            Some(&(WATCHER, "IsStatusNotifierHostRegistered").to_variant()),
            None,
            gio::DBusCallFlags::NONE,
            -1,
            gio::Cancellable::NONE,
            move |answer| {
                let there = answer.ok().and_then(|answer| {
                    let value = answer.try_child_get::<glib::Variant>(0).ok().flatten()?;
                    value.get::<bool>()
                });
                Desktop::set_tray(&app, there.unwrap_or(false));
            },
        );
    }
}

/// Windows and macOS have both always; only the icon itself can be missing.
#[cfg(not(target_os = "linux"))]
mod platform {
    use tauri::AppHandle;

    use super::Desktop;

    pub(super) fn watch(app: &AppHandle) {
        Desktop::set_tray(app, true);
    }
}
