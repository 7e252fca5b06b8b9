//! Linux: the buses of the machine and of the session tell; the machine waits with its sleep until a curtain stands.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use amberglass_app::{Handle, host::Absence};
use gtk::{gio, glib, prelude::*};

use super::tell;
use crate::session_window;

/// The machine waits for whoever holds it back, five seconds by default; a window that nobody can see paints nothing,
/// and is not worth that long.
const HELD_AT_MOST: Duration = Duration::from_secs(2);

const LOGIN: &str = "org.freedesktop.login1";

thread_local! {
    /// Where the login service has the session that this program runs in, once it has said so.
    static OWN_SESSION: RefCell<Option<String>> = const { RefCell::new(None) };
    /// While it is there the machine waits before it sleeps. It holds a file; dropping it lets the machine go.
    static HOLD: RefCell<Option<gio::UnixFDList>> = const { RefCell::new(None) };
    /// The machine has said that it goes to sleep, and not yet that it has woken up.
    static GOES_TO_SLEEP: Cell<bool> = const { Cell::new(false) };
}

/// Bus, sender, interface, signal, and what it says: always the same, or by its one argument (true: away).
struct Sign {
    bus: gio::BusType,
    /// On the machine's bus everybody may say anything, another person at this machine too. On the session's bus everybody is this
    /// person, who could take any name there.
    sender: Option<&'static str>,
    /// Said of one session of the machine, which has to be ours.
    of_session: bool,
    interface: &'static str,
    signal: &'static str,
    absence: Absence,
    always: Option<bool>,
}

const SESSION_OF_LOGIN: Sign = Sign {
    bus: gio::BusType::System,
    sender: Some(LOGIN),
    of_session: true,
    interface: "org.freedesktop.login1.Session",
    signal: "Lock",
    absence: Absence::ScreenLocked,
    always: Some(true),
};

const SCREEN_SAVER: Sign = Sign {
    bus: gio::BusType::Session,
    sender: None,
    of_session: false,
    interface: "org.freedesktop.ScreenSaver",
    signal: "ActiveChanged",
    absence: Absence::ScreenLocked,
    always: None,
};

const SIGNS: [Sign; 8] = [
    // True before the sleep, false after it.
    Sign {
        bus: gio::BusType::System,
        sender: Some(LOGIN),
        of_session: false,
        interface: "org.freedesktop.login1.Manager",
        signal: "PrepareForSleep",
        absence: Absence::Asleep,
        always: None,
    },
    SESSION_OF_LOGIN,
    Sign { signal: "Unlock", always: Some(false), ..SESSION_OF_LOGIN },
    SCREEN_SAVER,
    Sign { interface: "org.gnome.ScreenSaver", ..SCREEN_SAVER },
    Sign { interface: "org.cinnamon.ScreenSaver", ..SCREEN_SAVER },
    Sign { interface: "org.mate.ScreenSaver", ..SCREEN_SAVER },
    Sign { interface: "org.xfce.ScreenSaver", ..SCREEN_SAVER },
];

impl Sign {
    /// Whether somebody is away by it. Nothing for what cannot be read.
    fn says(&self, arguments: &glib::Variant) -> Option<bool> {
        self.always.or_else(|| arguments.get::<(bool,)>().map(|(away,)| away))
    }

    /// Whether what `path` says is said of this desktop. While nobody knows which session is ours any of them may cover, and none
    /// uncover.
    fn is_for_us(&self, path: &str, own: Option<&str>) -> bool {
        !self.of_session || own.map_or(self.always == Some(true), |own| own == path)
    }
}

pub(super) fn listen(controller: &Handle) {
    for bus in [gio::BusType::System, gio::BusType::Session] {
        let controller = controller.clone();
        gio::bus_get(bus, gio::Cancellable::NONE, move |connection| match connection {
            Ok(connection) => {
                // A bus that is started anew must not end the program, and a session with it.
                connection.set_exit_on_close(false);
                subscribe(&connection, bus, &controller);
                if bus == gio::BusType::System {
                    follow_login_service(&connection);
                }
            }
            Err(error) => tracing::info!(%error, ?bus, "no bus tells when nobody is at this machine"),
        });
    }
}

/// Each time that there is one: it may be started anew, or later than this program.
fn follow_login_service(connection: &gio::DBusConnection) {
    let appeared = |connection: gio::DBusConnection, _: &str, _: &str| {
        ask_own_session(&connection);
        hold_back_sleep(&connection);
    };
    let gone = |_: gio::DBusConnection, _: &str| {
        OWN_SESSION.set(None);
        tracing::info!("no login service: this machine sleeps without waiting for the curtain");
    };
    // For as long as the program runs.
    let _ = gio::bus_watch_name_on_connection(connection, LOGIN, gio::BusNameWatcherFlags::NONE, appeared, gone);
}

/// Of whoever asks; where the program is a service of its person's, of the session that they see.
fn ask_own_session(connection: &gio::DBusConnection) {
    connection.call(
        Some(LOGIN),
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
        "GetSession",
        Some(&("auto",).to_variant()),
        None,
        gio::DBusCallFlags::NONE,
        -1,
        gio::Cancellable::NONE,
        |answer| match answer.map(|answer| answer.child_value(0).str().map(str::to_owned)) {
            Ok(path) => OWN_SESSION.set(path),
            Err(error) => {
                tracing::info!(%error, "which session is ours is not known: each that is locked brings the curtain")
            }
        },
    );
}

/// Asks the machine to wait until we have had our say, each time that it wants to sleep (systemd's inhibitor locks).
fn hold_back_sleep(connection: &gio::DBusConnection) {
    let arguments = ("sleep", "Amberglass", "A customer's page is covered first", "delay").to_variant();
    connection.call_with_unix_fd_list(
        Some(LOGIN),
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
        "Inhibit",
        Some(&arguments),
        None,
        gio::DBusCallFlags::NONE,
        -1,
        gio::UnixFDList::NONE,
        gio::Cancellable::NONE,
        |answer| match answer {
            Ok((_, hold)) => {
                HOLD.set(Some(hold));
                // The word of the next sleep may overtake this answer; nobody else would let go then.
                if GOES_TO_SLEEP.get() {
                    let_sleep_once_covered();
                }
            }
            Err(error) => tracing::info!(%error, "this machine sleeps without waiting for the curtain"),
        },
    );
}

fn let_sleep_once_covered() {
    let hold = Rc::new(Cell::new(HOLD.take()));
    let late = Rc::clone(&hold);
    session_window::when_covered(move || drop(hold.take()));
    glib::timeout_add_local_once(HELD_AT_MOST, move || drop(late.take()));
}

fn subscribe(connection: &gio::DBusConnection, bus: gio::BusType, controller: &Handle) {
    for sign in SIGNS.iter().filter(|sign| sign.bus == bus) {
        let controller = controller.clone();
        // Nobody else holds the machine's bus: without this it would be left at once, and nothing be heard of it.
        let held = connection.clone();
        let _ = connection.signal_subscribe(
            sign.sender,
            Some(sign.interface),
            Some(sign.signal),
            None,
            None,
            gio::DBusSignalFlags::NONE,
            move |_, _, path, _, _, arguments| {
                let is_for_us = OWN_SESSION.with_borrow(|own| sign.is_for_us(path, own.as_deref()));
                if let Some(is_away) = sign.says(arguments).filter(|_| is_for_us) {
                    tell(&controller, sign.absence, is_away, sign.signal);
                    match (sign.absence, is_away) {
                        (Absence::Asleep, true) => {
                            GOES_TO_SLEEP.set(true);
                            let_sleep_once_covered();
                        }
                        (Absence::Asleep, false) => {
                            GOES_TO_SLEEP.set(false);
                            hold_back_sleep(&held);
                        }
                        (Absence::ScreenLocked, _) => {}
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use gtk::glib::prelude::*;

    use super::SIGNS;

    #[test]
    fn another_persons_session_says_nothing_about_ours() {
        let [lock, unlock] = [true, false].map(|away| SIGNS.iter().find(|sign| sign.always == Some(away)).unwrap());
        for sign in [lock, unlock] {
            assert!(
                sign.is_for_us("/session/c1", Some("/session/c1"))
                    && !sign.is_for_us("/session/c2", Some("/session/c1"))
            );
        }
        assert!(lock.is_for_us("/session/c2", None) && !unlock.is_for_us("/session/c2", None));
    }

    #[test]
    fn going_to_sleep_and_locking_the_screen_are_not_taken_for_waking() {
        for sign in &SIGNS {
            match sign.always {
                Some(away) => assert_eq!(sign.says(&().to_variant()), Some(away), "{}", sign.signal),
                None => {
                    assert_eq!(sign.says(&(true,).to_variant()), Some(true), "{}", sign.signal);
                    assert_eq!(sign.says(&(false,).to_variant()), Some(false), "{}", sign.signal);
                    assert_eq!(sign.says(&("true",).to_variant()), None, "{}", sign.signal);
                }
            }
        }
    }
}
