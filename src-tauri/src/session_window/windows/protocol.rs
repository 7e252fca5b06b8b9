//! What WebView2 has no event of its own for: the choosing of files, and drags. Its DevTools protocol holds both back before the
//! system shows anything, also with the tools themselves switched off. A runtime that does not know one of them keeps it open, and
//! so does a sandboxed frame its file chooser, for it is a target of its own. Chromium 156 did as it says here; WebView2 is untried.
#![allow(
    unsafe_code,
    reason = "COM offers no other way; every call is on the view's own thread, on objects that it holds"
)]

use amberglass_wire::audit::Attempt;
use webview2_com::{
    CallDevToolsProtocolMethodCompletedHandler, DevToolsProtocolEventReceivedEventHandler,
    Microsoft::Web::WebView2::Win32::ICoreWebView2,
};
use windows::core::{PCWSTR, Result, w};
use wry::{WebView, WebViewExtWindows as _};

use crate::session_window::portal::Lock;

/// # Errors
/// When the runtime does not take it at all.
pub fn apply(view: &WebView, lock: &Lock) -> Result<()> {
    let webview = view.webview();
    let told = lock.clone();
    listen(&webview, w!("Page.fileChooserOpened"), move |_| told.refuse(Attempt::Upload, None))?;
    let told = lock.clone();
    listen(&webview, w!("Input.dragIntercepted"), move |webview| {
        told.refuse(Attempt::DragOut, None);
        // Until a drag that was held back is over, the page gets no pointer any more.
        let over = w!(r#"{"type":"dragCancel","x":0,"y":0,"data":{"items":[],"dragOperationsMask":0}}"#);
        if let Err(error) = call(webview, w!("Input.dispatchDragEvent"), over) {
            tracing::warn!(%error, "the page waits for the end of a drag");
        }
    })?;
    // Without it no chooser is told of.
    call(&webview, w!("Page.enable"), w!("{}"))?;
    // A chooser that is cancelled opens the next time, too.
    call(&webview, w!("Page.setInterceptFileChooserDialog"), w!(r#"{"enabled":true,"cancel":true}"#))?;
    call(&webview, w!("Input.setInterceptDrags"), w!(r#"{"enabled":true}"#))
}

fn listen(webview: &ICoreWebView2, event: PCWSTR, act: impl Fn(&ICoreWebView2) + 'static) -> Result<()> {
    let handler = DevToolsProtocolEventReceivedEventHandler::create(Box::new(move |webview, _| {
        if let Some(webview) = webview {
            act(&webview);
        }
        Ok(())
    }));
    let mut token = 0;
    // SAFETY: see the top of this file.
    unsafe {
        webview.GetDevToolsProtocolEventReceiver(event)?.add_DevToolsProtocolEventReceived(&handler, &raw mut token)
    }
}

fn call(webview: &ICoreWebView2, method: PCWSTR, parameters: PCWSTR) -> Result<()> {
    let answered = CallDevToolsProtocolMethodCompletedHandler::create(Box::new(|done, answer| {
        if let Err(error) = done {
            tracing::warn!(%error, answer, "the engine does not hold back what it was told to");
        }
        Ok(())
    }));
    // SAFETY: as above; both texts are constants.
    unsafe { webview.CallDevToolsProtocolMethod(method, parameters, &answered) }
}
