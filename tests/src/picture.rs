//! What stands on the screen, as pixels to assert on. The X server keeps it in a file (`Xvfb -fbdir`, in the format of
//! xwd): reading that costs next to nothing, where a program that takes screenshots would keep both processors from what
//! is to be seen.

use std::{collections::BTreeMap, fs::File, os::unix::fs::FileExt as _, path::Path};

use anyhow::{Context as _, Result, ensure};

/// x, y, width, height in pixels.
pub type Area = (i32, i32, i32, i32);

/// Red, green, blue.
pub type Colour = [u8; 3];

/// The file in which the X server keeps its screen.
pub struct Screen {
    file: File,
    pixels_at: u64,
    pub width: usize,
    pub height: usize,
    line_bytes: usize,
}

impl Screen {
    /// # Errors
    /// When there is no such file, or in another format.
    pub fn open(file: &Path) -> Result<Self> {
        let file = File::open(file).context("the X server keeps no picture in a file")?;
        let mut head = [0_u8; 100];
        file.read_exact_at(&mut head, 0)?;
        // XWDFile.h: numbers of 32 bits, highest byte first.
        let field = |index: usize| -> Result<usize> {
            let bytes = head.get(index * 4..index * 4 + 4).context("no such field")?;
            Ok(u32::from_be_bytes(bytes.try_into()?) as usize)
        };
        ensure!(field(1)? == 7 && field(11)? == 32, "an unknown picture format");
        Ok(Self {
            pixels_at: (field(0)? + field(19)? * 12) as u64,
            width: field(4)?,
            height: field(5)?,
            line_bytes: field(12)?,
            file,
        })
    }

    /// Every `step`-th pixel of every `step`-th line, line by line.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn points(&self, step: usize) -> Result<Vec<Colour>> {
        let mut points = Vec::with_capacity(self.width.div_ceil(step) * self.height.div_ceil(step));
        let mut line = vec![0_u8; self.width * 4];
        for y in (0..self.height).step_by(step) {
            self.read_line(y, &mut line)?;
            points.extend(line.as_chunks().0.iter().step_by(step).map(colour));
        }
        Ok(points)
    }

    /// # Errors
    /// When the file can't be read.
    pub fn picture(&self) -> Result<Picture> {
        let mut bytes = vec![0_u8; self.width * 4 * self.height];
        for (y, line) in bytes.chunks_exact_mut(self.width * 4).enumerate() {
            self.read_line(y, line)?;
        }
        Ok(Picture { width: self.width, height: self.height, bytes })
    }

    fn read_line(&self, y: usize, line: &mut [u8]) -> Result<()> {
        Ok(self.file.read_exact_at(line, self.pixels_at + (y * self.line_bytes) as u64)?)
    }
}

fn colour([blue, green, red, _]: &[u8; 4]) -> Colour {
    [*red, *green, *blue]
}

/// Kept as the X server has it: a look that only compares costs no more than reading it.
#[derive(PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Blue, green, red and nothing for each pixel, line by line.
    bytes: Vec<u8>,
}

impl Picture {
    pub fn pixel(&self, x: i32, y: i32) -> Option<Colour> {
        let x = usize::try_from(x).ok()?;
        self.line(y)?.get(x).map(colour)
    }

    /// How many pixels of the area are within `tolerance` of `colour` in each channel.
    pub fn count(&self, area: Area, [red, green, blue]: Colour, tolerance: u8) -> usize {
        let is_near = |pixel: &&[u8; 4]| {
            let [b, g, r, _] = **pixel;
            b.abs_diff(blue) <= tolerance && g.abs_diff(green) <= tolerance && r.abs_diff(red) <= tolerance
        };
        self.lines(area).map(|line| line.iter().filter(is_near).count()).sum()
    }

    /// The three most frequent colours of the area, such as `98 % #f59e0b`.
    pub fn colours(&self, area: Area) -> String {
        let counts = self.counts(area);
        let all = counts.values().sum::<usize>().max(1);
        let mut frequent: Vec<_> = counts.into_iter().collect();
        frequent.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let words = frequent
            .iter()
            .take(3)
            .map(|([red, green, blue], count)| format!("{} % #{red:02x}{green:02x}{blue:02x}", count * 100 / all));
        words.collect::<Vec<_>>().join(" ")
    }

    /// How many pixels of a hundred in the area stand out from its ground, the colour that is there most.
    pub fn ink_percent(&self, area: Area) -> usize {
        let counts = self.counts(area);
        let (all, ground) = (counts.values().sum::<usize>(), counts.values().max().copied().unwrap_or_default());
        (all - ground) * 100 / all.max(1)
    }

    fn counts(&self, area: Area) -> BTreeMap<Colour, usize> {
        let mut counts = BTreeMap::new();
        for pixel in self.lines(area).flatten() {
            *counts.entry(colour(pixel)).or_insert(0_usize) += 1;
        }
        counts
    }

    /// Every third pixel of every third line of the area.
    pub fn sample(&self, area: Area) -> Vec<Colour> {
        self.lines(area).step_by(3).flat_map(|line| line.iter().step_by(3).map(colour)).collect()
    }

    /// What of the area lies on the screen, line by line.
    fn lines(&self, (x, y, width, height): Area) -> impl Iterator<Item = &[[u8; 4]]> {
        let on_screen = |at: i32| usize::try_from(at).unwrap_or_default();
        let (left, right) = (on_screen(x), on_screen(x + width).min(self.width));
        (y..y + height).filter_map(move |y| self.line(y)?.get(left..right))
    }

    fn line(&self, y: i32) -> Option<&[[u8; 4]]> {
        let start = usize::try_from(y).ok()? * self.width;
        self.bytes.as_chunks().0.get(start..start + self.width)
    }

    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut encoder = png::Encoder::new(std::io::BufWriter::new(File::create(file)?), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let pixels: Vec<Colour> = self.bytes.as_chunks().0.iter().map(colour).collect();
        Ok(encoder.write_header()?.write_image_data(pixels.as_flattened())?)
    }
}

/// So many looks in a row find the same where something rests. They are ten milliseconds and more apart, and an engine may
/// take a few hundred to paint what it has.
pub const LOOKS_AT_REST: u32 = 40;

/// Whether what is looked at again and again has come to rest.
pub struct Still<T> {
    last: Option<T>,
    same: u32,
}

impl<T> Default for Still<T> {
    fn default() -> Self {
        Self { last: None, same: 0 }
    }
}

impl<T: PartialEq> Still<T> {
    /// How many looks in a row before this one have found the same.
    pub fn looks(&mut self, now: T) -> u32 {
        self.same = if self.last.as_ref() == Some(&now) { self.same + 1 } else { 0 };
        self.last = Some(now);
        self.same
    }

    /// What was found last.
    pub fn last(self) -> Option<T> {
        self.last
    }
}
