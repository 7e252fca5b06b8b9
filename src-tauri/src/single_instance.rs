//! One console per installation: a second start brings the first one's window to the front, says so, and ends well.

use tauri::{Wry, plugin::TauriPlugin};

use crate::{console_window, installation};

/// Two installations on one desktop (`AMBERGLASS_HOME`) do not take each other for a second start.
fn bus_id() -> String {
    const NAME: &str = "app.amberglass.console";
    match installation::home() {
        Some(home) => format!("{NAME}.home_{:016x}", fnv_1a(home.as_os_str().as_encoded_bytes())),
        None => NAME.to_owned(),
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same in every version of this program, and nothing here has
/// to withstand anybody.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Ends a second start from within, with success. Where there is no message bus to find the first one by, the journal's
/// lock keeps the two apart.
pub fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(bus_id())
        .callback(|app, _arguments, _folder| console_window::raise(app))
        .build()
}

/// Whoever starts it from a terminal gets a word; the plugin itself ends without one.
#[cfg(target_os = "linux")]
pub fn say_if_running() {
    use std::io::Write as _;

    use gtk::{gio, glib::prelude::*};

    const PATIENCE_MILLIS: i32 = 2_000;
    let Ok(bus) = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE) else { return };
    let name = format!("{}.SingleInstance", bus_id());
    let answer = bus.call_sync(
        Some("org.freedesktop.DBus"),
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "NameHasOwner",
        Some(&(name,).to_variant()),
        None,
        gio::DBusCallFlags::NONE,
        PATIENCE_MILLIS,
        gio::Cancellable::NONE,
    );
    if answer.ok().and_then(|answer| answer.get::<(bool,)>()).is_some_and(|(running,)| running) {
        let _ = writeln!(std::io::stdout(), "Amberglass is running already; its window comes to the front.");
    }
}

/// There is no terminal to say it in.
#[cfg(not(target_os = "linux"))]
pub fn say_if_running() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
