//! What the host draws over a customer's portal: amber frame, watermark, time left, and the curtain that covers the
//! page. State, size and scale go in, pixels come out; the native layers only show them.
//!
//! It must never read a clock, touch a file or a window, or let the frame, the watermark or the curtain be switched
//! off by a value in the state. Start reading at [`render`]; [`Renderer`] is the same for a window that ticks.

mod bitmap;
mod colour;
mod curtain;
mod frame;
mod lettering;
mod renderer;
mod watermark;

pub use bitmap::{Area, Bitmap, PixelOrder};
pub use curtain::{Curtain, CurtainAction, CurtainButton, PlacedButton, Theme, buttons};
pub use renderer::{Frame, Renderer};
pub use watermark::{DEFAULT_OPACITY, OPACITY_RANGE};

/// The area drawn on, in physical pixels, and how many of them make one logical pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// 1 to [`MAX_SIDE`].
    pub width: u32,
    /// 1 to [`MAX_SIDE`].
    pub height: u32,
    /// 0.25 to 8.
    pub scale: f64,
}

/// The longest side of a surface, in physical pixels.
pub const MAX_SIDE: u32 = 16_384;

impl Surface {
    fn check(&self) -> Result<(), OverlayError> {
        let side = 1..=MAX_SIDE;
        if !side.contains(&self.width) || !side.contains(&self.height) {
            return Err(OverlayError::SurfaceSize { width: self.width, height: self.height });
        }
        if !(0.25..=8.0).contains(&self.scale) {
            return Err(OverlayError::Scale(self.scale));
        }
        Ok(())
    }

    /// Physical pixels per logical pixel.
    fn unit(&self) -> f32 {
        self.scale as f32
    }
}

/// Everything the picture depends on besides the surface.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayState {
    /// Such as `AG-7K3QX`.
    pub session_code: String,
    /// The server's time to the minute, such as `01:30Z`.
    pub utc_minute: String,
    /// Below zero counts as zero.
    pub remaining_seconds: i64,
    /// Clamped to [`OPACITY_RANGE`]; not a number counts as [`DEFAULT_OPACITY`].
    pub watermark_opacity: f32,
    /// The last minutes, as the policy counts them (five by default).
    pub warning: bool,
    /// Nobody has touched the window for long: seconds until the session ends for that. Below zero counts as zero.
    pub idle_seconds: Option<i64>,
    /// Size of curtain and countdown beside the usual one, for whoever reads larger text; clamped to 1 to 2. The frame
    /// and the marks stay as they are.
    pub text_scale: f32,
    /// When present, the page is covered.
    pub curtain: Option<Curtain>,
}

impl OverlayState {
    /// A calm, uncovered page with the default watermark.
    pub fn new(session_code: impl Into<String>, utc_minute: impl Into<String>, remaining_seconds: i64) -> Self {
        Self {
            session_code: session_code.into(),
            utc_minute: utc_minute.into(),
            remaining_seconds,
            watermark_opacity: DEFAULT_OPACITY,
            warning: false,
            idle_seconds: None,
            text_scale: 1.0,
            curtain: None,
        }
    }

    /// What the countdown shows, and how: the session is over, about to end, or runs.
    fn pace(&self) -> Pace {
        if self.curtain.as_ref().is_some_and(|curtain| curtain.over) {
            Pace::Over
        } else if self.warning || self.idle_seconds.is_some() {
            Pace::Urgent
        } else {
            Pace::Calm
        }
    }

    fn text_scale(&self) -> f32 {
        if self.text_scale.is_nan() { 1.0 } else { self.text_scale.clamp(1.0, 2.0) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Calm,
    Urgent,
    Over,
}

/// Why nothing was painted. Whoever gets one must keep the page covered by other means: a portal without its frame
/// and marks must not be seen.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum OverlayError {
    #[error("cannot paint {width} x {height} pixels: each side must be 1 to {MAX_SIDE}")]
    SurfaceSize { width: u32, height: u32 },
    #[error("cannot paint at scale {0}: it must lie between 0.25 and 8")]
    Scale(f64),
    #[error("a bundled font is damaged")]
    Font,
}

/// Paints the whole overlay as premultiplied RGBA.
///
/// # Errors
/// A surface without pixels, one too large, or an impossible scale.
pub fn render(state: &OverlayState, surface: &Surface) -> Result<Bitmap, OverlayError> {
    paint(state, surface, PixelOrder::Rgba)
}

fn paint(state: &OverlayState, surface: &Surface, order: PixelOrder) -> Result<Bitmap, OverlayError> {
    surface.check()?;
    let mut bitmap = Bitmap::new(surface.width, surface.height, order);
    match &state.curtain {
        Some(curtain) => curtain::draw(&mut bitmap, curtain, state, surface)?,
        None => watermark::draw(&mut bitmap, state, surface)?,
    }
    frame::draw(&mut bitmap, state, surface)?;
    Ok(bitmap)
}
