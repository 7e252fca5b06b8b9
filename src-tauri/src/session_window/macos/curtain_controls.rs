//! The curtain's buttons and its sentence as macOS knows them: real buttons that draw nothing, right over what the overlay shows.
//! Keyboard and VoiceOver reach them; the pointer meets the overlay, which does the same.
#![allow(unsafe_code, reason = "AppKit offers no other way; what makes a block sound stands beside it")]

use std::{
    cell::{OnceCell, RefCell},
    ptr,
    rc::Rc,
};

use amberglass_overlay::{Area, CurtainAction, PlacedButton};
use objc2::{
    DefinedClass as _, MainThreadMarker, MainThreadOnly, Message as _, define_class, msg_send,
    rc::Retained,
    runtime::{AnyObject, NSObjectProtocol},
    sel,
};
use objc2_app_kit::{
    NSAccessibility as _, NSAccessibilityAnnouncementKey, NSAccessibilityAnnouncementRequestedNotification,
    NSAccessibilityGroupRole, NSAccessibilityPostNotificationWithUserInfo, NSAccessibilityPriorityKey,
    NSAccessibilityPriorityLevel, NSButton, NSEvent, NSFocusRingType, NSView,
};
use objc2_foundation::{NSDictionary, NSNumber, NSPoint, NSRect, NSSize, NSString};

use crate::session_window::{child_view, painting::Painting};

/// Return, the one of the number block, Escape: as the keyboard numbers them.
const RETURN: [u16; 2] = [36, 76];
const ESCAPE: u16 = 53;

pub struct CurtainControls {
    layer: Retained<NSView>,
    painting: Rc<RefCell<Painting>>,
    /// Where Tab goes from the last button, and whence it comes to the first.
    bar: OnceCell<Retained<NSView>>,
    shown: RefCell<Shown>,
}

#[derive(Default)]
struct Shown {
    sentence: String,
    buttons: Vec<(PlacedButton, Retained<CurtainButton>)>,
}

struct Ivars {
    action: CurtainAction,
    painting: Rc<RefCell<Painting>>,
}

define_class!(
    // SAFETY: NSButton asks nothing of its subclasses that is not kept here, and this one has no `Drop`.
    #[unsafe(super(NSButton))]
    #[thread_kind = MainThreadOnly]
    #[name = "AmberglassCurtainButton"]
    #[ivars = Ivars]
    struct CurtainButton;

    unsafe impl NSObjectProtocol for CurtainButton {}

    impl CurtainButton {
        // Also for whoever has not switched the keyboard on for all controls: there is no other way out of a curtain by key.
        #[unsafe(method(acceptsFirstResponder))]
        fn accepts_first_responder(&self) -> bool {
            true
        }

        #[unsafe(method(canBecomeKeyView))]
        fn can_become_key_view(&self) -> bool {
            true
        }

        #[unsafe(method(pressed:))]
        fn pressed(&self, _sender: Option<&AnyObject>) {
            self.press();
        }

        #[unsafe(method(keyDown:))]
        fn key_down(&self, event: &NSEvent) {
            let key = event.keyCode();
            // Where a window can be closed there is nothing else to do.
            let closes = key == ESCAPE && self.ivars().action == CurtainAction::CloseWindow;
            if closes || RETURN.contains(&key) {
                self.press();
            } else if key == ESCAPE {
                child_view::focus_bar();
            } else {
                // SAFETY: NSButton's own: the space bar and Tab.
                unsafe { msg_send![super(self), keyDown: event] }
            }
        }
    }
);

impl CurtainButton {
    fn new(
        thread: MainThreadMarker,
        placed: &PlacedButton,
        about: &str,
        painting: &Rc<RefCell<Painting>>,
    ) -> Retained<Self> {
        let ivars = Ivars { action: placed.action, painting: Rc::clone(painting) };
        let button = Self::alloc(thread).set_ivars(ivars);
        // SAFETY: NSView's own initialiser; the button is its own target, which it does not hold, and has that method.
        let button: Retained<Self> = unsafe {
            let button: Retained<Self> = msg_send![super(button), init];
            button.setTarget(Some(&button));
            button.setAction(Some(sel!(pressed:)));
            button
        };
        button.setTitle(&NSString::from_str(&placed.label));
        button.setTransparent(true);
        // The overlay draws its own.
        button.setFocusRingType(NSFocusRingType::None);
        button.setAccessibilityHelp(Some(&NSString::from_str(about)));
        button
    }

    fn press(&self) {
        self.ivars().painting.borrow().press(self.ivars().action);
    }
}

impl CurtainControls {
    pub fn new(layer: &NSView, painting: &Rc<RefCell<Painting>>) -> Self {
        // SAFETY: AppKit's own name of a role.
        layer.setAccessibilityRole(Some(unsafe { NSAccessibilityGroupRole }));
        let layer = layer.retain();
        Self { layer, painting: Rc::clone(painting), bar: OnceCell::new(), shown: RefCell::default() }
    }

    /// Tab goes from this view to the buttons, and back.
    pub fn follow_bar(&self, bar: Retained<NSView>) {
        let _ = self.bar.set(bar);
        self.chain();
    }

    /// Follows the curtain, whose `sentence` is empty when there is none. `scale` is how many of its pixels make a point.
    pub fn show(&self, sentence: &str, placed: Vec<PlacedButton>, scale: f64) {
        let same = {
            let shown = self.shown.borrow();
            let actions = |placed: &PlacedButton| (placed.action, placed.label.clone());
            shown.buttons.iter().map(|(button, _)| actions(button)).eq(placed.iter().map(actions))
        };
        if !same {
            self.replace(sentence, &placed);
        }
        for ((known, button), placed) in self.shown.borrow_mut().buttons.iter_mut().zip(placed) {
            button.setFrame(points(placed.area, scale));
            *known = placed;
        }
        let before = std::mem::replace(&mut self.shown.borrow_mut().sentence, sentence.to_owned());
        if before != sentence {
            self.say(sentence);
        }
    }

    fn replace(&self, sentence: &str, placed: &[PlacedButton]) {
        let Some(thread) = MainThreadMarker::new() else { return };
        let had_keyboard = self.focused().is_some();
        // Outside the borrow: views that go tell so.
        let before = std::mem::take(&mut self.shown.borrow_mut().buttons);
        let made: Vec<_> = placed
            .iter()
            .map(|placed| (placed.clone(), CurtainButton::new(thread, placed, sentence, &self.painting)))
            .collect();
        for (_, button) in &made {
            self.layer.addSubview(button);
        }
        self.shown.borrow_mut().buttons = made;
        self.chain();
        for (_, button) in before {
            button.removeFromSuperview();
        }
        if had_keyboard {
            self.take_keyboard();
        }
    }

    /// From the bar through the buttons and back.
    fn chain(&self) {
        let Some(bar) = self.bar.get() else { return };
        let shown = self.shown.borrow();
        let mut from: &NSView = bar;
        // SAFETY: the bar outlives the overlay, and each button is replaced in this chain before it goes.
        unsafe {
            for (_, button) in &shown.buttons {
                from.setNextKeyView(Some(button));
                from = button;
            }
            from.setNextKeyView(if shown.buttons.is_empty() { None } else { Some(bar) });
        }
    }

    /// As the layer's name, and aloud.
    fn say(&self, sentence: &str) {
        let words = NSString::from_str(sentence);
        self.layer.setAccessibilityElement(!sentence.is_empty());
        self.layer.setAccessibilityLabel(Some(&words));
        if sentence.is_empty() {
            return;
        }
        let Some(window) = self.layer.window() else { return };
        let priority = NSNumber::new_isize(NSAccessibilityPriorityLevel::High.0);
        let (words, priority): (&AnyObject, &AnyObject) = (&words, &priority);
        // SAFETY: AppKit's own names, and what it expects under each.
        unsafe {
            let keys = [NSAccessibilityAnnouncementKey, NSAccessibilityPriorityKey];
            let told = NSDictionary::from_slices(&keys, &[words, priority]);
            let kind = NSAccessibilityAnnouncementRequestedNotification;
            NSAccessibilityPostNotificationWithUserInfo(&window, kind, Some(&told));
        }
    }

    /// The button that has the keyboard.
    pub fn focused(&self) -> Option<CurtainAction> {
        let responder = self.layer.window()?.firstResponder()?;
        let has_it =
            |button: &Retained<CurtainButton>| ptr::addr_eq(Retained::as_ptr(button), Retained::as_ptr(&responder));
        let shown = self.shown.borrow();
        shown.buttons.iter().find(|(_, button)| has_it(button)).map(|(placed, _)| placed.action)
    }

    /// To the button that does no harm when somebody was typing just now; to the bar, if there is no such button.
    pub fn take_keyboard(&self) {
        let retry = {
            let shown = self.shown.borrow();
            shown
                .buttons
                .iter()
                .find(|(placed, _)| placed.action == CurtainAction::Retry)
                .map(|(_, button)| button.clone())
        };
        let taken =
            retry.zip(self.layer.window()).is_some_and(|(retry, window)| window.makeFirstResponder(Some(&retry)));
        if !taken {
            child_view::focus_bar();
        }
    }
}

fn points(area: Area, scale: f64) -> NSRect {
    let point = |pixels: u32| f64::from(pixels) / scale;
    NSRect::new(NSPoint::new(point(area.x), point(area.y)), NSSize::new(point(area.width), point(area.height)))
}
