//! The overlay between two ticks: keeps the painted bitmap and repaints no more than what changed.

use crate::bitmap::{Area, Bitmap};
use crate::frame::{Pill, label};
use crate::watermark::clamped_opacity;
use crate::{Curtain, OverlayError, OverlayState, Pace, PixelOrder, Surface, paint};

/// Paints like [`crate::render`], but a tick of the countdown costs only the pill.
#[derive(Debug)]
pub struct Renderer {
    order: PixelOrder,
    last: Option<Painted>,
}

/// What [`Renderer::render`] gives back.
#[derive(Debug)]
pub struct Frame<'a> {
    pub bitmap: &'a Bitmap,
    /// What differs from the frame before; `None` if nothing does.
    pub damage: Option<Area>,
}

#[derive(Debug)]
struct Painted {
    key: Key,
    label: String,
    bitmap: Bitmap,
}

/// Everything the picture depends on, except the pill's digits.
#[derive(Debug, PartialEq)]
struct Key {
    session_code: String,
    utc_minute: String,
    opacity: f32,
    pace: Pace,
    text_scale: f32,
    curtain: Option<Curtain>,
    label_shape: String,
    surface: Surface,
}

impl Key {
    fn new(state: &OverlayState, surface: &Surface, label: &str) -> Self {
        Self {
            session_code: state.session_code.clone(),
            utc_minute: state.utc_minute.clone(),
            opacity: clamped_opacity(state.watermark_opacity),
            pace: state.pace(),
            text_scale: state.text_scale(),
            curtain: state.curtain.clone(),
            label_shape: label.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect(),
            surface: *surface,
        }
    }
}

impl Renderer {
    /// `order` is the byte order the native layer wants; asking for it here costs nothing, converting afterwards does.
    pub fn new(order: PixelOrder) -> Self {
        Self { order, last: None }
    }

    /// Paints what changed since the call before.
    ///
    /// # Errors
    /// As [`crate::render`]. The bitmap kept from before is dropped then, so that nothing outdated can be shown.
    pub fn render(&mut self, state: &OverlayState, surface: &Surface) -> Result<Frame<'_>, OverlayError> {
        let label = label(state);
        let key = Key::new(state, surface, &label);
        let (painted, damage) = match self.last.take() {
            Some(last) if last.key == key && last.label == label => (last, None),
            // The curtain has the time in its column too: it is painted whole, which costs little without marks.
            Some(mut last) if last.key == key && state.curtain.is_none() => {
                let damage = Pill::measure(state, surface)?.rewrite(&mut last.bitmap, state)?;
                last.label = label;
                (last, Some(damage))
            }
            Some(_) | None => {
                let bitmap = paint(state, surface, self.order)?;
                let damage = bitmap.area();
                (Painted { key, label, bitmap }, Some(damage))
            }
        };
        let painted = self.last.insert(painted);
        Ok(Frame { bitmap: &painted.bitmap, damage })
    }
}
