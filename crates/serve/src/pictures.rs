//! Pictures of videos as JPEG: thumbnails and sheets of sprites.

use std::path::Path;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use locvtp_video::{
    CancelToken, FrameTableCache, Glimpse, Glimpses, Nearness, ReadLimits, Seconds,
};

use crate::file_cache::NO_PLACE;
use crate::media::Media;
use crate::problem::Problem;
use crate::sprites::Layout;

/// Quality of a JPEG, of 100.
const QUALITY: u8 = 78;
/// Width and height that a thumbnail is made to fit into.
const THUMBNAIL: (u32, u32) = (480, 360);

/// Writes the picture that is shown at a moment.
pub(crate) fn write_thumbnail(
    media: &Media,
    at_s: f64,
    tables: Option<&FrameTableCache>,
    into: &Path,
    cancel: &CancelToken,
) -> Result<(), Problem> {
    let at = Seconds(at_s.clamp(0.0, media.duration_s.max(0.0)));
    let wanted = (vec![at], Nearness::Frame, THUMBNAIL);
    let glimpse = glimpses(media, wanted, tables, cancel)?.pop().flatten();
    let none = || Problem::not_there("no picture of this video could be decoded there");
    let glimpse = glimpse.ok_or_else(none)?;
    write_jpeg(&glimpse.rgb, glimpse.width, glimpse.height, into)
}

/// Writes one sheet. Where a picture cannot be decoded its place stays dark.
pub(crate) fn write_sheet(
    media: &Media,
    sheet: usize,
    tables: Option<&FrameTableCache>,
    into: &Path,
    cancel: &CancelToken,
) -> Result<(), Problem> {
    let layout = Layout::of(media);
    if sheet >= layout.num_sheets() {
        let there = layout.num_sheets();
        return Err(Problem::not_there(format!("this video has {there} sheets of pictures")));
    }
    let times = layout.times(sheet).into_iter().map(Seconds).collect();
    let wanted = (times, Nearness::KeyFrame, layout.size);
    let pictures = glimpses(media, wanted, tables, cancel)?;
    let (columns, rows) = layout.grid(sheet);
    let (width, height) = (columns * layout.size.0 as usize, rows * layout.size.1 as usize);
    let mut page = vec![16; width * height * 3];
    for (place, picture) in pictures.iter().enumerate() {
        if let Some(picture) = picture {
            paste(picture, &layout, place, (&mut page, width));
        }
    }
    write_jpeg(&page, width as u32, height as u32, into)
}

/// Puts a picture into the middle of its place.
fn paste(picture: &Glimpse, layout: &Layout, place: usize, (page, page_width): (&mut [u8], usize)) {
    let (left, top) = layout.corner(place);
    let (width, height) = (picture.width as usize, picture.height as usize);
    let left = left + (layout.size.0 as usize).saturating_sub(width) / 2;
    let top = top + (layout.size.1 as usize).saturating_sub(height) / 2;
    for (row, pixels) in picture.rgb.chunks_exact(width * 3).enumerate().take(height) {
        let at = ((top + row) * page_width + left) * 3;
        page[at..at + width * 3].copy_from_slice(pixels);
    }
}

fn glimpses(
    media: &Media,
    (times, nearness, fit): (Vec<Seconds>, Nearness, (u32, u32)),
    tables: Option<&FrameTableCache>,
    cancel: &CancelToken,
) -> Result<Vec<Option<Glimpse>>, Problem> {
    let wanted = Glimpses { times, start: Seconds(media.start_s), nearness, fit };
    let read = wanted.read_until(cancel, &media.path, &ReadLimits::default(), tables);
    read.map_err(|error| {
        Problem::not_there(format!("{} cannot be decoded", media.name)).because(&error)
    })
}

fn write_jpeg(rgb: &[u8], width: u32, height: u32, into: &Path) -> Result<(), Problem> {
    let side = |length: u32| u16::try_from(length).unwrap_or(u16::MAX);
    // In memory first: the encoder's own file says nothing of a full disk.
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let encoded = encoder.encode(rgb, side(width), side(height), ColorType::Rgb);
    encoded.map_err(|error| Problem::failed(NO_PLACE, &error))?;
    std::fs::write(into, jpeg).map_err(|error| Problem::failed(NO_PLACE, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_the_disk_does_not_take_is_an_error() {
        assert!(write_jpeg(&[128; 12 * 8 * 3], 12, 8, Path::new("/dev/full")).is_err());
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("a.jpg");
        write_jpeg(&[128; 12 * 8 * 3], 12, 8, &whole).unwrap();
        let bytes = std::fs::read(&whole).unwrap();
        assert!(bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]));
    }
}
