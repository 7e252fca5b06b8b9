//! What the overlay shows and whether a tick changes it, for systems that take finished pixels.

use amberglass_app::{host::HostEvent, view::SessionWindowView};
use amberglass_overlay::{
    Bitmap, Curtain, CurtainAction, OverlayState, PixelOrder, PlacedButton, Renderer, Surface, Theme, buttons,
};
use amberglass_system::SystemClock;

use super::{
    picture::{Picture, event_of},
    portal::Lock,
};

pub struct Painting {
    lock: Lock,
    picture: Picture,
    renderer: Renderer,
    order: PixelOrder,
    /// Of the pixels that were given last.
    shown: Option<(OverlayState, Surface)>,
    /// Given where nothing can be painted.
    grey: Bitmap,
    is_grey: bool,
}

impl Painting {
    pub fn new(view: &SessionWindowView, lock: &Lock, order: PixelOrder) -> Self {
        Self {
            lock: lock.clone(),
            picture: Picture::new(view, lock.reference(), &SystemClock),
            renderer: Renderer::new(order),
            order,
            shown: None,
            grey: Bitmap { width: 0, height: 0, order, pixels: Vec::new() },
            is_grey: false,
        }
    }

    /// Paints this view from now on.
    pub fn show(&mut self, view: &SessionWindowView) {
        self.picture = Picture::new(view, self.lock.reference(), &SystemClock);
    }

    /// Or what stands in a curtain's place.
    pub fn covers_page(&self) -> bool {
        self.picture.covers_page() || self.is_grey
    }

    /// The pixels, unless they are those of the time before. `desktop` is the theme for whoever has not chosen one, `focused`
    /// the curtain's button that has the keyboard.
    pub fn changed(&mut self, surface: Surface, desktop: Theme, focused: Option<CurtainAction>) -> Option<&Bitmap> {
        let state = self.picture.state(&SystemClock, desktop, focused);
        if self.shown.as_ref().is_some_and(|(before, on)| *before == state && *on == surface) {
            return None;
        }
        let painted = self.renderer.render(&state, &surface);
        self.is_grey = painted.is_err();
        let bitmap = match painted {
            Ok(frame) => frame.bitmap,
            Err(error) => {
                // A page without its frame must not be seen.
                tracing::error!(%error, "the overlay could not be painted; the page is covered");
                self.grey = plain_grey(&surface, self.order);
                &self.grey
            }
        };
        self.shown = Some((state, surface));
        Some(bitmap)
    }

    /// What is shown was not taken: the next time it is given again.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// The curtain's buttons, as they were shown last.
    pub fn placed(&self) -> Vec<PlacedButton> {
        self.shown.as_ref().map(|(state, surface)| buttons(state, surface)).unwrap_or_default()
    }

    /// What stands on the curtain, for whoever hears it; empty without one.
    pub fn sentence(&self) -> String {
        let curtain = self.shown.as_ref().and_then(|(state, _)| state.curtain.as_ref());
        curtain.map(Curtain::spoken).unwrap_or_default()
    }

    /// The curtain's button at this place, in physical pixels.
    pub fn button_at(&self, x: u32, y: u32) -> Option<CurtainAction> {
        self.placed().iter().find(|button| button.area.contains(x, y)).map(|button| button.action)
    }

    pub fn press(&self, action: CurtainAction) {
        (self.lock.sink)(event_of(action, &self.lock.session));
    }

    pub fn input_seen(&self) {
        (self.lock.sink)(HostEvent::InputSeen { session: self.lock.session.clone() });
    }

    pub fn lock(&self) -> &Lock {
        &self.lock
    }
}

/// Stone 200 of the palette, opaque.
fn plain_grey(surface: &Surface, order: PixelOrder) -> Bitmap {
    let pixel = match order {
        PixelOrder::Rgba => [0xe7, 0xe5, 0xe4, 0xff],
        PixelOrder::Bgra => [0xe4, 0xe5, 0xe7, 0xff],
    };
    let count = (surface.width as usize).saturating_mul(surface.height as usize);
    Bitmap { width: surface.width, height: surface.height, order, pixels: pixel.repeat(count) }
}
