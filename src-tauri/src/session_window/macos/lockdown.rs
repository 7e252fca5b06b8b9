//! What WKWebView lets a page do beyond the handlers that wry has: each is refused, recorded and told. Its UI delegate takes the place
//! of wry's, which would show a file panel.
#![allow(unsafe_code, reason = "WebKit offers no other way; all of it runs on the main thread, where the view lives")]

use std::ptr;

use amberglass_app::host::HostEvent;
use amberglass_wire::audit::Attempt;
use block2::DynBlock;
use objc2::{
    DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send,
    rc::Retained,
    runtime::{Bool, NSObject, NSObjectProtocol, ProtocolObject},
    sel,
};
use objc2_foundation::{NSArray, NSNumber, NSObjectNSKeyValueCoding as _, NSString, NSURL, ns_string};
use objc2_web_kit::{
    WKFrameInfo, WKMediaCaptureType, WKNavigationAction, WKOpenPanelParameters, WKPermissionDecision, WKPreferences,
    WKSecurityOrigin, WKUIDelegate, WKWebView, WKWebViewConfiguration, WKWindowFeatures,
};
use wry::{WebView, WebViewExtMacOS as _};

use crate::session_window::portal::Lock;

/// WebKit holds it weakly: it has to be kept for as long as the view is.
pub struct UiDelegate {
    _delegate: Retained<Refusals>,
}

/// Nothing, off the main thread.
pub fn apply(view: &WebView, lock: &Lock) -> Option<UiDelegate> {
    let thread = MainThreadMarker::new()?;
    let webview = view.webview();
    let delegate = Refusals::new(thread, lock.clone());
    // SAFETY: see the top of this file. The preferences are those of the view itself, not copies.
    unsafe {
        let preferences = webview.configuration().preferences();
        // On the whole screen there would be no frame around it; wry allows it.
        preferences.setElementFullscreenEnabled(false);
        preferences.setJavaScriptCanOpenWindowsAutomatically(false);
        // A picture of its own would stand outside the frame.
        preferences
            .setValue_forKey(Some(&NSNumber::numberWithBool(false)), ns_string!("allowsPictureInPictureMediaPlayback"));
        close_private_doors(&preferences);
        webview.setInspectable(false);
        webview.setAllowsLinkPreview(false);
        webview.setUIDelegate(Some(ProtocolObject::from_ref(&*delegate)));
    }
    Some(UiDelegate { _delegate: delegate })
}

/// What WebKit has no public word for: connections that go around the proxy, and pictures of screens, cameras and microphones. A version
/// that does not know one of them keeps it open.
unsafe fn close_private_doors(preferences: &WKPreferences) {
    // SAFETY: each is sent only where it is understood; all take one boolean and give nothing.
    unsafe {
        if preferences.respondsToSelector(sel!(_setPeerConnectionEnabled:)) {
            let () = msg_send![preferences, _setPeerConnectionEnabled: false];
        }
        if preferences.respondsToSelector(sel!(_setScreenCaptureEnabled:)) {
            let () = msg_send![preferences, _setScreenCaptureEnabled: false];
        }
        if preferences.respondsToSelector(sel!(_setMediaDevicesEnabled:)) {
            let () = msg_send![preferences, _setMediaDevicesEnabled: false];
        }
    }
}

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and this one has no `Drop`.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[name = "AmberglassRefusals"]
    #[ivars = Lock]
    struct Refusals;

    unsafe impl NSObjectProtocol for Refusals {}

    unsafe impl WKUIDelegate for Refusals {
        #[unsafe(method(webView:createWebViewWithConfiguration:forNavigationAction:windowFeatures:))]
        fn new_window(
            &self,
            _view: &WKWebView,
            _configuration: &WKWebViewConfiguration,
            action: &WKNavigationAction,
            _features: &WKWindowFeatures,
        ) -> *mut WKWebView {
            // SAFETY: as above.
            let address = unsafe { action.request() }.URL().and_then(|url| url.absoluteString());
            self.ivars().refuse(Attempt::NewWindow, address.map(|address| address.to_string()).as_deref());
            ptr::null_mut()
        }

        #[unsafe(method(webViewDidClose:))]
        fn closed(&self, _view: &WKWebView) {
            let lock = self.ivars();
            lock.refuse(Attempt::CloseWindow, None);
            (lock.sink)(HostEvent::PortalCrashed { session: lock.session.clone() });
        }

        // The script gets the answer of a dialog that was dismissed.
        #[unsafe(method(webView:runJavaScriptAlertPanelWithMessage:initiatedByFrame:completionHandler:))]
        fn alert(&self, _view: &WKWebView, _message: &NSString, _frame: &WKFrameInfo, done: &DynBlock<dyn Fn()>) {
            self.ivars().refuse(Attempt::ScriptDialog, None);
            done.call(());
        }

        #[unsafe(method(webView:runJavaScriptConfirmPanelWithMessage:initiatedByFrame:completionHandler:))]
        fn confirm(&self, _view: &WKWebView, _message: &NSString, _frame: &WKFrameInfo, done: &DynBlock<dyn Fn(Bool)>) {
            self.ivars().refuse(Attempt::ScriptDialog, None);
            done.call((Bool::NO,));
        }

        #[unsafe(method(webView:runJavaScriptTextInputPanelWithPrompt:defaultText:initiatedByFrame:completionHandler:))]
        fn prompt(
            &self,
            _view: &WKWebView,
            _prompt: &NSString,
            _default: Option<&NSString>,
            _frame: &WKFrameInfo,
            done: &DynBlock<dyn Fn(*mut NSString)>,
        ) {
            self.ivars().refuse(Attempt::ScriptDialog, None);
            done.call((ptr::null_mut(),));
        }

        #[unsafe(method(webView:runOpenPanelWithParameters:initiatedByFrame:completionHandler:))]
        fn open_panel(
            &self,
            _view: &WKWebView,
            _parameters: &WKOpenPanelParameters,
            _frame: &WKFrameInfo,
            done: &DynBlock<dyn Fn(*mut NSArray<NSURL>)>,
        ) {
            self.ivars().refuse(Attempt::Upload, None);
            done.call((ptr::null_mut(),));
        }

        #[unsafe(method(webView:requestMediaCapturePermissionForOrigin:initiatedByFrame:type:decisionHandler:))]
        fn capture(
            &self,
            _view: &WKWebView,
            _origin: &WKSecurityOrigin,
            _frame: &WKFrameInfo,
            _kind: WKMediaCaptureType,
            decide: &DynBlock<dyn Fn(WKPermissionDecision)>,
        ) {
            self.ivars().refuse(Attempt::Permission, Some("capture"));
            decide.call((WKPermissionDecision::Deny,));
        }

        #[unsafe(method(webView:requestDeviceOrientationAndMotionPermissionForOrigin:initiatedByFrame:decisionHandler:))]
        fn motion(
            &self,
            _view: &WKWebView,
            _origin: &WKSecurityOrigin,
            _frame: &WKFrameInfo,
            decide: &DynBlock<dyn Fn(WKPermissionDecision)>,
        ) {
            self.ivars().refuse(Attempt::Permission, Some("motion"));
            decide.call((WKPermissionDecision::Deny,));
        }
    }
);

impl Refusals {
    fn new(thread: MainThreadMarker, lock: Lock) -> Retained<Self> {
        let delegate = Self::alloc(thread).set_ivars(lock);
        // SAFETY: NSObject's own initialiser.
        unsafe { msg_send![super(delegate), init] }
    }
}
