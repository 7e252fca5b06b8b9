//! Keyboard and pointer input as the host sees it. What the page does by itself does not count, and neither does anything
//! that no hand has done.

use std::{cell::Cell, rc::Rc};

use amberglass_app::host::HostEvent;
use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_wire::SessionId;
use gtk::{gdk, glib, prelude::*};

use crate::session_window::EventSink;

/// Tells of input at most once a second: pointer movement is a flood, idleness is counted in minutes.
#[derive(Clone)]
pub struct InputWatch {
    gate: Rc<OncePerSecond>,
    sink: EventSink,
    session: SessionId,
}

impl InputWatch {
    pub fn new(sink: EventSink, session: SessionId) -> Self {
        Self { gate: Rc::default(), sink, session }
    }

    /// The window sees every key before whatever has the keyboard.
    pub fn keys_of(&self, window: &impl IsA<gtk::Widget>) {
        let watch = self.clone();
        window.connect_key_press_event(move |_, _| {
            watch.seen();
            glib::Propagation::Proceed
        });
    }

    /// The pointer is seen by what it is over, before that has taken the event for itself.
    pub fn pointer_over(&self, widget: &impl IsA<gtk::Widget>) {
        let watch = self.clone();
        widget.connect_event(move |_, event| {
            let moved = matches!(
                event.event_type(),
                gdk::EventType::ButtonPress
                    | gdk::EventType::MotionNotify
                    | gdk::EventType::Scroll
                    | gdk::EventType::TouchBegin
            );
            if moved {
                watch.seen();
            }
            glib::Propagation::Proceed
        });
    }

    fn seen(&self) {
        if self.gate.passes(SystemClock.monotonic_millis()) {
            (self.sink)(HostEvent::InputSeen { session: self.session.clone() });
        }
    }
}

#[derive(Default)]
struct OncePerSecond(Cell<i64>);

impl OncePerSecond {
    fn passes(&self, monotonic_millis: i64) -> bool {
        let due = monotonic_millis.saturating_sub(self.0.get()) >= 1000;
        if due {
            self.0.set(monotonic_millis);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_reported_at_most_once_a_second() {
        let gate = OncePerSecond::default();
        assert_eq!([1000, 1500, 1999, 2000, 2100].map(|at| gate.passes(at)), [true, false, false, true, false]);
    }
}
