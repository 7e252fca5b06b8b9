//! Text as filled paths: the bundled fonts, left to right, one glyph for one character. No shaping, and nothing a
//! name can contain makes it fail: what the fonts don't know is drawn as an empty box.

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};
use tiny_skia::{Path, PathBuilder};

use crate::OverlayError;

/// The bundled fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Text,
    Strong,
    Mono,
}

impl Face {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Text => include_bytes!("../fonts/Inter-Regular.otf"),
            Self::Strong => include_bytes!("../fonts/Inter-SemiBold.otf"),
            Self::Mono => include_bytes!("../fonts/JetBrainsMono-Medium.ttf"),
        }
    }
}

/// One font at one size (physical pixels per em).
pub(crate) struct Lettering {
    font: FontRef<'static>,
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    px: f32,
    digit_cell: Option<f32>,
}

impl Lettering {
    pub(crate) fn new(face: Face, px: f32) -> Result<Self, OverlayError> {
        let font = FontRef::new(face.bytes()).map_err(|_| OverlayError::Font)?;
        let metrics = font.glyph_metrics(Size::new(px), LocationRef::default());
        Ok(Self { charmap: font.charmap(), metrics, font, px, digit_cell: None })
    }

    /// Gives every digit the width of the widest one, so that a running clock never moves.
    pub(crate) fn tabular(mut self) -> Self {
        self.digit_cell = ('0'..='9').map(|digit| self.natural_advance(digit)).reduce(f32::max);
        self
    }

    /// Height of a capital letter in physical pixels.
    pub(crate) fn cap_height(&self) -> f32 {
        let metrics = self.font.metrics(self.size(), LocationRef::default());
        metrics.cap_height.unwrap_or(self.px * 0.72)
    }

    /// Advance of the whole text in physical pixels.
    pub(crate) fn width(&self, text: &str) -> f32 {
        text.chars().map(|c| self.advance(c)).sum()
    }

    pub(crate) fn advance(&self, c: char) -> f32 {
        match self.digit_cell {
            Some(cell) if c.is_ascii_digit() => cell,
            Some(_) | None => self.natural_advance(c),
        }
    }

    /// The text's outline with its first glyph's origin at `x` on `baseline`; `None` if nothing of it has ink.
    pub(crate) fn outline(&self, text: &str, x: f32, baseline: f32) -> Option<Path> {
        let glyphs = self.font.outline_glyphs();
        let mut pen = Pen { path: PathBuilder::new(), x, baseline };
        let mut left = x;
        for c in text.chars() {
            let advance = self.advance(c);
            pen.x = left + (advance - self.natural_advance(c)) / 2.0;
            match self.charmap.map(c).and_then(|id| glyphs.get(id)) {
                Some(glyph) => {
                    let settings = DrawSettings::unhinted(self.size(), LocationRef::default());
                    if glyph.draw(settings, &mut pen).is_err() {
                        self.push_box(&mut pen.path, left, baseline);
                    }
                }
                None if is_invisible(c) => {}
                None => self.push_box(&mut pen.path, left, baseline),
            }
            left += advance;
        }
        pen.path.finish()
    }

    fn size(&self) -> Size {
        Size::new(self.px)
    }

    fn natural_advance(&self, c: char) -> f32 {
        match self.charmap.map(c) {
            Some(id) => self.metrics.advance_width(id).unwrap_or(self.px * BOX_ADVANCE),
            None if is_invisible(c) => 0.0,
            None => self.px * BOX_ADVANCE,
        }
    }

    /// Two rectangles wound against each other, so that filling leaves the inner one empty.
    fn push_box(&self, path: &mut PathBuilder, left: f32, baseline: f32) {
        let line = (self.px * 0.06).max(1.0);
        let (l, r) = (left + self.px * 0.08, left + self.px * (BOX_ADVANCE - 0.08));
        let (t, b) = (baseline - self.cap_height(), baseline);
        path.move_to(l, t);
        path.line_to(r, t);
        path.line_to(r, b);
        path.line_to(l, b);
        path.close();
        path.move_to(l + line, t + line);
        path.line_to(l + line, b - line);
        path.line_to(r - line, b - line);
        path.line_to(r - line, t + line);
        path.close();
    }
}

/// Width of the box for an unknown character, in em.
const BOX_ADVANCE: f32 = 0.64;

/// Control characters, joiners, direction marks and variation selectors take no room.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Turns the font's upward y into the bitmap's downward y.
struct Pen {
    path: PathBuilder,
    x: f32,
    baseline: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.baseline - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.baseline - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, self.baseline - cy, self.x + x, self.baseline - y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let (left, base) = (self.x, self.baseline);
        self.path.cubic_to(left + ax, base - ay, left + bx, base - by, left + x, base - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// Breaks `text` into at most `max_lines` lines no wider than `width`; what doesn't fit ends in "…". A word longer
/// than a line is broken where the line ends.
pub(crate) fn wrap(lettering: &Lettering, text: &str, width: f32, max_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0.0;
    for word in text.split_whitespace() {
        // One line too many is enough to know that the text was cut.
        if lines.len() > max_lines {
            break;
        }
        let gap = if line.is_empty() { 0.0 } else { lettering.advance(' ') };
        let length = lettering.width(word);
        if used + gap + length <= width {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            used += gap + length;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        for c in word.chars() {
            let advance = lettering.advance(c);
            if used + advance > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
                if lines.len() > max_lines {
                    break;
                }
            }
            line.push(c);
            used += advance;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > max_lines {
        lines.truncate(max_lines);
        if let Some(last) = lines.last_mut() {
            while lettering.width(last) + lettering.advance('…') > width && last.pop().is_some() {}
            last.truncate(last.trim_end().len());
            last.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_equally_wide_in_a_clock() {
        for face in [Face::Text, Face::Strong, Face::Mono] {
            let clock = Lettering::new(face, 14.0).unwrap().tabular();
            assert_eq!(clock.width("11:11"), clock.width("00:00"));
        }
        let plain = Lettering::new(Face::Text, 14.0).unwrap();
        assert!(plain.width("11:11") < plain.width("00:00"), "this font's digits differ unless they are put in cells");
    }

    #[test]
    fn an_unknown_character_is_a_box_and_a_control_character_is_nothing() {
        let text = Lettering::new(Face::Text, 20.0).unwrap();
        let boxed = text.outline("永", 0.0, 20.0).unwrap().bounds();
        assert!(boxed.width() > 8.0 && boxed.height() > 12.0, "{boxed:?}");
        assert!(text.outline("\u{202e}\u{200d}\u{7}", 0.0, 20.0).is_none());
        assert_eq!(text.width("\u{202e}\u{200d}\u{7}"), 0.0);
    }

    #[test]
    fn the_fonts_know_the_letters_of_european_names() {
        for (face, sample) in [
            (Face::Text, "Łukasz Żółć Ştefan Ğül Ångström Œuvre Ñandú Đorđe Ελένη Олександра “quote” – … €"),
            (Face::Strong, "Łukasz Żółć Ştefan Ğül Ångström Œuvre Ñandú Đorđe Ελένη Олександра “quote” – … €"),
            (Face::Mono, "AG-7K3QX 01:30Z ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"),
        ] {
            let font = Lettering::new(face, 14.0).unwrap();
            let missing: String = sample.chars().filter(|c| font.charmap.map(*c).is_none()).collect();
            assert_eq!(missing, "", "{face:?}");
        }
    }

    #[test]
    fn wrapped_lines_fit_and_lose_no_word() {
        let text = Lettering::new(Face::Text, 15.0).unwrap();
        let sentence = "Connection lost. The page is covered; your session goes on until 14:32.";
        let lines = wrap(&text, sentence, 200.0, 6);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| text.width(line) <= 200.0));
        assert_eq!(lines.join(" "), sentence);
    }

    #[test]
    fn too_long_a_text_ends_in_an_ellipsis_inside_the_width() {
        let text = Lettering::new(Face::Text, 15.0).unwrap();
        for sample in ["word ".repeat(500), "x".repeat(5000)] {
            let lines = wrap(&text, &sample, 180.0, 3);
            assert_eq!(lines.len(), 3);
            assert!(lines[2].ends_with('…'));
            assert!(lines.iter().all(|line| text.width(line) <= 180.0), "{lines:?}");
        }
    }
}
