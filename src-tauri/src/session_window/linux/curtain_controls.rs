//! The curtain's buttons and its sentence as the desktop knows them: real widgets, invisible, right over what the overlay
//! has drawn. Through them keyboard, pointer and screen readers (AT-SPI) reach what is otherwise only pixels.

use std::{cell::RefCell, rc::Rc};

use amberglass_overlay::{Area, Curtain, CurtainAction, PlacedButton};
use gtk::{atk, prelude::*};

/// What a press does.
type Press = Rc<dyn Fn(CurtainAction)>;

pub struct CurtainControls {
    layers: gtk::Overlay,
    press: Press,
    /// Told when another button has the keyboard.
    focus_moved: Rc<dyn Fn()>,
    shown: RefCell<Shown>,
}

/// What stands on the curtain now.
#[derive(Default)]
struct Shown {
    sentence: String,
    announcement: Option<gtk::Label>,
    buttons: Vec<(PlacedButton, gtk::Button)>,
}

impl CurtainControls {
    pub fn new(layers: &gtk::Overlay, press: Press, focus_moved: Rc<dyn Fn()>) -> Self {
        Self { layers: layers.clone(), press, focus_moved, shown: RefCell::default() }
    }

    /// Follows the curtain. `placed` is where its buttons are drawn, `scale` how many of those pixels make one of GTK's.
    pub fn show(&self, curtain: Option<&Curtain>, placed: &[PlacedButton], scale: i32) {
        self.announce(curtain);
        let same = {
            let shown = self.shown.borrow();
            let actions = |placed: &PlacedButton| (placed.action, placed.label.clone());
            shown.buttons.iter().map(|(button, _)| actions(button)).eq(placed.iter().map(actions))
        };
        if !same {
            self.replace(curtain, placed);
        }
        for ((known, widget), placed) in self.shown.borrow_mut().buttons.iter_mut().zip(placed) {
            if !same || known.area != placed.area {
                place(widget, placed.area, scale);
                known.area = placed.area;
            }
        }
    }

    /// A label that appears is what screen readers speak; its text alone is not.
    fn announce(&self, curtain: Option<&Curtain>) {
        let sentence = curtain.map(Curtain::spoken).unwrap_or_default();
        if self.shown.borrow().sentence == sentence {
            return;
        }
        let announcement = (!sentence.is_empty()).then(|| {
            let label = gtk::Label::new(Some(&sentence));
            // It takes the room of one letter and is never seen.
            label.set_size_request(1, 1);
            label.set_ellipsize(gtk::pango::EllipsizeMode::End);
            label.set_max_width_chars(1);
            label.set_halign(gtk::Align::Start);
            label.set_valign(gtk::Align::Start);
            label.set_opacity(0.0);
            if let Some(accessible) = label.accessible() {
                accessible.set_role(atk::Role::Notification);
                accessible.set_name(&sentence);
            }
            self.layers.add_overlay(&label);
            self.layers.set_overlay_pass_through(&label, true);
            label.show();
            label
        });
        let before = {
            let mut shown = self.shown.borrow_mut();
            shown.sentence = sentence;
            std::mem::replace(&mut shown.announcement, announcement)
        };
        if let Some(label) = before {
            self.layers.remove(&label);
        }
    }

    fn replace(&self, curtain: Option<&Curtain>, placed: &[PlacedButton]) {
        // Outside the borrow: widgets that go tell so, and that comes back here.
        let before = std::mem::take(&mut self.shown.borrow_mut().buttons);
        for (_, widget) in before {
            self.layers.remove(&widget);
        }
        let about = curtain.map(Curtain::spoken).unwrap_or_default();
        let buttons = placed.iter().map(|placed| (placed.clone(), self.button(placed, &about))).collect();
        self.shown.borrow_mut().buttons = buttons;
    }

    fn button(&self, placed: &PlacedButton, about: &str) -> gtk::Button {
        let button = gtk::Button::new();
        button.set_opacity(0.0);
        button.set_halign(gtk::Align::Start);
        button.set_valign(gtk::Align::Start);
        if let Some(accessible) = button.accessible() {
            accessible.set_name(&placed.label);
            accessible.set_description(about);
        }
        let (press, action) = (Rc::clone(&self.press), placed.action);
        button.connect_clicked(move |_| press(action));
        let moved = Rc::clone(&self.focus_moved);
        button.connect_is_focus_notify(move |_| moved());
        self.layers.add_overlay(&button);
        button.show();
        button
    }

    /// The button that has the keyboard.
    pub fn focused(&self) -> Option<CurtainAction> {
        let shown = self.shown.try_borrow().ok()?;
        shown.buttons.iter().find(|(_, widget)| widget.is_focus()).map(|(placed, _)| placed.action)
    }

    /// Gives the keyboard to the button of this action, if there is one.
    pub fn focus(&self, action: CurtainAction) -> bool {
        let wanted = {
            let shown = self.shown.borrow();
            shown.buttons.iter().find(|(placed, _)| placed.action == action).map(|(_, widget)| widget.clone())
        };
        wanted.inspect(|widget| widget.grab_focus()).is_some()
    }

    pub fn has(&self, action: CurtainAction) -> bool {
        self.shown.borrow().buttons.iter().any(|(placed, _)| placed.action == action)
    }

    /// The first of them, for whoever comes by keyboard.
    pub fn focus_first(&self) -> bool {
        self.focus_nth(Some(0))
    }

    /// From the button that has the keyboard to its neighbour as they are seen, left to right: layers that lie over each
    /// other have no such order for GTK. False where there is none.
    pub fn step(&self, forward: bool) -> bool {
        let actions: Vec<_> = self.shown.borrow().buttons.iter().map(|(placed, _)| placed.action).collect();
        let at = self.focused().and_then(|focused| actions.iter().position(|action| *action == focused));
        self.focus_nth(match (at, forward) {
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => at.checked_sub(1),
            (None, true) => Some(0),
            (None, false) => actions.len().checked_sub(1),
        })
    }

    fn focus_nth(&self, at: Option<usize>) -> bool {
        // Outside the borrow: the widget tells that it has the keyboard, and that comes back here.
        let wanted = at.and_then(|at| self.shown.borrow().buttons.get(at).map(|(_, widget)| widget.clone()));
        wanted.inspect(|widget| widget.grab_focus()).is_some()
    }
}

fn place(button: &gtk::Button, area: Area, scale: i32) {
    let logical = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX) / scale.max(1);
    button.set_margin_start(logical(area.x));
    button.set_margin_top(logical(area.y));
    button.set_size_request(logical(area.width), logical(area.height));
}
