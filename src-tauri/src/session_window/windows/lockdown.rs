//! What WebView2 lets a page do beyond the handlers that wry has: each is refused, recorded and told.
#![allow(
    unsafe_code,
    reason = "COM offers no other way; every call is on the view's own thread, on objects that it holds"
)]

use std::{cell::Cell, rc::Rc};

use amberglass_app::host::HostEvent;
use amberglass_wire::audit::Attempt;
use webview2_com::{
    AcceleratorKeyPressedEventHandler, BasicAuthenticationRequestedEventHandler,
    ContainsFullScreenElementChangedEventHandler, ContextMenuRequestedEventHandler,
    LaunchingExternalUriSchemeEventHandler,
    Microsoft::Web::WebView2::Win32::{
        COREWEBVIEW2_KEY_EVENT_KIND, COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN, COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_DOWN,
        COREWEBVIEW2_PDF_TOOLBAR_ITEMS_PRINT, COREWEBVIEW2_PDF_TOOLBAR_ITEMS_SAVE,
        COREWEBVIEW2_PDF_TOOLBAR_ITEMS_SAVE_AS, COREWEBVIEW2_PROCESS_FAILED_KIND,
        COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED,
        COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED,
        COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_UNRESPONSIVE, COREWEBVIEW2_SCRIPT_DIALOG_KIND,
        COREWEBVIEW2_SCRIPT_DIALOG_KIND_BEFOREUNLOAD, COREWEBVIEW2_SERVER_CERTIFICATE_ERROR_ACTION_CANCEL,
        COREWEBVIEW2_WEB_ERROR_STATUS, COREWEBVIEW2_WEB_ERROR_STATUS_CONNECTION_ABORTED,
        COREWEBVIEW2_WEB_ERROR_STATUS_OPERATION_CANCELED, COREWEBVIEW2_WEB_ERROR_STATUS_SERVER_UNREACHABLE,
        COREWEBVIEW2_WEB_ERROR_STATUS_UNKNOWN, ICoreWebView2, ICoreWebView2_2, ICoreWebView2_10, ICoreWebView2_11,
        ICoreWebView2_14, ICoreWebView2_18, ICoreWebView2_27, ICoreWebView2Controller,
        ICoreWebView2NavigationCompletedEventArgs2, ICoreWebView2Settings3, ICoreWebView2Settings4,
        ICoreWebView2Settings7, ICoreWebView2Settings9,
    },
    NavigationCompletedEventHandler, NavigationStartingEventHandler, ProcessFailedEventHandler,
    ScreenCaptureStartingEventHandler, ScriptDialogOpeningEventHandler, ServerCertificateErrorDetectedEventHandler,
    WebResourceResponseReceivedEventHandler, WindowCloseRequestedEventHandler, take_pwstr,
};
use windows::{
    Win32::UI::Input::KeyboardAndMouse::{
        GetKeyState, VIRTUAL_KEY, VK_C, VK_CONTROL, VK_DELETE, VK_F7, VK_F12, VK_INSERT, VK_MENU, VK_SHIFT, VK_X,
    },
    core::{BOOL, Interface as _, PWSTR, Result, w},
};
use wry::{WebView, WebViewExtWindows as _};

use crate::{machine_policy::CopyingOut, session_window::portal::Lock};

/// All of it, or an error: a view of which a part stays open is not to be shown. Runtimes too old for one of the
/// interfaces are refused by that.
///
/// `awaited` is whether the first page of the view is still to come: only that one lifts the curtain.
/// `copying` is whether the person may copy by key.
pub fn apply(view: &WebView, lock: &Lock, awaited: &Rc<Cell<bool>>, copying: CopyingOut) -> Result<()> {
    let (controller, webview) = (view.controller(), view.webview());
    // SAFETY: see the top of this file.
    unsafe {
        settings(&webview)?;
        refuse_keys(&controller, lock, copying)?;
        refuse_dialogs(&webview, lock)?;
        refuse_prompts(&webview, lock)?;
        report_end(&webview, lock)?;
        judge_frames(&webview, lock)?;
        report_loading(&webview, lock, awaited)
    }
}

unsafe fn settings(webview: &ICoreWebView2) -> Result<()> {
    // SAFETY: as for the whole file; so in all functions below.
    unsafe {
        let settings = webview.Settings()?;
        settings.SetAreDefaultContextMenusEnabled(false)?;
        settings.SetAreDefaultScriptDialogsEnabled(false)?;
        settings.SetAreDevToolsEnabled(false)?;
        settings.SetAreHostObjectsAllowed(false)?;
        settings.SetIsBuiltInErrorPageEnabled(false)?;
        settings.SetIsStatusBarEnabled(false)?;
        settings.SetIsWebMessageEnabled(false)?;
        // Finding and zooming stay; `refuse_keys` takes what leads out of the page.
        settings.cast::<ICoreWebView2Settings3>()?.SetAreBrowserAcceleratorKeysEnabled(true)?;
        let forms: ICoreWebView2Settings4 = settings.cast()?;
        forms.SetIsGeneralAutofillEnabled(false)?;
        forms.SetIsPasswordAutosaveEnabled(false)?;
        settings.cast::<ICoreWebView2Settings7>()?.SetHiddenPdfToolbarItems(
            COREWEBVIEW2_PDF_TOOLBAR_ITEMS_PRINT
                | COREWEBVIEW2_PDF_TOOLBAR_ITEMS_SAVE
                | COREWEBVIEW2_PDF_TOOLBAR_ITEMS_SAVE_AS,
        )?;
        // A page could move the window by parts of itself.
        settings.cast::<ICoreWebView2Settings9>()?.SetIsNonClientRegionSupportEnabled(false)
    }
}

unsafe fn refuse_keys(controller: &ICoreWebView2Controller, lock: &Lock, copying: CopyingOut) -> Result<()> {
    let told = lock.clone();
    let handler = AcceleratorKeyPressedEventHandler::create(Box::new(move |_, pressed| {
        let Some(pressed) = pressed else { return Ok(()) };
        let (mut kind, mut key) = (COREWEBVIEW2_KEY_EVENT_KIND::default(), 0);
        // SAFETY: as above.
        let (control, shift) = unsafe {
            pressed.KeyEventKind(&raw mut kind)?;
            pressed.VirtualKey(&raw mut key)?;
            // With Alt it is AltGr, which writes letters.
            (is_down(VK_CONTROL) && !is_down(VK_MENU), is_down(VK_SHIFT))
        };
        let is_down =
            kind == COREWEBVIEW2_KEY_EVENT_KIND_KEY_DOWN || kind == COREWEBVIEW2_KEY_EVENT_KIND_SYSTEM_KEY_DOWN;
        let copies = copying == CopyingOut::Refuse && copies(key, control, shift);
        let attempt = if copies { Some(Attempt::Clipboard) } else { leads_out(key, control, shift) };
        if let Some(attempt) = attempt.filter(|_| is_down) {
            // SAFETY: as above.
            unsafe { pressed.SetHandled(true)? };
            told.refuse(attempt, None);
        }
        Ok(())
    }));
    let mut token = 0;
    // SAFETY: as above.
    unsafe { controller.add_AcceleratorKeyPressed(&handler, &raw mut token) }
}

unsafe fn is_down(key: VIRTUAL_KEY) -> bool {
    // SAFETY: it only reads the state of the keyboard.
    unsafe { GetKeyState(i32::from(key.0)) < 0 }
}

/// The browser's own keys that lead out of the page, by their virtual-key codes (letters are those of ASCII).
fn leads_out(key: u32, control: bool, shift: bool) -> Option<Attempt> {
    let letter = u8::try_from(key).ok().filter(u8::is_ascii_uppercase).filter(|_| control);
    match letter {
        Some(b'P') => return Some(Attempt::Print),
        Some(b'S') => return Some(Attempt::Download),
        Some(b'O') => return Some(Attempt::Upload),
        Some(b'U') => return Some(Attempt::DeveloperTools),
        Some(b'I' | b'J' | b'C' | b'K') if shift => return Some(Attempt::DeveloperTools),
        // Lists of downloads and of pages seen, another window, another tab.
        Some(b'J' | b'H' | b'N' | b'T') => return Some(Attempt::NewWindow),
        Some(_) | None => {}
    }
    if key == u32::from(VK_F12.0) {
        Some(Attempt::DeveloperTools)
    } else {
        // Asks whether to walk through the page with a caret, in a dialog of its own.
        (key == u32::from(VK_F7.0)).then_some(Attempt::ScriptDialog)
    }
}

/// Ctrl+C, Ctrl+X, Ctrl+Insert, Shift+Delete.
fn copies(key: u32, control: bool, shift: bool) -> bool {
    let is = |wanted: VIRTUAL_KEY| key == u32::from(wanted.0);
    control && (is(VK_C) || is(VK_X) || is(VK_INSERT)) || shift && is(VK_DELETE)
}

unsafe fn refuse_dialogs(webview: &ICoreWebView2, lock: &Lock) -> Result<()> {
    let mut token = 0;
    let told = lock.clone();
    let dialog = ScriptDialogOpeningEventHandler::create(Box::new(move |_, opening| {
        let Some(opening) = opening else { return Ok(()) };
        let mut kind = COREWEBVIEW2_SCRIPT_DIALOG_KIND::default();
        // SAFETY: as above. Asked whether to leave a page, a person would have to stay where the page wants them; every other dialog gets
        // the answer of one that was dismissed.
        unsafe {
            opening.Kind(&raw mut kind)?;
            if kind == COREWEBVIEW2_SCRIPT_DIALOG_KIND_BEFOREUNLOAD {
                opening.Accept()?;
            }
        }
        told.refuse(Attempt::ScriptDialog, None);
        Ok(())
    }));
    let (told, watched) = (lock.clone(), webview.clone());
    let whole_screen = ContainsFullScreenElementChangedEventHandler::create(Box::new(move |_, _| {
        let mut fills = BOOL::default();
        // SAFETY: as above. The view stays where it is: only an element of the page fills it.
        unsafe { watched.ContainsFullScreenElement(&raw mut fills)? };
        if fills.as_bool() {
            told.refuse(Attempt::FullScreen, None);
        }
        Ok(())
    }));
    // The setting has none shown; engines have been seen to pass it over on an empty page.
    let told = lock.clone();
    let menu = ContextMenuRequestedEventHandler::create(Box::new(move |_, asked| {
        if let Some(asked) = asked {
            // SAFETY: as above.
            unsafe { asked.SetHandled(true)? };
        }
        told.refuse(Attempt::ContextMenu, None);
        Ok(())
    }));
    let told = lock.clone();
    let capture = ScreenCaptureStartingEventHandler::create(Box::new(move |_, starting| {
        if let Some(starting) = starting {
            // SAFETY: as above. Without a picker, too.
            unsafe {
                starting.SetCancel(true)?;
                starting.SetHandled(true)?;
            }
        }
        told.refuse(Attempt::Permission, Some("display_capture"));
        Ok(())
    }));
    // SAFETY: as above.
    unsafe {
        webview.add_ScriptDialogOpening(&dialog, &raw mut token)?;
        webview.cast::<ICoreWebView2_11>()?.add_ContextMenuRequested(&menu, &raw mut token)?;
        webview.cast::<ICoreWebView2_27>()?.add_ScreenCaptureStarting(&capture, &raw mut token)?;
        webview.add_ContainsFullScreenElementChanged(&whole_screen, &raw mut token)
    }
}

/// Sign-in prompts of the engine, wrong certificates, programs for other schemes.
unsafe fn refuse_prompts(webview: &ICoreWebView2, lock: &Lock) -> Result<()> {
    let mut token = 0;
    let told = lock.clone();
    let sign_in = BasicAuthenticationRequestedEventHandler::create(Box::new(move |_, asked| {
        if let Some(asked) = asked {
            // SAFETY: as above.
            unsafe { asked.SetCancel(true)? };
        }
        told.refuse(Attempt::Authentication, None);
        Ok(())
    }));
    let told = lock.clone();
    let certificate = ServerCertificateErrorDetectedEventHandler::create(Box::new(move |_, found| {
        let mut address = PWSTR::null();
        if let Some(found) = found {
            // SAFETY: as above.
            unsafe {
                found.SetAction(COREWEBVIEW2_SERVER_CERTIFICATE_ERROR_ACTION_CANCEL)?;
                found.RequestUri(&raw mut address)?;
            }
        }
        told.refuse(Attempt::InvalidCertificate, Some(&take_pwstr(address)));
        (told.sink)(HostEvent::CertificateRefused { session: told.session.clone() });
        Ok(())
    }));
    let told = lock.clone();
    let program = LaunchingExternalUriSchemeEventHandler::create(Box::new(move |_, launching| {
        let mut address = PWSTR::null();
        if let Some(launching) = launching {
            // SAFETY: as above.
            unsafe {
                launching.SetCancel(true)?;
                launching.Uri(&raw mut address)?;
            }
        }
        told.refuse(Attempt::Navigation, Some(&take_pwstr(address)));
        Ok(())
    }));
    // SAFETY: as above.
    unsafe {
        webview.cast::<ICoreWebView2_10>()?.add_BasicAuthenticationRequested(&sign_in, &raw mut token)?;
        webview.cast::<ICoreWebView2_14>()?.add_ServerCertificateErrorDetected(&certificate, &raw mut token)?;
        webview.cast::<ICoreWebView2_18>()?.add_LaunchingExternalUriScheme(&program, &raw mut token)
    }
}

/// The page wants to go (wry takes its view away then), or its process has.
unsafe fn report_end(webview: &ICoreWebView2, lock: &Lock) -> Result<()> {
    let mut token = 0;
    let told = lock.clone();
    let closing = WindowCloseRequestedEventHandler::create(Box::new(move |_, _| {
        told.refuse(Attempt::CloseWindow, None);
        (told.sink)(HostEvent::PortalCrashed { session: told.session.clone() });
        Ok(())
    }));
    let told = lock.clone();
    let failed = ProcessFailedEventHandler::create(Box::new(move |_, failed| {
        let mut kind = COREWEBVIEW2_PROCESS_FAILED_KIND::default();
        if let Some(failed) = failed {
            // SAFETY: as above.
            unsafe { failed.ProcessFailedKind(&raw mut kind)? };
        }
        let session = told.session.clone();
        // The engine starts its other processes again by itself.
        if kind == COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_UNRESPONSIVE {
            (told.sink)(HostEvent::PageStuck { session });
        } else if kind == COREWEBVIEW2_PROCESS_FAILED_KIND_BROWSER_PROCESS_EXITED
            || kind == COREWEBVIEW2_PROCESS_FAILED_KIND_RENDER_PROCESS_EXITED
        {
            (told.sink)(HostEvent::PortalCrashed { session });
        }
        Ok(())
    }));
    // SAFETY: as above.
    unsafe {
        webview.add_WindowCloseRequested(&closing, &raw mut token)?;
        webview.add_ProcessFailed(&failed, &raw mut token)
    }
}

/// What a frame goes to is judged and recorded like the page's own navigation, for which alone wry asks.
unsafe fn judge_frames(webview: &ICoreWebView2, lock: &Lock) -> Result<()> {
    let mut token = 0;
    let told = lock.clone();
    let starting = NavigationStartingEventHandler::create(Box::new(move |_, starting| {
        let Some(starting) = starting else { return Ok(()) };
        let mut address = PWSTR::null();
        // SAFETY: as above.
        unsafe {
            starting.Uri(&raw mut address)?;
            starting.SetCancel(!told.allows_navigation(&take_pwstr(address)))
        }
    }));
    // SAFETY: as above.
    unsafe { webview.add_FrameNavigationStarting(&starting, &raw mut token) }
}

/// Tells when a page stands, and when the portal did not answer: the gateway says so in a header, or nobody answered at all.
unsafe fn report_loading(webview: &ICoreWebView2, lock: &Lock, awaited: &Rc<Cell<bool>>) -> Result<()> {
    let mut token = 0;
    let told = lock.clone();
    let is_silent = Rc::new(Cell::new(false));
    let found_silent = Rc::clone(&is_silent);
    let answered = WebResourceResponseReceivedEventHandler::create(Box::new(move |_, received| {
        let Some(received) = received else { return Ok(()) };
        // SAFETY: as above.
        unsafe {
            let headers = received.Response()?.Headers()?;
            let mut there = BOOL::default();
            headers.Contains(w!("Amberglass-Portal"), &raw mut there)?;
            if !there.as_bool() {
                return Ok(());
            }
            let (mut wanted, mut reference) = (PWSTR::null(), PWSTR::null());
            // Missing is an error.
            let asked = received.Request()?.Headers()?.GetHeader(w!("Sec-Fetch-Dest"), &raw mut wanted);
            if asked.is_ok() && take_pwstr(wanted) == "document" {
                let found = headers.GetHeader(w!("Amberglass-Reference"), &raw mut reference);
                found_silent.set(true);
                told.unreachable(&found.map(|()| take_pwstr(reference)).unwrap_or_default());
            }
        }
        Ok(())
    }));
    let (told, awaited) = (lock.clone(), Rc::clone(awaited));
    let loaded = NavigationCompletedEventHandler::create(Box::new(move |_, completed| {
        let Some(completed) = completed else { return Ok(()) };
        let (mut fine, mut status, mut answer) = (BOOL::default(), COREWEBVIEW2_WEB_ERROR_STATUS::default(), 0);
        // SAFETY: as above.
        unsafe {
            completed.IsSuccess(&raw mut fine)?;
            completed.WebErrorStatus(&raw mut status)?;
            completed.cast::<ICoreWebView2NavigationCompletedEventArgs2>()?.HttpStatusCode(&raw mut answer)?;
        }
        let session = told.session.clone();
        let is_silent = is_silent.replace(false);
        // An answer of 400 and above is a page, too; it is told as an unknown error.
        let is_page = answer != 0 && (fine.as_bool() || status == COREWEBVIEW2_WEB_ERROR_STATUS_UNKNOWN);
        // Refused by a handler, replaced by another one, or a file: it leaves the page as it was. Below the servers that can't be
        // reached are the certificates, which have a curtain of their own.
        let is_harmless = status == COREWEBVIEW2_WEB_ERROR_STATUS_OPERATION_CANCELED
            || status == COREWEBVIEW2_WEB_ERROR_STATUS_CONNECTION_ABORTED
            || status.0 < COREWEBVIEW2_WEB_ERROR_STATUS_SERVER_UNREACHABLE.0;
        if is_page {
            if !is_silent && awaited.take() {
                (told.sink)(HostEvent::PortalPainted { session });
            }
        } else if !fine.as_bool() && !is_harmless {
            told.unreachable("");
        }
        Ok(())
    }));
    // SAFETY: as above.
    unsafe {
        webview.cast::<ICoreWebView2_2>()?.add_WebResourceResponseReceived(&answered, &raw mut token)?;
        webview.add_NavigationCompleted(&loaded, &raw mut token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_lead_out_of_the_page_are_told_from_those_that_stay_in_it() {
        let key = |letter: char| u32::from(letter);
        assert_eq!(leads_out(key('P'), true, false), Some(Attempt::Print));
        assert_eq!(leads_out(key('I'), true, true), Some(Attempt::DeveloperTools));
        assert_eq!(leads_out(u32::from(VK_F12.0), false, false), Some(Attempt::DeveloperTools));
        for stays in ['F', 'C', 'A', 'R', 'Z'] {
            assert_eq!(leads_out(key(stays), true, false), None, "{stays}");
        }
        assert_eq!(leads_out(key('P'), false, false), None);
    }

    #[test]
    fn every_key_that_copies_or_cuts_is_known_as_one() {
        for (key, control, shift) in [(VK_C, true, false), (VK_X, true, false), (VK_INSERT, true, false)] {
            assert!(copies(u32::from(key.0), control, shift), "{key:?}");
            assert!(!copies(u32::from(key.0), false, shift), "{key:?} alone");
        }
        assert!(copies(u32::from(VK_DELETE.0), false, true));
        assert!(!copies(u32::from(VK_DELETE.0), false, false));
    }
}
