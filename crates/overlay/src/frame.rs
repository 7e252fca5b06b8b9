//! The frame round the whole surface and the pill with the time left, which grows out of its lower right corner.

use tiny_skia::{FillRule, PathBuilder, Rect};

use crate::bitmap::{Area, Bitmap, quarter};
use crate::colour::{CURTAIN_DARK, CURTAIN_LIGHT, Colour, LAST_MINUTES, LIVE, ON_LAST_MINUTES, ON_LIVE};
use crate::lettering::{Face, Lettering};
use crate::{OverlayError, OverlayState, Pace, Surface, Theme};

/// Logical pixels.
const FRAME: f32 = 6.0;
const RADIUS: f32 = 8.0;
const PILL_HEIGHT: f32 = 28.0;
const PILL_PADDING: f32 = 12.0;
const PILL_LETTERS: f32 = 14.0;
const FILLET: f32 = 6.0;

/// Thickness of the frame in physical pixels: never less than one.
pub(crate) fn thickness(surface: &Surface) -> u32 {
    ((FRAME * surface.unit()).round() as u32).max(1)
}

/// Height of the pill with the frame below it, in physical pixels.
pub(crate) fn pill_height(state: &OverlayState, surface: &Surface) -> f32 {
    PILL_HEIGHT * surface.unit() * state.text_scale()
}

/// `m:ss` up to an hour, `h:mm:ss` above; below zero it stays at `0:00`.
pub(crate) fn clock(remaining_seconds: i64) -> String {
    let seconds = remaining_seconds.clamp(0, 99 * 3600 + 59 * 60 + 59);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60, seconds % 60);
    if seconds > 3600 { format!("{hours}:{:02}:{rest:02}", minutes % 60) } else { format!("{minutes}:{rest:02}") }
}

/// The pill's words.
pub(crate) fn label(state: &OverlayState) -> String {
    // Whatever ends it first is what the person has to know.
    let idle = state.idle_seconds.filter(|idle| *idle < state.remaining_seconds);
    match (state.pace(), idle) {
        (Pace::Over, _) => "ended".to_owned(),
        (Pace::Calm | Pace::Urgent, Some(idle)) => format!("no activity, ends in {}", clock(idle)),
        (Pace::Urgent, None) => format!("ends in {}", clock(state.remaining_seconds)),
        (Pace::Calm, None) => clock(state.remaining_seconds),
    }
}

fn colours(state: &OverlayState) -> (Colour, Colour) {
    match state.pace() {
        Pace::Calm => (LIVE, ON_LIVE),
        Pace::Urgent => (LAST_MINUTES, ON_LAST_MINUTES),
        // No longer a customer's portal, so no longer amber.
        Pace::Over => match state.curtain.as_ref().map(|curtain| curtain.theme) {
            Some(Theme::Dark) => (CURTAIN_DARK.rule, CURTAIN_DARK.text),
            Some(Theme::Light) | None => (CURTAIN_LIGHT.rule, CURTAIN_LIGHT.text),
        },
    }
}

pub(crate) fn draw(bitmap: &mut Bitmap, state: &OverlayState, surface: &Surface) -> Result<(), OverlayError> {
    let (ground, _) = colours(state);
    let (w, h) = (surface.width as f32, surface.height as f32);
    let f = thickness(surface) as f32;
    let unit = surface.unit();
    let Some(whole) = Rect::from_xywh(0.0, 0.0, w, h) else {
        return Ok(());
    };
    if w <= 2.0 * f || h <= 2.0 * f {
        bitmap.fill_rect(whole, ground)?;
        return Pill::measure(state, surface)?.draw(bitmap, state);
    }
    // Four plain bars, then the rounded inner corners: filling one path of the whole surface costs far more.
    for (x, y, width, height) in [(0.0, 0.0, w, f), (0.0, h - f, w, f), (0.0, 0.0, f, h), (w - f, 0.0, f, h)] {
        if let Some(bar) = Rect::from_xywh(x, y, width, height) {
            bitmap.fill_rect(bar, ground)?;
        }
    }
    let k = (RADIUS * unit).min((w - 2.0 * f) / 2.0).min((h - 2.0 * f) / 2.0);
    let (l, t, r, b) = (f, f, w - f, h - f);
    for ((x, y), (dx, dy)) in
        [((l, t), (1.0, 1.0)), ((r, t), (-1.0, 1.0)), ((l, b), (1.0, -1.0)), ((r, b), (-1.0, -1.0))]
    {
        let mut corner = PathBuilder::new();
        corner.move_to(x, y);
        corner.line_to(x + dx * k, y);
        quarter(&mut corner, (x + dx * k, y), (x, y), (x, y + dy * k));
        corner.close();
        if let Some(corner) = corner.finish() {
            bitmap.fill(&corner, FillRule::Winding, ground)?;
        }
    }
    Pill::measure(state, surface)?.draw(bitmap, state)
}

/// Where the pill lies; whole pixels, so that its straight edges are sharp.
pub(crate) struct Pill {
    left: f32,
    top: f32,
    unit: f32,
    right: f32,
    bottom: f32,
    frame: f32,
}

impl Pill {
    pub(crate) fn measure(state: &OverlayState, surface: &Surface) -> Result<Self, OverlayError> {
        let (right, bottom) = (surface.width as f32, surface.height as f32);
        let frame = thickness(surface) as f32;
        let wide = |unit: f32| -> Result<f32, OverlayError> {
            Ok(lettering(unit)?.width(&label(state)) + 2.0 * PILL_PADDING * unit)
        };
        // On a surface smaller than any window the pill shrinks rather than losing its digits.
        let unit = surface.unit() * state.text_scale();
        let fit = ((right - frame) / wide(unit)?).min((bottom - frame) / (PILL_HEIGHT * unit)).clamp(0.05, 1.0);
        let unit = unit * fit;
        let left = (right - wide(unit)?).floor();
        let top = (bottom - PILL_HEIGHT * unit).floor();
        Ok(Self { left, top, unit, right, bottom, frame })
    }

    fn draw(&self, bitmap: &mut Bitmap, state: &OverlayState) -> Result<(), OverlayError> {
        let (ground, _) = colours(state);
        let (l, t, r, b) = (self.left, self.top, self.right, self.bottom);
        let (inner_right, inner_bottom) = (r - self.frame, b - self.frame);
        let (k, q) = (RADIUS * self.unit, FILLET * self.unit);
        let mut path = PathBuilder::new();
        path.move_to(l - q, inner_bottom);
        quarter(&mut path, (l - q, inner_bottom), (l, inner_bottom), (l, inner_bottom - q));
        path.line_to(l, t + k);
        quarter(&mut path, (l, t + k), (l, t), (l + k, t));
        path.line_to(inner_right - q, t);
        quarter(&mut path, (inner_right - q, t), (inner_right, t), (inner_right, t - q));
        path.line_to(r, t - q);
        path.line_to(r, b);
        path.line_to(l - q, b);
        path.close();
        if let Some(path) = path.finish() {
            bitmap.fill(&path, FillRule::Winding, ground)?;
        }
        self.write(bitmap, state)
    }

    fn write(&self, bitmap: &mut Bitmap, state: &OverlayState) -> Result<(), OverlayError> {
        // Where the frame alone fills the surface, no letter may lie over it.
        if self.right.min(self.bottom) <= 2.0 * self.frame {
            return Ok(());
        }
        let (_, ink) = colours(state);
        let letters = lettering(self.unit)?;
        let label = label(state);
        let baseline = ((self.top + self.bottom + letters.cap_height()) / 2.0).round();
        let x = self.right - PILL_PADDING * self.unit - letters.width(&label);
        if let Some(text) = letters.outline(&label, x, baseline) {
            bitmap.fill(&text, FillRule::Winding, ink)?;
        }
        Ok(())
    }

    /// Paints another time into the same pill and says what changed. The part repainted lies inside the pill's opaque
    /// body, right of its rounded corner, so nothing behind it has to be known.
    pub(crate) fn rewrite(&self, bitmap: &mut Bitmap, state: &OverlayState) -> Result<Area, OverlayError> {
        let (ground, _) = colours(state);
        let left = (self.left + RADIUS * self.unit).ceil().clamp(0.0, self.right);
        let top = self.top.clamp(0.0, self.bottom);
        if let Some(body) = Rect::from_ltrb(left, top, self.right, self.bottom) {
            bitmap.fill_rect(body, ground)?;
        }
        self.write(bitmap, state)?;
        let (x, y) = (left as u32, top as u32);
        Ok(Area { x, y, width: bitmap.width.saturating_sub(x), height: bitmap.height.saturating_sub(y) })
    }
}

fn lettering(unit: f32) -> Result<Lettering, OverlayError> {
    Ok(Lettering::new(Face::Strong, PILL_LETTERS * unit)?.tabular())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_reads_as_a_person_would_write_it() {
        for (seconds, text) in [
            (1661, "27:41"),
            (299, "4:59"),
            (60, "1:00"),
            (0, "0:00"),
            (-1, "0:00"),
            (i64::MIN, "0:00"),
            (3600, "60:00"),
            (3601, "1:00:01"),
            (7325, "2:02:05"),
            (i64::MAX, "99:59:59"),
        ] {
            assert_eq!(clock(seconds), text);
        }
    }

    #[test]
    fn the_last_minutes_are_said_in_words_too() {
        let mut state = OverlayState::new("AG-7K3QX", "01:30Z", 299);
        assert_eq!(label(&state), "4:59");
        state.warning = true;
        assert_eq!(label(&state), "ends in 4:59");
    }

    #[test]
    fn idleness_is_counted_down_when_it_ends_the_session_first() {
        let mut state = OverlayState { idle_seconds: Some(58), ..OverlayState::new("AG-7K3QX", "01:30Z", 1661) };
        assert_eq!(label(&state), "no activity, ends in 0:58");
        state.remaining_seconds = 40;
        assert_eq!(label(&state), "ends in 0:40");
    }

    #[test]
    fn a_surface_with_room_for_the_frame_alone_is_all_frame() {
        let state = OverlayState { idle_seconds: Some(0), ..OverlayState::new("", "", 0) };
        for scale in [0.5, 1.0, 3.410_975_155_266_371_4, 4.0] {
            let shown = crate::render(&state, &Surface { width: 3, height: 3, scale }).unwrap();
            let frame = shown.pixel(0, 0);
            assert!((0..9).all(|at| shown.pixel(at % 3, at / 3) == frame), "{scale}: {:?}", shown.pixels);
        }
    }

    #[test]
    fn the_pill_is_as_wide_for_narrow_digits_as_for_wide_ones() {
        let surface = Surface { width: 1280, height: 800, scale: 1.0 };
        let left = |seconds| Pill::measure(&OverlayState::new("A", "01:30Z", seconds), &surface).unwrap().left;
        assert_eq!(left(11 * 60 + 11), left(20 * 60));
        assert_eq!(left(71), left(0), "1:11 and 0:00");
    }
}
