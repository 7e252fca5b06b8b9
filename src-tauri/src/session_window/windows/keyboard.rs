//! How the keyboard goes from the bar to the page or its curtain, and back: by F6, and by Tab past the last of a page. WebView2 has the
//! keys of its views, and asks what is to become of them.
#![allow(
    unsafe_code,
    reason = "COM offers no other way; every call is on the view's own thread, on objects that it holds"
)]

use std::rc::Rc;

use webview2_com::{
    AcceleratorKeyPressedEventHandler,
    Microsoft::Web::WebView2::Win32::{
        COREWEBVIEW2_KEY_EVENT_KIND, COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN, ICoreWebView2Controller,
    },
    MoveFocusRequestedEventHandler,
};
use windows::{
    Win32::{
        Foundation::HWND,
        UI::{
            Input::KeyboardAndMouse::{GetFocus, VK_F6},
            WindowsAndMessaging::IsChild,
        },
    },
    core::Result,
};
use wry::{WebView, WebViewExtWindows as _};

/// Calls `leave` when the keyboard is to go from this view to the other part of the window.
///
/// # Errors
/// When the runtime does not tell.
pub fn watch(controller: &ICoreWebView2Controller, leave: impl Fn() + 'static) -> Result<()> {
    let leave = Rc::new(leave);
    let by_tab = Rc::clone(&leave);
    let key = AcceleratorKeyPressedEventHandler::create(Box::new(move |_, pressed| {
        let Some(pressed) = pressed else { return Ok(()) };
        let (mut kind, mut key) = (COREWEBVIEW2_KEY_EVENT_KIND::default(), 0);
        // SAFETY: see the top of this file.
        unsafe {
            pressed.KeyEventKind(&raw mut kind)?;
            pressed.VirtualKey(&raw mut key)?;
            if kind == COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN && key == u32::from(VK_F6.0) {
                pressed.SetHandled(true)?;
                leave();
            }
        }
        Ok(())
    }));
    let tab = MoveFocusRequestedEventHandler::create(Box::new(move |_, asked| {
        if let Some(asked) = asked {
            // SAFETY: as above.
            unsafe { asked.SetHandled(true)? };
        }
        by_tab();
        Ok(())
    }));
    let mut token = 0;
    // SAFETY: as above.
    unsafe {
        controller.add_AcceleratorKeyPressed(&key, &raw mut token)?;
        controller.add_MoveFocusRequested(&tab, &raw mut token)
    }
}

/// Whether what is typed goes to this view.
pub fn is_in(view: &WebView) -> bool {
    let mut window = HWND::default();
    // SAFETY: as above; which window has the keyboard is only read.
    unsafe {
        view.controller().ParentWindow(&raw mut window).is_ok() && {
            let focus = GetFocus();
            focus == window || IsChild(window, focus).as_bool()
        }
    }
}
