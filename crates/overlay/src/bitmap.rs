//! The pixels handed to the native layers, and the few ways the rest of the crate paints on them.

use tiny_skia::{Color, FillRule, LineJoin, Paint, Path, PathBuilder, PixmapMut, Rect, Stroke, Transform};

use crate::OverlayError;
use crate::colour::Colour;

/// Order of the four bytes of a pixel in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelOrder {
    /// Red, green, blue, alpha: PNG, Core Graphics with `premultipliedLast`.
    Rgba,
    /// Blue, green, red, alpha: cairo `ARgb32` on little-endian machines, Windows layered windows.
    Bgra,
}

/// A picture with premultiplied alpha, four bytes a pixel, rows without padding, top row first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    pub width: u32,
    pub height: u32,
    pub order: PixelOrder,
    /// `width * height * 4` bytes.
    pub pixels: Vec<u8>,
}

/// A rectangle in physical pixels, inside the bitmap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Area {
    /// Whether this physical pixel lies in it.
    pub fn contains(&self, x: u32, y: u32) -> bool {
        let within = |at: u32, from: u32, length: u32| at.checked_sub(from).is_some_and(|from| from < length);
        within(x, self.x, self.width) && within(y, self.y, self.height)
    }
}

impl Bitmap {
    /// All transparent.
    pub(crate) fn new(width: u32, height: u32, order: PixelOrder) -> Self {
        let length = (width as usize).saturating_mul(height as usize).saturating_mul(4);
        Self { width, height, order, pixels: vec![0; length] }
    }

    /// Rearranges the bytes in place into `order`.
    pub fn reorder(&mut self, order: PixelOrder) {
        if self.order != order {
            let (quads, _) = self.pixels.as_chunks_mut::<4>();
            for [first, _, third, _] in quads {
                std::mem::swap(first, third);
            }
            self.order = order;
        }
    }

    /// The whole picture as an area.
    pub fn area(&self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// The four bytes of one pixel in the bitmap's order; `None` outside.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        if x >= self.width {
            return None;
        }
        let (quads, _) = self.pixels.as_chunks::<4>();
        quads.get(y as usize * self.width as usize + x as usize).copied()
    }

    pub(crate) fn fill(&mut self, path: &Path, rule: FillRule, colour: Colour) -> Result<(), OverlayError> {
        let paint = self.paint(colour);
        self.canvas()?.fill_path(path, &paint, rule, Transform::identity(), None);
        Ok(())
    }

    pub(crate) fn fill_rect(&mut self, rect: Rect, colour: Colour) -> Result<(), OverlayError> {
        let paint = self.paint(colour);
        self.canvas()?.fill_rect(rect, &paint, Transform::identity(), None);
        Ok(())
    }

    pub(crate) fn stroke(
        &mut self,
        path: &Path,
        width: f32,
        colour: Colour,
        place: Transform,
    ) -> Result<(), OverlayError> {
        let paint = self.paint(colour);
        let stroke = Stroke { width, line_join: LineJoin::Round, ..Stroke::default() };
        self.canvas()?.stroke_path(path, &paint, &stroke, place, None);
        Ok(())
    }

    pub(crate) fn fill_placed(&mut self, path: &Path, colour: Colour, place: Transform) -> Result<(), OverlayError> {
        let paint = self.paint(colour);
        self.canvas()?.fill_path(path, &paint, FillRule::Winding, place, None);
        Ok(())
    }

    /// Multiplies every byte: with premultiplied alpha that is the opacity of the whole picture.
    pub(crate) fn fade(&mut self, opacity: f32) {
        for byte in &mut self.pixels {
            *byte = (f32::from(*byte) * opacity).round() as u8;
        }
    }

    /// Copies `stamp` over what is there, with its top left corner at (x, y); what lies outside is cut off.
    pub(crate) fn stamp(&mut self, stamp: &Bitmap, x: i64, y: i64) {
        let left = x.max(0);
        let right = (x + i64::from(stamp.width)).min(i64::from(self.width));
        if right <= left {
            return;
        }
        let (from, to) = (((left - x) * 4) as usize, ((right - x) * 4) as usize);
        let (into, end) = ((left * 4) as usize, (right * 4) as usize);
        let row_bytes = self.width as usize * 4;
        let skip = usize::try_from(-y).unwrap_or(0);
        let start = usize::try_from(y).unwrap_or(0);
        let rows = self.pixels.chunks_exact_mut(row_bytes).skip(start);
        for (row, source) in rows.zip(stamp.pixels.chunks_exact(stamp.width as usize * 4).skip(skip)) {
            if let (Some(row), Some(source)) = (row.get_mut(into..end), source.get(from..to)) {
                row.copy_from_slice(source);
            }
        }
    }

    /// The byte order is made here: the painter believes it writes RGBA and gets its colours already exchanged.
    fn paint(&self, Colour(r, g, b): Colour) -> Paint<'static> {
        let mut paint = Paint::default();
        paint.set_color(match self.order {
            PixelOrder::Rgba => Color::from_rgba8(r, g, b, 255),
            PixelOrder::Bgra => Color::from_rgba8(b, g, r, 255),
        });
        paint
    }

    fn canvas(&mut self) -> Result<PixmapMut<'_>, OverlayError> {
        let (width, height) = (self.width, self.height);
        PixmapMut::from_bytes(&mut self.pixels, width, height).ok_or(OverlayError::SurfaceSize { width, height })
    }
}

/// Continues `path`, which stands at (x0, y0), with a quarter circle to (x, y) whose tangents meet at (cx, cy).
pub(crate) fn quarter(path: &mut PathBuilder, (x0, y0): (f32, f32), (cx, cy): (f32, f32), (x, y): (f32, f32)) {
    const K: f32 = 0.552_285;
    path.cubic_to(x0 + (cx - x0) * K, y0 + (cy - y0) * K, x + (cx - x) * K, y + (cy - y) * K, x, y);
}

/// A rounded rectangle; `None` if it has no area.
pub(crate) fn rounded(rect: Rect, radius: f32) -> Option<Path> {
    let (l, t, r, b) = (rect.left(), rect.top(), rect.right(), rect.bottom());
    let k = radius.min(rect.width() / 2.0).min(rect.height() / 2.0).max(0.0);
    let mut path = PathBuilder::new();
    path.move_to(l + k, t);
    path.line_to(r - k, t);
    quarter(&mut path, (r - k, t), (r, t), (r, t + k));
    path.line_to(r, b - k);
    quarter(&mut path, (r, b - k), (r, b), (r - k, b));
    path.line_to(l + k, b);
    quarter(&mut path, (l + k, b), (l, b), (l, b - k));
    path.line_to(l, t + k);
    quarter(&mut path, (l, t + k), (l, t), (l + k, t));
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_holds_its_first_pixel_and_not_the_one_past_its_last() {
        let area = Area { x: 10, y: 20, width: 2, height: 1 };
        assert!(area.contains(10, 20) && area.contains(11, 20));
        assert!(![(9, 20), (12, 20), (10, 19), (10, 21)].into_iter().any(|(x, y)| area.contains(x, y)));
    }
}
