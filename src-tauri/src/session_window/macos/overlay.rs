//! The overlay on macOS: a view of ours above the portal's, backed by a layer. Where the page is uncovered it is hit by nothing,
//! so that clicks and the pointer reach the page.
#![allow(unsafe_code, reason = "AppKit offers no other way; what makes a block sound stands beside it")]

use std::{
    cell::{Cell, RefCell},
    ptr::{self, NonNull},
    rc::{Rc, Weak},
};

use amberglass_app::view::SessionWindowView;
use amberglass_overlay::{Bitmap, CurtainAction, PixelOrder, Surface, Theme};
use amberglass_wire::audit::Attempt;
use block2::RcBlock;
use objc2::{DefinedClass as _, MainThreadMarker, MainThreadOnly, define_class, msg_send, rc::Retained};
use objc2_app_kit::{
    NSApplication, NSAutoresizingMaskOptions, NSEvent, NSEventModifierFlags, NSEventType, NSMenu, NSView,
    NSViewLayerContentsRedrawPolicy,
};
use objc2_core_foundation::{CFData, CFRetained};
use objc2_core_graphics::{
    CGBitmapInfo, CGColorRenderingIntent, CGColorSpace, CGDataProvider, CGEventSource, CGEventSourceStateID,
    CGEventType, CGImage, CGImageAlphaInfo,
};
use objc2_foundation::{NSPoint, NSRect, NSRunLoop, NSRunLoopCommonModes, NSSize, NSTimer};
use tauri::Window;

use super::curtain_controls::CurtainControls;
use crate::session_window::{WindowError, give_up, painting::Painting, portal::Lock};

/// Seconds; often enough that no second of the countdown is skipped.
const TICK: f64 = 0.25;

/// Gone with its view when it is dropped.
pub struct Overlay {
    parts: Rc<Parts>,
    timer: Retained<NSTimer>,
}

struct Parts {
    window: Window,
    view: Retained<OverlayView>,
    below: Retained<NSView>,
    /// Logical pixels.
    bar: Cell<u32>,
    painting: Rc<RefCell<Painting>>,
    controls: CurtainControls,
}

struct Ivars {
    painting: Rc<RefCell<Painting>>,
    /// Physical pixels of one logical one.
    scale: Cell<f64>,
    pressed: Cell<Option<CurtainAction>>,
}

define_class!(
    // SAFETY: NSView asks nothing of its subclasses, and this one has no `Drop`.
    #[unsafe(super(NSView))]
    #[thread_kind = MainThreadOnly]
    #[name = "AmberglassOverlay"]
    #[ivars = Ivars]
    struct OverlayView;

    impl OverlayView {
        /// Nothing while the page is uncovered: what is below gets the click, unless it asks for the engine's menu.
        #[unsafe(method(hitTest:))]
        fn hit_test(&self, point: NSPoint) -> *const NSView {
            // Asked about the whole window, and the bar is not ours. The place is the parent's.
            let NSRect { origin, size } = self.frame();
            let (x, y) = (point.x - origin.x, point.y - origin.y);
            let is_inside = (0.0..size.width).contains(&x) && (0.0..size.height).contains(&y);
            if is_inside && (self.ivars().painting.borrow().covers_page() || asks_for_menu(self.mtm())) {
                ptr::from_ref::<NSView>(self)
            } else {
                ptr::null()
            }
        }

        /// The page's menu would open links elsewhere and save pictures.
        #[unsafe(method(menuForEvent:))]
        fn menu(&self, _event: &NSEvent) -> *mut NSMenu {
            self.ivars().painting.borrow().lock().refuse(Attempt::ContextMenu, None);
            ptr::null_mut()
        }

        #[unsafe(method(isFlipped))]
        fn is_flipped(&self) -> bool {
            true
        }

        // Both on the same button: a curtain that falls under a press is not meant by it.
        #[unsafe(method(mouseDown:))]
        fn mouse_down(&self, event: &NSEvent) {
            self.ivars().pressed.set(self.button_under(event));
        }

        #[unsafe(method(mouseUp:))]
        fn mouse_up(&self, event: &NSEvent) {
            let released_on = self.button_under(event);
            if let Some(action) = self.ivars().pressed.take().filter(|pressed| Some(*pressed) == released_on) {
                self.ivars().painting.borrow().press(action);
            }
        }
    }
);

impl OverlayView {
    fn new(thread: MainThreadMarker, painting: Rc<RefCell<Painting>>) -> Retained<Self> {
        let view = Self::alloc(thread).set_ivars(Ivars { painting, scale: Cell::new(1.0), pressed: Cell::default() });
        // SAFETY: NSView's own initialiser.
        unsafe { msg_send![super(view), init] }
    }

    fn button_under(&self, event: &NSEvent) -> Option<CurtainAction> {
        let at = self.convertPoint_fromView(event.locationInWindow(), None);
        let pixels = |points: f64| (points >= 0.0).then(|| (points * self.ivars().scale.get()) as u32);
        self.ivars().painting.borrow().button_at(pixels(at.x)?, pixels(at.y)?)
    }
}

impl Overlay {
    /// Lays itself over all of `window` below the bar, whose height is in logical pixels.
    ///
    /// # Errors
    /// When the view or its first picture could not be made; the page must not be shown then.
    pub fn lay(window: &Window, view: &SessionWindowView, lock: &Lock, bar: u32) -> Result<Self, WindowError> {
        let no = |what: &str| WindowError::Overlay(what.to_owned());
        let thread = MainThreadMarker::new().ok_or_else(|| no("this is not the main thread"))?;
        let content = NonNull::new(window.ns_view()?.cast::<NSView>()).ok_or_else(|| no("the window has no view"))?;
        // SAFETY: the window's own content view, which lives as long as the window, and this is the main thread.
        let below = unsafe { Retained::retain(content.as_ptr()) }.ok_or_else(|| no("the window has no view"))?;
        let painting = Rc::new(RefCell::new(Painting::new(view, lock, PixelOrder::Rgba)));
        let view = OverlayView::new(thread, Rc::clone(&painting));
        view.setWantsLayer(true);
        // Its pixels are ours alone.
        view.setLayerContentsRedrawPolicy(NSViewLayerContentsRedrawPolicy::Never);
        view.setAutoresizingMask(
            NSAutoresizingMaskOptions::ViewWidthSizable | NSAutoresizingMaskOptions::ViewHeightSizable,
        );
        below.addSubview(&view);
        let controls = CurtainControls::new(&view, &painting);
        let parts = Rc::new(Parts { window: window.clone(), view, below, bar: Cell::new(bar), painting, controls });
        let ticking = Rc::downgrade(&parts);
        let timer = tick(&ticking);
        let overlay = Self { parts, timer };
        overlay.parts.follow().ok_or_else(|| no("its pixels were not taken"))?;
        Ok(overlay)
    }

    /// Paints this view from now on.
    pub fn show(&self, view: &SessionWindowView) {
        self.parts.painting.borrow_mut().show(view);
        self.parts.follow_or_fail();
    }

    /// The session window has another size.
    pub fn place(&self, bar: u32) {
        self.parts.bar.set(bar);
        self.parts.follow_or_fail();
    }

    /// Gives the curtain the keyboard.
    pub fn take_keyboard(&self) {
        self.parts.controls.take_keyboard();
    }

    /// Tab goes from the bar to the curtain, and back.
    pub fn follow_bar(&self, bar: Retained<NSView>) {
        self.parts.controls.follow_bar(bar);
    }

    /// Again, after another view was added.
    pub fn lie_above(&self) {
        self.parts.below.addSubview(&self.parts.view);
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        self.timer.invalidate();
        self.parts.view.removeFromSuperview();
    }
}

impl Parts {
    fn follow_or_fail(&self) {
        if self.follow().is_none() {
            tracing::error!("the overlay could not be shown");
            give_up(&self.window, self.painting.borrow().lock(), "the frame can't be drawn over the page");
        }
    }

    /// Pixels and place as they are to be now; nothing when they were not taken.
    fn follow(&self) -> Option<()> {
        let whole = self.below.bounds().size;
        let bar = f64::from(self.bar.get());
        let size = NSSize::new(whole.width, whole.height - bar);
        if size.width < 1.0 || size.height < 1.0 {
            return Some(());
        }
        // Views whose rows count upwards have their bar at the end.
        let from_below = if self.below.isFlipped() { bar } else { 0.0 };
        self.view.setFrame(NSRect::new(NSPoint::new(0.0, from_below), size));
        let scale = self.window.scale_factor().unwrap_or(1.0);
        self.view.ivars().scale.set(scale);
        let surface =
            Surface { width: (size.width * scale).round() as u32, height: (size.height * scale).round() as u32, scale };
        let focused = self.controls.focused();
        let mut painting = self.painting.borrow_mut();
        let Some(bitmap) = painting.changed(surface, self.theme(), focused) else { return Some(()) };
        let taken = image(bitmap).zip(self.view.layer());
        if taken.is_none() {
            painting.forget();
        }
        let (sentence, placed) = (painting.sentence(), painting.placed());
        // What AppKit asks the view meanwhile looks into it.
        drop(painting);
        let (image, layer) = taken?;
        self.controls.show(&sentence, placed, scale);
        layer.setContentsScale(scale);
        // SAFETY: an image is what a layer takes.
        unsafe { layer.setContents(Some((*image).as_ref())) };
        Some(())
    }

    /// Keys and pointer go to the page; the system says how long ago there was input.
    fn notice_input(&self) {
        let any = CGEventType(u32::MAX);
        let since = CGEventSource::seconds_since_last_event_type(CGEventSourceStateID::CombinedSessionState, any);
        if since < TICK && self.window.is_focused().unwrap_or_default() {
            self.painting.borrow().input_seen();
        }
    }

    fn theme(&self) -> Theme {
        if matches!(self.window.theme(), Ok(tauri::Theme::Dark)) { Theme::Dark } else { Theme::Light }
    }
}

/// Whether what happens just now is a press that opens a menu.
fn asks_for_menu(thread: MainThreadMarker) -> bool {
    let Some(event) = NSApplication::sharedApplication(thread).currentEvent() else { return false };
    let kind = event.r#type();
    kind == NSEventType::RightMouseDown
        || kind == NSEventType::LeftMouseDown && event.modifierFlags().contains(NSEventModifierFlags::Control)
}

fn tick(parts: &Weak<Parts>) -> Retained<NSTimer> {
    let parts = parts.clone();
    let block = RcBlock::new(move |_: NonNull<NSTimer>| {
        if let Some(parts) = parts.upgrade() {
            parts.follow_or_fail();
            parts.notice_input();
        }
    });
    // SAFETY: it is made on the main thread, whose run loop calls it there and nowhere else; also while a menu or the window's edge is
    // held.
    unsafe {
        let timer = NSTimer::timerWithTimeInterval_repeats_block(TICK, true, &block);
        NSRunLoop::mainRunLoop().addTimer_forMode(&timer, NSRunLoopCommonModes);
        timer
    }
}

fn image(bitmap: &Bitmap) -> Option<CFRetained<CGImage>> {
    let data = CFData::from_bytes(&bitmap.pixels);
    let provider = CGDataProvider::with_cf_data(Some(&data))?;
    let colours = CGColorSpace::new_device_rgb()?;
    let (width, height) = (bitmap.width as usize, bitmap.height as usize);
    // SAFETY: the provider holds height rows of width × 4 bytes; no table of decoding is given.
    unsafe {
        CGImage::new(
            width,
            height,
            8,
            32,
            width.checked_mul(4)?,
            Some(&colours),
            CGBitmapInfo(CGImageAlphaInfo::PremultipliedLast.0),
            Some(&provider),
            ptr::null(),
            false,
            CGColorRenderingIntent::RenderingIntentDefault,
        )
    }
}
