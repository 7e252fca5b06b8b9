//! Puts the overlay's pixels over the page. Clicks go through to the page while it is uncovered; the curtain takes them all.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    time::Duration,
};

use amberglass_app::view::SessionWindowView;
use amberglass_overlay::{CurtainAction, OverlayState, PixelOrder, Renderer, Surface, Theme, buttons};
use amberglass_system::SystemClock;
use gtk::{cairo, gdk, glib, prelude::*};

use super::{curtain_controls::CurtainControls, desktop_text_scale};
use crate::session_window::{
    picture::{Picture, event_of},
    portal::Lock,
};

/// Often enough that no second of the countdown is skipped.
const TICK: Duration = Duration::from_millis(250);

pub struct OverlaySurface {
    parts: Rc<Parts>,
    tick: Cell<Option<glib::SourceId>>,
    /// The page had the keyboard once: until then whatever else has it got it by being built first.
    uncovered_before: Cell<bool>,
}

struct Parts {
    area: gtk::DrawingArea,
    controls: CurtainControls,
    lock: Lock,
    picture: RefCell<Picture>,
    painting: RefCell<Painting>,
}

/// From the drawing to the screen.
const FRAMES: u32 = 2;

struct Painting {
    renderer: Renderer,
    /// What stands on the screen, to know whether a tick changes it.
    shown: Option<OverlayState>,
    /// What is waiting for a curtain to stand on the screen.
    waiting: Vec<Box<dyn FnOnce()>>,
}

impl OverlaySurface {
    /// Lays itself over what `layers` holds.
    pub fn new(layers: &gtk::Overlay, view: &SessionWindowView, lock: &Lock) -> Self {
        let area = gtk::DrawingArea::new();
        area.add_events(gdk::EventMask::BUTTON_PRESS_MASK | gdk::EventMask::POINTER_MOTION_MASK);
        if let Some(accessible) = area.accessible() {
            accessible.set_name("Frame of the session");
        }
        layers.add_overlay(&area);
        let told = lock.clone();
        let press = Rc::new(move |action| (told.sink)(event_of(action, &told.session)));
        let painting = Painting { renderer: Renderer::new(PixelOrder::Bgra), shown: None, waiting: Vec::new() };
        let parts = Rc::new_cyclic(|weak: &Weak<Parts>| {
            let follow = weak.clone();
            let focus_moved = Rc::new(move || {
                if let Some(parts) = follow.upgrade() {
                    parts.area.queue_draw();
                }
            });
            Parts {
                area,
                controls: CurtainControls::new(layers, press, focus_moved),
                picture: RefCell::new(Picture::new(view, lock.reference(), &SystemClock)),
                lock: lock.clone(),
                painting: RefCell::new(painting),
            }
        });
        connect(&parts);
        let ticking = Rc::downgrade(&parts);
        let tick = glib::timeout_add_local(TICK, move || {
            if let Some(parts) = ticking.upgrade() {
                parts.tick();
            }
            glib::ControlFlow::Continue
        });
        let surface = Self { parts, tick: Cell::new(Some(tick)), uncovered_before: Cell::default() };
        surface.parts.follow();
        surface
    }

    pub fn area(&self) -> &gtk::DrawingArea {
        &self.parts.area
    }

    /// Paints this view from now on. Whoever types in the bar goes on typing there; otherwise the keyboard follows the
    /// curtain. Whether the page is uncovered by this and has to get the keyboard is the answer.
    pub fn show(&self, view: &SessionWindowView, bar_has_keyboard: bool) -> bool {
        let before = self.parts.controls.focused();
        let (covered, covers) = {
            let mut picture = self.parts.picture.borrow_mut();
            let covered = picture.covers_page();
            *picture = Picture::new(view, self.parts.lock.reference(), &SystemClock);
            (covered, picture.covers_page())
        };
        self.parts.follow();
        let lost = before.is_some_and(|action| !self.parts.controls.has(action));
        if covers && !bar_has_keyboard && (!covered || lost) {
            self.take_keyboard();
        }
        let first = covered && !covers && !self.uncovered_before.replace(true);
        covered && !covers && (first || !bar_has_keyboard)
    }

    /// To the button that does no harm when somebody was typing just now; to none, if there is no such button.
    fn take_keyboard(&self) {
        if !self.parts.controls.focus(CurtainAction::Retry) {
            self.parts.area.grab_focus();
        }
    }

    /// For whoever comes by keyboard on purpose. False when the page is not covered.
    pub fn focus_curtain(&self) -> bool {
        let covers = self.covers();
        if covers && !self.parts.controls.focus(CurtainAction::Retry) && !self.parts.controls.focus_first() {
            self.parts.area.grab_focus();
        }
        covers
    }

    /// To the curtain's next or previous button; false past the last and before the first.
    pub fn step(&self, forward: bool) -> bool {
        self.parts.controls.step(forward)
    }

    pub fn covers(&self) -> bool {
        self.parts.picture.borrow().covers_page()
    }

    /// Calls `work` when a curtain stands on the screen: at once, if one does.
    pub fn when_covered(&self, work: Box<dyn FnOnce()>) {
        let mut painting = self.parts.painting.borrow_mut();
        if painting.shown.as_ref().is_some_and(|shown| shown.curtain.is_some()) {
            drop(painting);
            work();
        } else {
            painting.waiting.push(work);
        }
    }

    pub fn offers(&self, action: CurtainAction) -> bool {
        self.parts.controls.has(action)
    }

    /// Nothing is painted any more; called before the window goes.
    pub fn stop(&self) {
        if let Some(tick) = self.tick.take() {
            tick.remove();
        }
    }
}

impl Parts {
    fn state(&self) -> OverlayState {
        let state = self.picture.borrow().state(&SystemClock, desktop_theme(), self.controls.focused());
        // The desktop's wish and the person's own, as in the bar.
        OverlayState { text_scale: state.text_scale * desktop_text_scale() as f32, ..state }
    }

    /// Widgets and pixels follow the picture.
    fn follow(&self) {
        let state = self.state();
        let covers = state.curtain.is_some();
        self.area.set_can_focus(covers);
        shape_input(&self.area, covers);
        self.place_controls(&state);
        self.area.queue_draw();
    }

    fn place_controls(&self, state: &OverlayState) {
        let placed = surface_of(&self.area).map(|surface| buttons(state, &surface)).unwrap_or_default();
        self.controls.show(state.curtain.as_ref(), &placed, self.area.scale_factor());
    }

    fn tick(&self) {
        if !lies_over_its_page(&self.area) {
            tracing::warn!("the overlay lay elsewhere than its page; both are laid out again");
            lay_out_again(&self.area);
        }
        let state = self.state();
        if self.painting.borrow().shown.as_ref() != Some(&state) {
            if state.curtain.is_some() {
                self.place_controls(&state);
            }
            self.area.queue_draw();
        }
    }

    fn draw(&self, canvas: &cairo::Context) {
        let state = self.state();
        let mut painting = self.painting.borrow_mut();
        if paint(&self.area, canvas, &mut painting.renderer, &state).is_none() {
            // A page without its frame must not be seen: cover it with plain grey and say so in the log.
            tracing::error!("the overlay could not be painted; the page is covered");
            canvas.set_source_rgb(0.906, 0.898, 0.894);
            let _ = canvas.paint();
        }
        if state.curtain.is_some() && !painting.waiting.is_empty() {
            let waiting = RefCell::new(std::mem::take(&mut painting.waiting));
            let frames = Cell::new(0);
            self.area.add_tick_callback(move |_, _| {
                frames.set(frames.get() + 1);
                if frames.get() < FRAMES {
                    return glib::ControlFlow::Continue;
                }
                waiting.take().into_iter().for_each(|work| work());
                glib::ControlFlow::Break
            });
        }
        painting.shown = Some(state);
    }
}

fn connect(parts: &Rc<Parts>) {
    let shaping = Rc::downgrade(parts);
    parts.area.connect_realize(move |area| {
        if let Some(parts) = shaping.upgrade() {
            shape_input(area, parts.picture.borrow().covers_page());
        }
    });
    let drawing = Rc::downgrade(parts);
    parts.area.connect_draw(move |_, canvas| {
        if let Some(parts) = drawing.upgrade() {
            parts.draw(canvas);
        }
        glib::Propagation::Proceed
    });
    let sizing = Rc::downgrade(parts);
    parts.area.connect_size_allocate(move |area, _| {
        // The shape was cut for another size, and the buttons stand elsewhere now. Not from within the allocation itself:
        // it would be asked for again.
        let (sizing, area) = (sizing.clone(), area.clone());
        glib::idle_add_local_once(move || {
            if let Some(parts) = sizing.upgrade() {
                shape_input(&area, parts.picture.borrow().covers_page());
                parts.place_controls(&parts.state());
                // Bar and page have moved too, and no strip between them may keep what stood there before.
                if let Some(window) = area.toplevel() {
                    window.queue_draw();
                }
            }
        });
    });
    // What is covered gets no clicks.
    parts.area.connect_button_press_event(|_, _| glib::Propagation::Stop);
}

/// An empty input shape lets every click through; no shape takes them all.
fn shape_input(area: &gtk::DrawingArea, covers: bool) {
    if let Some(window) = area.window() {
        if covers {
            let whole =
                cairo::Region::create_rectangle(&cairo::RectangleInt::new(0, 0, window.width(), window.height()));
            window.input_shape_combine_region(&whole, 0, 0);
        } else {
            window.input_shape_combine_region(&cairo::Region::create(), 0, 0);
        }
    }
    if let Some(layers) = area.parent().and_then(|parent| parent.downcast::<gtk::Overlay>().ok()) {
        layers.set_overlay_pass_through(area, !covers);
    }
}

/// Whether GTK has given the overlay the room of the page below it. A strip of the page that it leaves free would have
/// neither frame nor watermark, which was seen once after the bar had become smaller.
fn lies_over_its_page(area: &gtk::DrawingArea) -> bool {
    let Some(layers) = area.parent() else { return true };
    let (own, page) = (area.allocation(), layers.allocation());
    let placed = match (area.window(), layers.window()) {
        (Some(own), Some(around)) => {
            let ((_, x, y), (_, left, top)) = (own.origin(), around.origin());
            (x, y) == (left + page.x(), top + page.y())
        }
        // Not on the screen.
        (None, _) | (_, None) => true,
    };
    placed && (own.width(), own.height()) == (page.width(), page.height())
}

fn lay_out_again(area: &gtk::DrawingArea) {
    if let Some(layers) = area.parent() {
        layers.queue_resize();
    }
    // A wish that was already noted asks for nothing more.
    if let Some(window) = area.toplevel().and_then(|window| window.downcast::<gtk::Container>().ok()) {
        window.check_resize();
        window.queue_draw();
    }
}

fn surface_of(area: &gtk::DrawingArea) -> Option<Surface> {
    let scale = area.scale_factor();
    Some(Surface {
        width: u32::try_from(area.allocated_width().checked_mul(scale)?).ok()?,
        height: u32::try_from(area.allocated_height().checked_mul(scale)?).ok()?,
        scale: f64::from(scale),
    })
}

fn paint(
    area: &gtk::DrawingArea,
    canvas: &cairo::Context,
    renderer: &mut Renderer,
    state: &OverlayState,
) -> Option<()> {
    let surface = surface_of(area)?;
    let frame = renderer.render(state, &surface).ok()?;
    let (width, height) = (i32::try_from(surface.width).ok()?, i32::try_from(surface.height).ok()?);
    let stride = width.checked_mul(4)?;
    let pixels = frame.bitmap.pixels.clone();
    let image = cairo::ImageSurface::create_for_data(pixels, cairo::Format::ARgb32, width, height, stride).ok()?;
    image.set_device_scale(surface.scale, surface.scale);
    canvas.set_source_surface(&image, 0.0, 0.0).ok()?;
    canvas.paint().ok()
}

fn desktop_theme() -> Theme {
    let dark = gtk::Settings::default().is_some_and(|settings| {
        settings.is_gtk_application_prefer_dark_theme()
            || settings.gtk_theme_name().is_some_and(|name| name.to_lowercase().contains("dark"))
    });
    if dark { Theme::Dark } else { Theme::Light }
}
