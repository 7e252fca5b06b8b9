//! The opaque cover for when the page must not be seen, with its words and buttons. Drawing and clicking share one
//! layout, so that what looks like a button is one.

use tiny_skia::{FillRule, Rect, Transform};

use crate::bitmap::{Area, Bitmap, rounded};
use crate::colour::{CURTAIN_DARK, CURTAIN_LIGHT, Colour, CurtainColours};
use crate::frame::{clock, pill_height, thickness};
use crate::lettering::{Face, Lettering, wrap};
use crate::{OverlayError, OverlayState, Surface};

/// What the cover says and offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curtain {
    /// One sentence: what happened. At most three lines are shown.
    pub title: String,
    /// What was kept and what to do, a paragraph each, of at most five lines; may be empty.
    pub detail: Vec<String>,
    /// To be quoted to whoever can look it up; empty when there is none.
    pub reference: String,
    /// From left to right; the one most wanted comes last.
    pub buttons: Vec<CurtainButton>,
    /// Which button has the keyboard; it gets the focus ring.
    pub focused: Option<CurtainAction>,
    pub theme: Theme,
    /// The session has ended: the frame is no longer live and nothing counts down.
    pub over: bool,
}

impl Curtain {
    /// All that it says, in one sentence after the other, for whoever hears it.
    #[must_use]
    pub fn spoken(&self) -> String {
        let mut parts = vec![self.title.clone()];
        parts.extend(self.detail.iter().cloned());
        if !self.reference.is_empty() {
            parts.push(format!("Reference {}", self.reference));
        }
        parts.join(" ")
    }
}

/// Where a button of the curtain stands, in physical pixels: what is seen there is what has to be pressed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedButton {
    pub action: CurtainAction,
    pub label: String,
    pub area: Area,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurtainButton {
    pub action: CurtainAction,
    pub label: String,
}

/// What a button of the curtain asks for. The action also decides how the button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CurtainAction {
    /// Filled with the accent colour.
    Retry,
    /// Outlined in the danger colour.
    EndSession,
    /// Outlined in the text's colour: the session is over and the window may go.
    CloseWindow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

/// All in logical pixels, on the 4-pixel grid.
const COLUMN: f32 = 440.0;
const MARGIN: f32 = 24.0;
const BUTTON_HEIGHT: f32 = 36.0;
const BUTTON_PADDING: f32 = 16.0;
const BUTTON_GAP: f32 = 12.0;
const RADIUS: f32 = 8.0;
/// A small surface gets the same curtain, only smaller; below the last step it is cut off.
const STEPS: [f32; 6] = [1.0, 0.85, 0.7, 0.55, 0.4, 0.3];

/// The curtain's buttons in their places, from left to right; none when there is no curtain, or no room to draw one.
pub fn buttons(state: &OverlayState, surface: &Surface) -> Vec<PlacedButton> {
    let (Some(curtain), Ok(())) = (&state.curtain, surface.check()) else { return Vec::new() };
    let Ok(layout) = Layout::new(curtain, state, surface) else { return Vec::new() };
    let placed = |button: &Button| PlacedButton {
        action: button.action,
        label: button.label.text.clone(),
        area: within(button.rect, surface),
    };
    layout.buttons.iter().map(placed).collect()
}

/// The part of `rect` that lies on the surface, in whole pixels.
fn within(rect: Rect, surface: &Surface) -> Area {
    let side = |low: f32, high: f32, most: u32| {
        let (low, high) = ((low.max(0.0) as u32).min(most), (high.max(0.0) as u32).min(most));
        (low, high.saturating_sub(low))
    };
    let (x, width) = side(rect.left(), rect.right(), surface.width);
    let (y, height) = side(rect.top(), rect.bottom(), surface.height);
    Area { x, y, width, height }
}

pub(crate) fn draw(
    bitmap: &mut Bitmap,
    curtain: &Curtain,
    state: &OverlayState,
    surface: &Surface,
) -> Result<(), OverlayError> {
    let colours = match curtain.theme {
        Theme::Light => CURTAIN_LIGHT,
        Theme::Dark => CURTAIN_DARK,
    };
    if let Some(whole) = Rect::from_xywh(0.0, 0.0, surface.width as f32, surface.height as f32) {
        bitmap.fill_rect(whole, colours.ground)?;
    }
    let layout = Layout::new(curtain, state, surface)?;
    if let Some(rule) = layout.rule {
        bitmap.fill_rect(rule, colours.rule)?;
    }
    for line in &layout.lines {
        line.draw(bitmap, line.tone.of(&colours))?;
    }
    for button in &layout.buttons {
        button.draw(bitmap, &colours, layout.unit, curtain.focused == Some(button.action))?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Tone {
    Text,
    Quiet,
    Danger,
}

impl Tone {
    fn of(self, colours: &CurtainColours) -> Colour {
        match self {
            Self::Text => colours.text,
            Self::Quiet => colours.quiet,
            Self::Danger => colours.danger,
        }
    }
}

/// One line of text in its place.
struct Line {
    text: String,
    style: Style,
    tone: Tone,
    x: f32,
    baseline: f32,
}

/// Font, size and line height in logical pixels.
#[derive(Clone, Copy)]
struct Style {
    face: Face,
    size: f32,
    height: f32,
    clock: bool,
}

const CODE: Style = Style { face: Face::Mono, size: 13.0, height: 20.0, clock: false };
const TITLE: Style = Style { face: Face::Strong, size: 22.0, height: 30.0, clock: false };
const DETAIL: Style = Style { face: Face::Text, size: 15.0, height: 23.0, clock: false };
const CLOCK: Style = Style { face: Face::Strong, size: 18.0, height: BUTTON_HEIGHT, clock: true };
const LABEL: Style = Style { face: Face::Strong, size: 14.0, height: BUTTON_HEIGHT, clock: false };

impl Style {
    fn lettering(self, unit: f32) -> Result<Lettering, OverlayError> {
        let lettering = Lettering::new(self.face, self.size * unit)?;
        Ok(if self.clock { lettering.tabular() } else { lettering })
    }
}

impl Line {
    fn draw(&self, bitmap: &mut Bitmap, colour: Colour) -> Result<(), OverlayError> {
        // The style already holds physical sizes here.
        match self.style.lettering(1.0)?.outline(&self.text, self.x, self.baseline) {
            Some(path) => bitmap.fill(&path, FillRule::Winding, colour),
            None => Ok(()),
        }
    }
}

struct Button {
    action: CurtainAction,
    label: Line,
    rect: Rect,
}

impl Button {
    fn draw(
        &self,
        bitmap: &mut Bitmap,
        colours: &CurtainColours,
        unit: f32,
        focused: bool,
    ) -> Result<(), OverlayError> {
        let (edge, fill, ink) = match self.action {
            CurtainAction::Retry => (colours.accent, Some(colours.accent), colours.on_accent),
            CurtainAction::EndSession => (colours.danger, None, colours.danger),
            CurtainAction::CloseWindow => (colours.quiet, None, colours.text),
        };
        if let (Some(fill), Some(path)) = (fill, rounded(self.rect, RADIUS * unit)) {
            bitmap.fill(&path, FillRule::Winding, fill)?;
        }
        outline(bitmap, self.rect, -0.5 * unit, RADIUS * unit, unit, edge)?;
        if focused {
            outline(bitmap, self.rect, 3.0 * unit, (RADIUS + 3.0) * unit, 2.0 * unit, colours.accent)?;
        }
        self.label.draw(bitmap, ink)
    }
}

/// Strokes `rect` grown by `by` on every side.
fn outline(
    bitmap: &mut Bitmap,
    rect: Rect,
    by: f32,
    radius: f32,
    width: f32,
    colour: Colour,
) -> Result<(), OverlayError> {
    let path = rect.outset(by, by).and_then(|rect| rounded(rect, radius));
    match path {
        Some(path) => bitmap.stroke(&path, width, colour, Transform::identity()),
        None => Ok(()),
    }
}

struct Layout {
    unit: f32,
    lines: Vec<Line>,
    rule: Option<Rect>,
    buttons: Vec<Button>,
    height: f32,
}

impl Layout {
    fn new(curtain: &Curtain, state: &OverlayState, surface: &Surface) -> Result<Self, OverlayError> {
        let frame = thickness(surface) as f32;
        let (width, height) = (surface.width as f32, surface.height as f32);
        let mut layout = None;
        for step in STEPS {
            let unit = surface.unit() * state.text_scale() * step;
            let top = frame + MARGIN * unit;
            let room = height - top - (pill_height(state, surface) + 12.0 * unit).max(top);
            let column = (COLUMN * unit).min(width - 2.0 * top).max(1.0);
            let mut tried = Self::column(curtain, state, unit, column)?;
            // A little above the middle looks centred.
            let y = top + ((room - tried.height) * 0.45).max(0.0);
            tried.move_by(((width - column) / 2.0).round(), y.round());
            let widest = tried.buttons.iter().map(|b| b.rect.width()).fold(0.0, f32::max);
            let fits = tried.height <= room && widest <= column;
            layout = Some(tried);
            if fits {
                break;
            }
        }
        layout.ok_or(OverlayError::SurfaceSize { width: surface.width, height: surface.height })
    }

    /// The column with its top left corner at (0, 0).
    fn column(curtain: &Curtain, state: &OverlayState, unit: f32, width: f32) -> Result<Self, OverlayError> {
        let mut layout = Self { unit, lines: Vec::new(), rule: None, buttons: Vec::new(), height: 0.0 };
        layout.paragraph(&state.session_code, CODE, Tone::Quiet, width, 1)?;
        layout.height += 12.0 * unit;
        layout.paragraph(&curtain.title, TITLE, Tone::Text, width, 3)?;
        for paragraph in &curtain.detail {
            layout.height += 8.0 * unit;
            layout.paragraph(paragraph, DETAIL, Tone::Quiet, width, 5)?;
        }
        if !curtain.reference.is_empty() {
            layout.height += 8.0 * unit;
            layout.paragraph(&format!("Reference {}", curtain.reference), CODE, Tone::Quiet, width, 1)?;
        }
        layout.height += 20.0 * unit;
        layout.rule = Rect::from_xywh(0.0, layout.height.round(), width, unit.round().max(1.0));
        layout.height += 20.0 * unit;
        layout.foot(curtain, state, width)?;
        Ok(layout)
    }

    fn paragraph(&mut self, text: &str, style: Style, tone: Tone, width: f32, most: usize) -> Result<(), OverlayError> {
        let lettering = style.lettering(self.unit)?;
        for text in wrap(&lettering, text, width, most) {
            self.line(text, style, tone, 0.0)?;
            self.height += style.height * self.unit;
        }
        Ok(())
    }

    /// Puts a line at the present height without moving on.
    fn line(&mut self, text: String, style: Style, tone: Tone, x: f32) -> Result<(), OverlayError> {
        let line = self.placed(text, style, tone, x)?;
        self.lines.push(line);
        Ok(())
    }

    fn placed(&self, text: String, style: Style, tone: Tone, x: f32) -> Result<Line, OverlayError> {
        let cap = style.lettering(self.unit)?.cap_height();
        let baseline = self.height + (style.height * self.unit + cap) / 2.0;
        let style = Style { size: style.size * self.unit, ..style };
        Ok(Line { text, style, tone, x, baseline: baseline.round() })
    }

    /// Time left on the left, buttons on the right; if they don't fit side by side, the buttons go below.
    fn foot(&mut self, curtain: &Curtain, state: &OverlayState, width: f32) -> Result<(), OverlayError> {
        let unit = self.unit;
        let labels = LABEL.lettering(unit)?;
        let sized: Vec<(&CurtainButton, f32)> = curtain
            .buttons
            .iter()
            .map(|button| (button, (labels.width(&button.label) + 2.0 * BUTTON_PADDING * unit).round()))
            .collect();
        let gap = BUTTON_GAP * unit;
        let total: f32 = sized.iter().map(|(_, w)| w + gap).sum::<f32>() - gap;

        if state.remaining_seconds > 0 && !curtain.over {
            let text = if state.warning { "ends in" } else { "left" };
            let (time, word) = (CLOCK.lettering(unit)?, DETAIL.lettering(unit)?);
            let clock = clock(state.remaining_seconds);
            let space = word.advance(' ') * 1.4;
            let used = time.width(&clock) + space + word.width(text);
            let beside = Style { height: CLOCK.height, ..DETAIL };
            if state.warning {
                self.line(text.to_owned(), beside, Tone::Danger, 0.0)?;
                self.line(clock, CLOCK, Tone::Danger, word.width(text) + space)?;
            } else {
                let x = time.width(&clock) + space;
                self.line(clock, CLOCK, Tone::Text, 0.0)?;
                self.line(text.to_owned(), beside, Tone::Quiet, x)?;
            }
            // Both words stand on the clock's baseline.
            let baseline = self.lines.iter().rev().take(2).map(|line| line.baseline).fold(0.0, f32::max);
            self.lines.iter_mut().rev().take(2).for_each(|line| line.baseline = baseline);
            if !sized.is_empty() && used + 2.0 * gap + total > width {
                self.height += (BUTTON_HEIGHT + 8.0) * unit;
            }
        }

        let mut x = (width - total).max(0.0);
        for (button, w) in sized {
            if x > 0.0 && x + w > width + 0.5 {
                x = 0.0;
                self.height += (BUTTON_HEIGHT + BUTTON_GAP) * unit;
            }
            if let Some(rect) = Rect::from_xywh(x.round(), self.height.round(), w, (BUTTON_HEIGHT * unit).round()) {
                let label = self.placed(button.label.clone(), LABEL, Tone::Text, x.round() + BUTTON_PADDING * unit)?;
                self.buttons.push(Button { action: button.action, label, rect });
            }
            x += w + gap;
        }
        self.height += BUTTON_HEIGHT * unit;
        Ok(())
    }

    fn move_by(&mut self, dx: f32, dy: f32) {
        let labels = self.buttons.iter_mut().map(|button| &mut button.label);
        for line in self.lines.iter_mut().chain(labels) {
            line.x += dx;
            line.baseline += dy;
        }
        let moved = |rect: Rect| Rect::from_xywh(rect.x() + dx, rect.y() + dy, rect.width(), rect.height());
        self.rule = self.rule.and_then(moved);
        for button in &mut self.buttons {
            button.rect = moved(button.rect).unwrap_or(button.rect);
        }
    }
}
