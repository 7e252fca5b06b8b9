//! One console at a time: a second start brings the first one's window to the front, says so, and ends well.

use tauri::{Builder, Wry};

/// Two installations on one desktop (`AMBERGLASS_HOME`) do not take each other for a second start. On Linux alone: Windows
/// knows them by one name, so that the second hands over to the first there.
#[cfg(target_os = "linux")]
fn bus_id() -> String {
    const NAME: &str = "app.amberglass.console";
    match crate::installation::home() {
        Some(home) => format!("{NAME}.home_{:016x}", fnv_1a(home.as_os_str().as_encoded_bytes())),
        None => NAME.to_owned(),
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same in every version of this program, and nothing here has
/// to withstand anybody.
#[cfg(target_os = "linux")]
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Ends a second start from within, with success. Where there is no message bus to find the first one by, the journal's
/// lock keeps the two apart.
#[cfg(not(target_os = "macos"))]
pub fn add_to(builder: Builder<Wry>) -> Builder<Wry> {
    let plugin = tauri_plugin_single_instance::Builder::<Wry>::new()
        .callback(|app, _arguments, _folder| crate::console_window::raise(app));
    #[cfg(target_os = "linux")]
    let plugin = plugin.dbus_id(bus_id());
    builder.plugin(plugin.build())
}

/// Not there: the plugin meets the first one at a socket in a folder of everybody's, under one name for everybody, so that
/// whoever takes it first ends every console of the others without a word. The system itself starts a program once, and tells
/// the one that runs; where somebody makes it start two, the journal's lock keeps them apart.
#[cfg(target_os = "macos")]
pub fn add_to(builder: Builder<Wry>) -> Builder<Wry> {
    builder
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
