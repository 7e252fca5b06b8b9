//! The marks that tie a screenshot or a photograph to one session and one minute: session code and UTC minute, never
//! a name. Marks stand in staggered rows from the middle of the surface outwards, so that a surface of any size has
//! at least one of them whole. They never overlap, which lets one rotated stamp be copied row by row.

use tiny_skia::Transform;

use crate::bitmap::Bitmap;
use crate::colour::{MARK, MARK_HALO};
use crate::frame::thickness;
use crate::lettering::{Face, Lettering};
use crate::{OverlayError, OverlayState, PixelOrder, Surface};

/// What is drawn when the shell has no setting of its own.
pub const DEFAULT_OPACITY: f32 = 0.09;
/// A watermark can be made fainter or stronger, never switched off.
pub const OPACITY_RANGE: std::ops::RangeInclusive<f32> = 0.06..=0.20;

const DEGREES: f32 = -24.0;
/// Logical pixels.
const LETTER_SIZE: f32 = 15.0;
const HALO: f32 = 1.5;
const GAP: (f32, f32) = (144.0, 40.0);
/// A longer code is cut: the marks must stay small enough to be whole.
const LONGEST: usize = 40;

pub(crate) fn clamped_opacity(wanted: f32) -> f32 {
    if wanted.is_nan() { DEFAULT_OPACITY } else { wanted.clamp(*OPACITY_RANGE.start(), *OPACITY_RANGE.end()) }
}

/// Covers the bitmap with marks.
pub(crate) fn draw(bitmap: &mut Bitmap, state: &OverlayState, surface: &Surface) -> Result<(), OverlayError> {
    let Some(stamp) = stamp(state, surface, bitmap.order)? else {
        return Ok(());
    };
    for (x, y) in places(surface, &stamp) {
        bitmap.stamp(&stamp, x, y);
    }
    Ok(())
}

/// One mark, rotated and faded. `None` if the text has no ink at all.
pub(crate) fn stamp(
    state: &OverlayState,
    surface: &Surface,
    order: PixelOrder,
) -> Result<Option<Bitmap>, OverlayError> {
    let text: String = format!("{} {}", state.session_code, state.utc_minute);
    let text: String = text.trim().chars().take(LONGEST).collect();
    let unit = surface.unit();
    let full = Lettering::new(Face::Mono, LETTER_SIZE * unit)?;
    let (width, height) = rotated_size(&full, &text, unit);
    let frame = thickness(surface) as f32;
    // A fifth stays free, so that neither the frame's rounded corners nor the pill cut the only mark.
    let room = |side: u32| ((side as f32 - 2.0 * frame) * 0.8).max(1.0);
    let fit = (room(surface.width) / width).min(room(surface.height) / height).min(1.0);

    let unit = unit * fit;
    let lettering = Lettering::new(Face::Mono, LETTER_SIZE * unit)?;
    let (width, height) = rotated_size(&lettering, &text, unit);
    let left = -lettering.width(&text) / 2.0;
    let Some(path) = lettering.outline(&text, left, lettering.cap_height() / 2.0) else {
        return Ok(None);
    };
    let place = Transform::from_rotate(DEGREES).post_translate(width / 2.0, height / 2.0);
    let mut stamp = Bitmap::new((width.floor() as u32).max(1), (height.floor() as u32).max(1), order);
    stamp.stroke(&path, 2.0 * HALO * unit, MARK_HALO, place)?;
    stamp.fill_placed(&path, MARK, place)?;
    stamp.fade(clamped_opacity(state.watermark_opacity));
    Ok(Some(stamp))
}

/// Top left corners of all stamps that touch the surface.
pub(crate) fn places(surface: &Surface, stamp: &Bitmap) -> Vec<(i64, i64)> {
    let unit = surface.unit();
    let step_x = i64::from(stamp.width) + (GAP.0 * unit).round() as i64;
    let step_y = i64::from(stamp.height) + (GAP.1 * unit).round() as i64;
    let (width, height) = (i64::from(surface.width), i64::from(surface.height));
    let middle = ((width - i64::from(stamp.width)) / 2, (height - i64::from(stamp.height)) / 2);
    let rows = height / step_y / 2 + 1;
    let columns = width / step_x / 2 + 2;
    let mut places = Vec::new();
    for row in -rows..=rows {
        let shift = if row % 2 == 0 { 0 } else { step_x / 2 };
        for column in -columns..=columns {
            places.push((middle.0 + column * step_x + shift, middle.1 + row * step_y));
        }
    }
    places
}

/// Size of the rotated mark with its halo.
fn rotated_size(lettering: &Lettering, text: &str, unit: f32) -> (f32, f32) {
    // Letters without descenders stand on the baseline; a session code has none.
    let (w, h) = (lettering.width(text) + 4.0 * HALO * unit, lettering.cap_height() + 4.0 * HALO * unit);
    let (sin, cos) = DEGREES.to_radians().sin_cos();
    (w * cos.abs() + h * sin.abs() + 1.0, w * sin.abs() + h * cos.abs() + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> OverlayState {
        OverlayState::new("AG-7K3QX", "01:30Z", 1661)
    }

    #[test]
    fn one_mark_is_whole_on_every_usable_surface() {
        for (width, height) in [(320, 200), (200, 320), (900, 600), (1280, 800), (2560, 1600), (3840, 2160)] {
            for scale in [1.0, 1.25, 1.5, 2.0, 3.0, 4.0] {
                // Smaller than 160 x 100 logical pixels the pill alone fills the surface.
                if f64::from(width.min(height)) / scale < 100.0 {
                    continue;
                }
                let surface = Surface { width, height, scale };
                let stamp = stamp(&state(), &surface, PixelOrder::Rgba).unwrap().unwrap();
                let shown = crate::render(&state(), &surface).unwrap();
                let whole = places(&surface, &stamp).into_iter().any(|(x, y)| {
                    (0..stamp.height).all(|sy| {
                        (0..stamp.width).all(|sx| {
                            let inked = pixel(&stamp, sx.into(), sy.into()).unwrap();
                            inked[3] == 0 || pixel(&shown, x + i64::from(sx), y + i64::from(sy)) == Some(inked)
                        })
                    })
                });
                assert!(whole, "{width}x{height} at {scale}");
            }
        }
    }

    #[test]
    fn no_ink_of_a_mark_is_cut_by_its_own_stamp() {
        for scale in [0.5, 1.0, 2.0, 4.0] {
            let surface = Surface { width: 1280, height: 800, scale };
            let stamp = stamp(&state(), &surface, PixelOrder::Rgba).unwrap().unwrap();
            let (right, bottom) = (i64::from(stamp.width) - 1, i64::from(stamp.height) - 1);
            for x in 0..=right {
                assert_eq!(pixel(&stamp, x, 0).unwrap()[3], 0);
                assert_eq!(pixel(&stamp, x, bottom).unwrap()[3], 0);
            }
            for y in 0..=bottom {
                assert_eq!(pixel(&stamp, 0, y).unwrap()[3], 0);
                assert_eq!(pixel(&stamp, right, y).unwrap()[3], 0);
            }
        }
    }

    #[test]
    fn the_watermark_cannot_be_switched_off() {
        for (wanted, drawn) in
            [(0.0, 0.06), (-5.0, 0.06), (0.09, 0.09), (1.0, 0.20), (f32::NAN, 0.09), (f32::INFINITY, 0.20)]
        {
            assert_eq!(clamped_opacity(wanted), drawn, "{wanted}");
        }
    }

    fn pixel(bitmap: &Bitmap, x: i64, y: i64) -> Option<[u8; 4]> {
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        bitmap.pixel(x, y)
    }
}
