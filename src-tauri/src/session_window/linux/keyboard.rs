//! Keys that the window takes before the page can: the page must not be able to keep anybody in.

use std::rc::Rc;

use gtk::{
    gdk::{self, keys::constants as keys},
    glib,
    prelude::*,
};

/// What a key asks of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKey {
    /// F6: from the bar to the portal or its curtain, and back.
    OtherPart,
    /// Ctrl+Shift+E: to the bar's End button. Pressing that stays a step of its own, so that no stray key ends a session.
    EndButton,
    /// Tab and Shift+Tab at the curtain.
    Next,
    Previous,
    /// Escape: stops a page that is loading; leaves the curtain.
    Leave,
    /// Keys by which toolkits and browsers open an inspector or a page's source; GTK's own can hide any widget, the
    /// overlay too.
    Inspector,
    /// Keys that copy or cut what is selected.
    Copy,
}

/// Calls `act` for the window's own keys; what `act` does not want goes on to whatever has the keyboard.
pub fn listen(window: &gtk::ApplicationWindow, act: impl Fn(WindowKey) -> bool + 'static) {
    let act = Rc::new(act);
    window.connect_key_press_event(move |_, event| {
        let key = if is_inspector(event) { Some(WindowKey::Inspector) } else { key_of(event) };
        if key.is_some_and(|key| act(key)) { glib::Propagation::Stop } else { glib::Propagation::Proceed }
    });
}

fn key_of(event: &gdk::EventKey) -> Option<WindowKey> {
    let held = event.state() & gtk::accelerator_get_default_mod_mask();
    let shifted = held == gdk::ModifierType::CONTROL_MASK | gdk::ModifierType::SHIFT_MASK;
    let plain = held.is_empty() || held == gdk::ModifierType::SHIFT_MASK;
    match event.keyval() {
        keys::F6 if plain => Some(WindowKey::OtherPart),
        keys::E | keys::e if shifted => Some(WindowKey::EndButton),
        keys::Tab if held.is_empty() => Some(WindowKey::Next),
        keys::ISO_Left_Tab if plain => Some(WindowKey::Previous),
        keys::Escape if held.is_empty() => Some(WindowKey::Leave),
        keys::Delete | keys::KP_Delete if held == gdk::ModifierType::SHIFT_MASK => Some(WindowKey::Copy),
        _ if held == gdk::ModifierType::CONTROL_MASK && copies_with_control(event) => Some(WindowKey::Copy),
        _ => None,
    }
}

fn is_inspector(event: &gdk::EventKey) -> bool {
    let control = event.state().contains(gdk::ModifierType::CONTROL_MASK);
    let shift = event.state().contains(gdk::ModifierType::SHIFT_MASK);
    let key = event.keyval().to_unicode().map(|key| key.to_ascii_lowercase());
    event.keyval() == keys::F12
        || (control && shift && matches!(key, Some('c' | 'd' | 'i' | 'j' | 'k')))
        || (control && !shift && key == Some('u'))
}

/// By any of the keyboard's layouts, as toolkits understand such keys too: on a Cyrillic keyboard the key of the C copies.
fn copies_with_control(event: &gdk::EventKey) -> bool {
    let copies = |key: gdk::keys::Key| {
        matches!(key, keys::Insert | keys::KP_Insert)
            || matches!(key.to_unicode().map(|key| key.to_ascii_lowercase()), Some('c' | 'x'))
    };
    let keymap = gdk::Display::default().and_then(|display| gdk::Keymap::for_display(&display));
    let others = keymap.map(|keymap| keymap.entries_for_keycode(event.hardware_keycode().into())).unwrap_or_default();
    copies(event.keyval()) || others.into_iter().any(|(_, key)| copies(key.into()))
}
