//! A small frame of a video, kept as PNG bytes so that a report's numbers and pictures fit in one
//! JSON file.
//!
//! Frames longer than [`Thumbnail::MAX_SIDE`] are averaged down when they come in: a report shows
//! dozens of them, a few centimetres wide.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::error::ReportError;

/// One frame as a PNG image. In JSON: a base64 string.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbnail {
    png: Vec<u8>,
    width: u32,
    height: u32,
}

impl Thumbnail {
    /// Longest side kept, in pixels.
    pub const MAX_SIDE: u32 = 160;

    /// A thumbnail of a frame given as `[height, width, 3]` RGB bytes.
    ///
    /// # Errors
    /// [`ReportError::FrameSize`] when `rgb` is not `width * height * 3` bytes or a side is 0.
    pub fn from_rgb(rgb: &[u8], width: u32, height: u32) -> Result<Self, ReportError> {
        let expected = width as usize * height as usize * 3;
        if rgb.len() != expected || expected == 0 {
            return Err(ReportError::FrameSize { width, height, expected, found: rgb.len() });
        }
        let longest = width.max(height);
        if longest <= Self::MAX_SIDE {
            return Self::encoded(rgb, width, height);
        }
        let shrunk = |side: u32| (side * Self::MAX_SIDE / longest).max(1);
        let (small_width, small_height) = (shrunk(width), shrunk(height));
        let small = averaged_down(rgb, (width, height), (small_width, small_height));
        Self::encoded(&small, small_width, small_height)
    }

    /// A thumbnail of PNG bytes as they are.
    ///
    /// # Errors
    /// [`ReportError::Thumbnail`] when the bytes are no PNG image.
    pub fn from_png(png: Vec<u8>) -> Result<Self, ReportError> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png))
            .read_info()
            .map_err(|source| ReportError::Thumbnail(source.into()))?;
        let (width, height) = reader.info().size();
        let size = reader.output_buffer_size().unwrap_or(0);
        reader
            .next_frame(&mut vec![0; size])
            .map_err(|source| ReportError::Thumbnail(source.into()))?;
        Ok(Self { png, width, height })
    }

    /// The PNG file's bytes.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width over height.
    pub(crate) fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    /// The image as a `data:` address.
    pub(crate) fn data_url(&self) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(&self.png))
    }

    fn encoded(rgb: &[u8], width: u32, height: u32) -> Result<Self, ReportError> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let written = encoder.write_header().and_then(|mut image| image.write_image_data(rgb));
        written.map_err(|source| ReportError::Thumbnail(source.into()))?;
        Ok(Self { png, width, height })
    }
}

impl std::fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Thumbnail({}x{}, {} bytes)", self.width, self.height, self.png.len())
    }
}

impl Serialize for Thumbnail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.png))
    }
}

impl<'de> Deserialize<'de> for Thumbnail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let png = STANDARD.decode(text).map_err(D::Error::custom)?;
        Self::from_png(png).map_err(D::Error::custom)
    }
}

/// Every small pixel is the mean of the pixels it covers (whole pixels: at these ratios the seams
/// do not show).
fn averaged_down(rgb: &[u8], from: (u32, u32), to: (u32, u32)) -> Vec<u8> {
    let range = |i: u32, from: u32, to: u32| {
        let start = i as usize * from as usize / to as usize;
        let end = (i as usize + 1) * from as usize / to as usize;
        start..end.max(start + 1)
    };
    let mut small = Vec::with_capacity(to.0 as usize * to.1 as usize * 3);
    for y in 0..to.1 {
        for x in 0..to.0 {
            let (rows, columns) = (range(y, from.1, to.1), range(x, from.0, to.0));
            let count = (rows.len() * columns.len()) as u32;
            let mut sum = [count / 2; 3];
            for row in rows {
                for column in columns.clone() {
                    let at = (row * from.0 as usize + column) * 3;
                    (0..3).for_each(|c| sum[c] += u32::from(rgb[at + c]));
                }
            }
            small.extend(sum.map(|s| (s / count) as u8));
        }
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(thumbnail: &Thumbnail) -> Vec<u8> {
        let mut reader =
            png::Decoder::new(std::io::Cursor::new(thumbnail.png())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    }

    #[test]
    fn a_small_frame_keeps_its_pixels() {
        let rgb: Vec<u8> = (0..4 * 3 * 3).map(|v| v * 5).collect();
        let thumbnail = Thumbnail::from_rgb(&rgb, 4, 3).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (4, 3));
        assert_eq!(decoded(&thumbnail), rgb);
    }

    #[test]
    fn a_large_frame_is_averaged_down_to_the_longest_side() {
        // columns alternate 0 and 100, halved: every pixel is their mean
        let rgb: Vec<u8> =
            (0..160).flat_map(|_| (0..320).flat_map(|x| [(x % 2) as u8 * 100; 3])).collect();
        let thumbnail = Thumbnail::from_rgb(&rgb, 320, 160).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (160, 80));
        assert!(decoded(&thumbnail).iter().all(|&v| v == 50));
    }

    #[test]
    fn bytes_that_do_not_fill_the_frame_are_refused() {
        let problem = Thumbnail::from_rgb(&[0; 10], 2, 2).unwrap_err();
        assert!(problem.to_string().contains("needs 12 bytes"), "{problem}");
        assert!(Thumbnail::from_rgb(&[], 0, 2).is_err());
    }

    #[test]
    fn a_thumbnail_survives_json_and_a_broken_one_is_refused() {
        let thumbnail = Thumbnail::from_rgb(&[7; 12], 2, 2).unwrap();
        let json = serde_json::to_string(&thumbnail).unwrap();
        assert_eq!(serde_json::from_str::<Thumbnail>(&json).unwrap(), thumbnail);
        assert!(serde_json::from_str::<Thumbnail>("\"bm90IGEgcG5n\"").is_err());
        let mut cut = thumbnail.png().to_vec();
        cut.truncate(45);
        assert!(Thumbnail::from_png(cut).is_err());
    }
}
