//! The moments at which what waits may go through after all: the machine woke up, or somebody is back at the screen.

use amberglass_app::{Handle, host::HostEvent};

/// Listens for as long as the program runs. On the main thread. Where the desktop gives no such signal delivery goes on by
/// its own pauses, a minute at most.
pub fn listen(controller: &Handle) {
    platform::listen(controller);
}

fn tell(controller: &Handle, why: &str) {
    tracing::info!(why, "delivery is tried at once");
    controller.host_event(HostEvent::Awoke);
}

#[cfg(target_os = "linux")]
mod platform {
    use amberglass_app::Handle;
    use gtk::{gio, glib};

    /// Bus, interface, signal, and the argument with which it says that somebody is back.
    pub(super) struct Sign {
        pub bus: gio::BusType,
        pub interface: &'static str,
        pub signal: &'static str,
        pub argument: Option<bool>,
    }

    pub(super) const SIGNS: [Sign; 4] = [
        // True before the sleep, false after it.
        Sign {
            bus: gio::BusType::System,
            interface: "org.freedesktop.login1.Manager",
            signal: "PrepareForSleep",
            argument: Some(false),
        },
        Sign {
            bus: gio::BusType::System,
            interface: "org.freedesktop.login1.Session",
            signal: "Unlock",
            argument: None,
        },
        Sign {
            bus: gio::BusType::Session,
            interface: "org.freedesktop.ScreenSaver",
            signal: "ActiveChanged",
            argument: Some(false),
        },
        Sign {
            bus: gio::BusType::Session,
            interface: "org.gnome.ScreenSaver",
            signal: "ActiveChanged",
            argument: Some(false),
        },
    ];

    impl Sign {
        pub fn is_given_by(&self, arguments: &glib::Variant) -> bool {
            match self.argument {
                None => true,
                Some(wanted) => arguments.get::<(bool,)>() == Some((wanted,)),
            }
        }
    }

    pub(super) fn listen(controller: &Handle) {
        for bus in [gio::BusType::System, gio::BusType::Session] {
            let controller = controller.clone();
            gio::bus_get(bus, gio::Cancellable::NONE, move |connection| match connection {
                Ok(connection) => subscribe(&connection, bus, &controller),
                Err(error) => tracing::info!(%error, ?bus, "no bus tells when this machine wakes up"),
            });
        }
    }

    pub(super) fn subscribe(connection: &gio::DBusConnection, bus: gio::BusType, controller: &Handle) {
        for sign in SIGNS.iter().filter(|sign| sign.bus == bus) {
            let controller = controller.clone();
            // Kept until the connection closes, which is with the program.
            let _ = connection.signal_subscribe(
                None,
                Some(sign.interface),
                Some(sign.signal),
                None,
                None,
                gio::DBusSignalFlags::NONE,
                move |_, _, _, _, _, arguments| {
                    if sign.is_given_by(arguments) {
                        super::tell(&controller, sign.signal);
                    }
                },
            );
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use amberglass_app::Handle;

    pub(super) fn listen(_controller: &Handle) {
        tracing::info!("on this system nothing tells yet when it wakes up; delivery goes on by its own pauses");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use gtk::glib::prelude::*;

    use super::platform::SIGNS;

    #[test]
    fn going_to_sleep_and_locking_the_screen_are_not_taken_for_waking() {
        for sign in &SIGNS {
            assert!(sign.is_given_by(&(false,).to_variant()), "{}", sign.signal);
            assert_eq!(sign.is_given_by(&(true,).to_variant()), sign.argument.is_none(), "{}", sign.signal);
            assert_eq!(sign.is_given_by(&().to_variant()), sign.argument.is_none(), "{}", sign.signal);
        }
    }
}
