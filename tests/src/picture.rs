//! Screenshots as pixels to assert on.

use std::path::Path;

use anyhow::{Context as _, Result};

pub struct Picture {
    width: usize,
    height: usize,
    /// Bytes of one pixel: 3 or 4.
    step: usize,
    bytes: Vec<u8>,
}

impl Picture {
    pub fn read(file: &Path) -> Result<Self> {
        let mut decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(file)?));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().context("the picture is too large")?];
        let info = reader.next_frame(&mut bytes)?;
        let step = info.color_type.samples();
        Ok(Self { width: info.width as usize, height: info.height as usize, step, bytes })
    }

    /// Red, green, blue; grey pictures count three times.
    pub fn pixel(&self, x: i32, y: i32) -> Option<[u8; 3]> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = (y * self.width + x) * self.step;
        let pixel = self.bytes.get(at..at + self.step)?;
        match pixel {
            [red, green, blue, ..] => Some([*red, *green, *blue]),
            [grey, ..] => Some([*grey; 3]),
            [] => None,
        }
    }

    /// How many pixels of the area (x, y, width, height) are within `tolerance` of `colour` in each channel.
    pub fn count(&self, area: (i32, i32, i32, i32), colour: [u8; 3], tolerance: u8) -> usize {
        let (x, y, width, height) = area;
        (y..y + height)
            .flat_map(|y| (x..x + width).map(move |x| (x, y)))
            .filter_map(|(x, y)| self.pixel(x, y))
            .filter(|pixel| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= tolerance))
            .count()
    }
}
