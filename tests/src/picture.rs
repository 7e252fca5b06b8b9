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
            self.file.read_exact_at(&mut line, self.pixels_at + (y * self.line_bytes) as u64)?;
            // Blue, green, red, nothing.
            points.extend(line.chunks_exact(4).step_by(step).map(|pixel| match pixel {
                [blue, green, red, _] => [*red, *green, *blue],
                _ => [0; 3],
            }));
        }
        Ok(points)
    }

    /// # Errors
    /// When the file can't be read.
    pub fn picture(&self) -> Result<Picture> {
        Ok(Picture { width: self.width, height: self.height, pixels: self.points(1)? })
    }
}

#[derive(PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Picture {
    pub fn pixel(&self, x: i32, y: i32) -> Option<Colour> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        if x >= self.width || y >= self.height {
            return None;
        }
        self.pixels.get(y * self.width + x).copied()
    }

    /// How many pixels of the area are within `tolerance` of `colour` in each channel.
    pub fn count(&self, area: Area, colour: Colour, tolerance: u8) -> usize {
        self.pixels_of(area).filter(|pixel| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= tolerance)).count()
    }

    /// The three most frequent colours of the area, such as `98 % #f59e0b`.
    pub fn colours(&self, area: Area) -> String {
        let mut counts = BTreeMap::new();
        for pixel in self.pixels_of(area) {
            *counts.entry(pixel).or_insert(0_usize) += 1;
        }
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
        let mut counts = BTreeMap::new();
        for pixel in self.pixels_of(area) {
            *counts.entry(pixel).or_insert(0_usize) += 1;
        }
        let (all, ground) = (counts.values().sum::<usize>(), counts.values().max().copied().unwrap_or_default());
        (all - ground) * 100 / all.max(1)
    }

    /// Every third pixel of every third line of the area.
    pub fn sample(&self, (x, y, width, height): Area) -> Vec<Option<Colour>> {
        let lines = (y..y + height).step_by(3);
        lines.flat_map(|y| (x..x + width).step_by(3).map(move |x| self.pixel(x, y))).collect()
    }

    fn pixels_of(&self, (x, y, width, height): Area) -> impl Iterator<Item = Colour> {
        (y..y + height).flat_map(move |y| (x..x + width).filter_map(move |x| self.pixel(x, y)))
    }

    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut encoder = png::Encoder::new(std::io::BufWriter::new(File::create(file)?), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        Ok(encoder.write_header()?.write_image_data(self.pixels.as_flattened())?)
    }
}

/// So many looks in a row find the same where something rests. They are ten milliseconds and more apart, and an engine may
/// take a few hundred to paint what it has.
pub const LOOKS_AT_REST: u32 = 25;

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
