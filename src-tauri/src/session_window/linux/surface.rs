//! Puts the overlay's pixels over the page. Clicks go through to the page while it is uncovered, and to the curtain's
//! buttons while it is not.

use std::{cell::RefCell, rc::Rc, time::Duration};

use amberglass_app::{host::HostEvent, view::SessionWindowView};
use amberglass_overlay::{CurtainAction, OverlayState, PixelOrder, Renderer, Surface, Theme, hit};
use amberglass_system::SystemClock;
use amberglass_wire::SessionId;
use gtk::{cairo, gdk, glib, prelude::*};

use crate::session_window::{EventSink, picture::Picture};

/// Often enough that no second of the countdown is skipped.
const TICK: Duration = Duration::from_millis(250);

pub struct OverlaySurface {
    area: gtk::DrawingArea,
    painting: Rc<RefCell<Painting>>,
    tick: glib::SourceId,
}

struct Painting {
    picture: Picture,
    renderer: Renderer,
    /// What stands on the screen, to know whether a tick changes it.
    shown: Option<OverlayState>,
    focused: Option<CurtainAction>,
    session: SessionId,
    sink: EventSink,
}

impl OverlaySurface {
    pub fn new(view: &SessionWindowView, sink: EventSink) -> Self {
        let area = gtk::DrawingArea::new();
        area.set_can_focus(true);
        area.add_events(gdk::EventMask::BUTTON_PRESS_MASK | gdk::EventMask::KEY_PRESS_MASK);
        let painting = Rc::new(RefCell::new(Painting {
            picture: Picture::new(view, &SystemClock),
            renderer: Renderer::new(PixelOrder::Bgra),
            shown: None,
            focused: None,
            session: view.session.clone(),
            sink,
        }));
        connect(&area, &painting);
        let tick = {
            let (area, painting) = (area.clone(), Rc::clone(&painting));
            glib::timeout_add_local(TICK, move || {
                let painting = painting.borrow();
                if painting.shown.as_ref() != Some(&painting.state()) {
                    area.queue_draw();
                }
                glib::ControlFlow::Continue
            })
        };
        Self { area, painting, tick }
    }

    pub fn widget(&self) -> &gtk::DrawingArea {
        &self.area
    }

    pub fn show(&self, view: &SessionWindowView) {
        let covers = {
            let mut painting = self.painting.borrow_mut();
            painting.picture = Picture::new(view, &SystemClock);
            painting.focused = None;
            painting.picture.covers_page()
        };
        shape_input(&self.area, covers);
        if covers {
            self.area.grab_focus();
        }
        self.area.queue_draw();
    }

    /// Must be called before the window goes: the tick holds the widget.
    pub fn stop(self) {
        self.tick.remove();
    }
}

impl Painting {
    fn state(&self) -> OverlayState {
        self.picture.state(&SystemClock, theme(), self.focused)
    }

    fn act(&self, action: CurtainAction) {
        let session = self.session.clone();
        (self.sink)(match action {
            CurtainAction::Retry => HostEvent::CurtainRetry { session },
            CurtainAction::EndSession | CurtainAction::CloseWindow => HostEvent::CurtainEnd { session },
        });
    }
}

fn connect(area: &gtk::DrawingArea, painting: &Rc<RefCell<Painting>>) {
    let shaping = Rc::clone(painting);
    area.connect_realize(move |area| shape_input(area, shaping.borrow().picture.covers_page()));
    let drawing = Rc::clone(painting);
    area.connect_draw(move |area, canvas| {
        draw(area, canvas, &mut drawing.borrow_mut());
        glib::Propagation::Proceed
    });
    let clicking = Rc::clone(painting);
    area.connect_button_press_event(move |area, event| {
        let painting = clicking.borrow();
        let scale = f64::from(area.scale_factor());
        let (x, y) = event.position();
        if let Some(action) =
            surface_of(area).and_then(|surface| hit(&painting.state(), &surface, x * scale, y * scale))
        {
            painting.act(action);
        }
        glib::Propagation::Stop
    });
    let typing = Rc::clone(painting);
    area.connect_key_press_event(move |area, event| keyboard(area, event, &mut typing.borrow_mut()));
}

/// Tab walks the curtain's buttons, Return and Space press the focused one.
fn keyboard(area: &gtk::DrawingArea, event: &gdk::EventKey, painting: &mut Painting) -> glib::Propagation {
    let actions: Vec<CurtainAction> = painting
        .state()
        .curtain
        .map(|curtain| curtain.buttons.iter().map(|button| button.action).collect())
        .unwrap_or_default();
    let key = event.keyval();
    if key == gdk::keys::constants::Tab || key == gdk::keys::constants::Right {
        let at = painting.focused.and_then(|focused| actions.iter().position(|action| *action == focused));
        // Past the last button the focus leaves for the bar.
        painting.focused = actions.get(at.map_or(0, |at| at + 1)).copied();
        area.queue_draw();
        return if painting.focused.is_some() { glib::Propagation::Stop } else { glib::Propagation::Proceed };
    }
    if key == gdk::keys::constants::Return || key == gdk::keys::constants::space {
        if let Some(action) = painting.focused {
            painting.act(action);
        }
        return glib::Propagation::Stop;
    }
    glib::Propagation::Proceed
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

fn surface_of(area: &gtk::DrawingArea) -> Option<Surface> {
    let scale = area.scale_factor();
    Some(Surface {
        width: u32::try_from(area.allocated_width().checked_mul(scale)?).ok()?,
        height: u32::try_from(area.allocated_height().checked_mul(scale)?).ok()?,
        scale: f64::from(scale),
    })
}

fn draw(area: &gtk::DrawingArea, canvas: &cairo::Context, painting: &mut Painting) {
    let state = painting.state();
    if paint(area, canvas, painting, &state).is_none() {
        // A page without its frame must not be seen: cover it with plain grey and say so in the log.
        tracing::error!("the overlay could not be painted; the page is covered");
        canvas.set_source_rgb(0.906, 0.898, 0.894);
        let _ = canvas.paint();
    }
    painting.shown = Some(state);
}

fn paint(
    area: &gtk::DrawingArea,
    canvas: &cairo::Context,
    painting: &mut Painting,
    state: &OverlayState,
) -> Option<()> {
    let surface = surface_of(area)?;
    let frame = painting.renderer.render(state, &surface).ok()?;
    let (width, height) = (i32::try_from(surface.width).ok()?, i32::try_from(surface.height).ok()?);
    let stride = width.checked_mul(4)?;
    let pixels = frame.bitmap.pixels.clone();
    let image = cairo::ImageSurface::create_for_data(pixels, cairo::Format::ARgb32, width, height, stride).ok()?;
    image.set_device_scale(surface.scale, surface.scale);
    canvas.set_source_surface(&image, 0.0, 0.0).ok()?;
    canvas.paint().ok()
}

fn theme() -> Theme {
    let dark = gtk::Settings::default().is_some_and(|settings| {
        settings.is_gtk_application_prefer_dark_theme()
            || settings.gtk_theme_name().is_some_and(|name| name.to_lowercase().contains("dark"))
    });
    if dark { Theme::Dark } else { Theme::Light }
}
