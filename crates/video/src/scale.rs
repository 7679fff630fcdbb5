//! One decoded frame to RGB in the form that a transform asks for.
//!
//! The order is: cut the box out of the stored picture (training), scale and convert to RGB in one
//! pass (swscale, by the transform's interpolation), turn as the file's display matrix says, mirror, cut the centre
//! (evaluation). Colours follow the matrix and range that the frame states; frames that state none
//! are taken as BT.601, as FFmpeg and decord do.

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg::{color, ffi, frame};
use ffmpeg_the_third as ffmpeg;

use crate::orientation::Orientation;
use crate::transform::{FrameTransform, Interpolation};

/// Brings the frames of one video into one form. Made for each read; keeps its tables between
/// frames.
pub(crate) struct FrameScaler {
    geometry: Geometry,
    /// The tables for frames of one kind, remade when a file changes size or format midway.
    tables: Option<(FrameKind, scaling::Context)>,
    scaled: frame::Video,
    turned: Vec<u8>,
    interpolation: Interpolation,
}

/// A transform worked out for pictures of one shown size.
struct Geometry {
    /// Box of the stored picture, in fractions: left, top, width, height.
    stored_crop: Option<[f64; 4]>,
    /// Stored size after scaling.
    scaled: (u32, u32),
    orientation: Orientation,
    /// Size after turning.
    turned: (u32, u32),
    output: (u32, u32),
}

/// What the conversion tables depend on.
#[derive(Clone, Copy, PartialEq)]
struct FrameKind {
    format: Pixel,
    width: u32,
    height: u32,
    space: color::Space,
    range: color::Range,
}

impl FrameScaler {
    /// For pictures shown at this size; the error says in words what does not fit.
    pub(crate) fn new(
        transform: &FrameTransform,
        orientation: Orientation,
        shown: (u32, u32),
    ) -> Result<Self, String> {
        let geometry = Geometry::new(transform, orientation, shown)?;
        let (width, height) = geometry.scaled;
        let scaled = frame::Video::new(Pixel::RGB24, width, height);
        let (width, height) = geometry.turned;
        let turned = if geometry.turned == geometry.output {
            Vec::new()
        } else {
            vec![0; width as usize * height as usize * 3]
        };
        let interpolation = transform.interpolation();
        Ok(Self { geometry, tables: None, scaled, turned, interpolation })
    }

    /// Width and height of the result.
    pub(crate) fn output_size(&self) -> (u32, u32) {
        self.geometry.output
    }

    /// Writes one frame as packed RGB of the output size.
    pub(crate) fn write(&mut self, stored: &frame::Video, out: &mut [u8]) -> Result<(), String> {
        let in_words = |error: ffmpeg::Error| format!("FFmpeg cannot convert it: {error}");
        let cropped = match self.geometry.stored_crop {
            Some(fractions) => Some(cropped(stored, fractions).map_err(in_words)?),
            None => None,
        };
        let stored = cropped.as_ref().unwrap_or(stored);
        let kind = FrameKind::of(stored);
        let tables = match self.tables.take() {
            Some((of, tables)) if of == kind => tables,
            _ => kind.tables(self.geometry.scaled, self.interpolation).map_err(in_words)?,
        };
        let (_, tables) = self.tables.insert((kind, tables));
        tables.run(stored, &mut self.scaled).map_err(in_words)?;

        let Geometry { orientation, scaled, turned, output, .. } = self.geometry;
        let (rgb, row_bytes) = (self.scaled.data(0), self.scaled.stride(0));
        let size = (scaled.0 as usize, scaled.1 as usize);
        if turned == output {
            orientation.apply(rgb, row_bytes, size, out);
        } else {
            orientation.apply(rgb, row_bytes, size, &mut self.turned);
            cut_centre(&self.turned, turned, output, out);
        }
        Ok(())
    }
}

impl Geometry {
    fn new(
        transform: &FrameTransform,
        orientation: Orientation,
        (width, height): (u32, u32),
    ) -> Result<Self, String> {
        let output = transform.output_size(width, height)?;
        let (mut turned, mut stored_crop, mut mirror) = (output, None, false);
        match *transform {
            FrameTransform::AsDecoded | FrameTransform::Resize { .. } => {}
            FrameTransform::ShortSideCentreCrop { short_side, .. } => {
                turned = short_side_size((width, height), short_side);
            }
            FrameTransform::CropResize { crop, flip, .. } => {
                let shown = [crop.left, crop.top, crop.width, crop.height];
                (stored_crop, mirror) = (Some(orientation.stored_box(shown)), flip);
            }
        }
        let scaled = orientation.size(turned.0, turned.1);
        let orientation = orientation.mirrored(mirror);
        Ok(Self { stored_crop, scaled, orientation, turned, output })
    }
}

/// The size whose short side is `short_side`, the long one rounded down (as torchvision does).
fn short_side_size((width, height): (u32, u32), short_side: u32) -> (u32, u32) {
    let long = |long: u32, short: u32| {
        let scaled = u64::from(short_side) * u64::from(long) / u64::from(short);
        u32::try_from(scaled).unwrap_or(u32::MAX)
    };
    if width <= height {
        (short_side, long(height, width))
    } else {
        (long(width, height), short_side)
    }
}

/// Cuts the central `output` out of packed RGB of size `from`.
fn cut_centre(rgb: &[u8], from: (u32, u32), output: (u32, u32), out: &mut [u8]) {
    let middle = |from: u32, to: u32| ((from - to) as f64 / 2.0).round_ties_even() as usize;
    let (left, top) = (middle(from.0, output.0), middle(from.1, output.1));
    let (from_row, out_row) = (from.0 as usize * 3, output.0 as usize * 3);
    for (y, row) in out.chunks_exact_mut(out_row).enumerate() {
        let start = (top + y) * from_row + left * 3;
        row.copy_from_slice(&rgb[start..start + out_row]);
    }
}

/// A view of part of a frame, on whole chroma samples.
fn cropped(stored: &frame::Video, fractions: [f64; 4]) -> Result<frame::Video, ffmpeg::Error> {
    let (chroma_x, chroma_y) = chroma_steps(stored.format());
    let [left, top, width, height] = fractions;
    let (left, right) = cut(stored.width(), left, width, chroma_x);
    let (top, bottom) = cut(stored.height(), top, height, chroma_y);
    let mut view = frame::Video::empty();
    // SAFETY: the view takes its own reference to the pixels; the four cuts leave at least one
    // pixel on each side.
    unsafe {
        let frame = view.as_mut_ptr();
        check(ffi::av_frame_ref(frame, stored.as_ptr()))?;
        (*frame).crop_left += left as usize;
        (*frame).crop_right += right as usize;
        (*frame).crop_top += top as usize;
        (*frame).crop_bottom += bottom as usize;
        check(ffi::av_frame_apply_cropping(frame, ffi::AV_FRAME_CROP_UNALIGNED.0 as i32))?;
    }
    Ok(view)
}

fn check(code: i32) -> Result<(), ffmpeg::Error> {
    if code < 0 { Err(code.into()) } else { Ok(()) }
}

/// Pixels to cut before and after a part of a side, the start rounded down to a multiple of `step`.
fn cut(side: u32, start: f64, size: f64, step: u32) -> (u32, u32) {
    let pixels = f64::from(side);
    let before = ((start * pixels).round().max(0.0) as u32).min(side - 1) / step * step;
    let kept = ((size * pixels).round() as u32).clamp(1, side - before);
    (before, side - before - kept)
}

/// Pixels per chroma sample, across and down.
fn chroma_steps(format: Pixel) -> (u32, u32) {
    // SAFETY: FFmpeg returns null or a description that lives as long as the process.
    unsafe { ffi::av_pix_fmt_desc_get(format.into()).as_ref() }
        .map_or((1, 1), |about| (1 << about.log2_chroma_w, 1 << about.log2_chroma_h))
}

impl FrameKind {
    fn of(stored: &frame::Video) -> Self {
        Self {
            format: stored.format(),
            width: stored.width(),
            height: stored.height(),
            space: stored.color_space(),
            range: stored.color_range(),
        }
    }

    fn tables(
        &self,
        (width, height): (u32, u32),
        interpolation: Interpolation,
    ) -> Result<scaling::Context, ffmpeg::Error> {
        let mut tables = scaling::Context::get(
            self.format,
            self.width,
            self.height,
            Pixel::RGB24,
            width,
            height,
            match interpolation {
                Interpolation::Bilinear => scaling::Flags::BILINEAR,
                // Colours at full width and rounded: what a whole picture scaled afterwards gives, as
                // Pillow does for CLIP, is nearer by a factor of two to three so.
                Interpolation::Bicubic => {
                    scaling::Flags::BICUBIC
                        | scaling::Flags::FULL_CHR_H_INT
                        | scaling::Flags::ACCURATE_RND
                }
            },
        )?;
        self.say_colours(&mut tables);
        Ok(tables)
    }

    /// Tells swscale the frame's colour matrix and range, which it does not look up itself.
    fn say_colours(&self, tables: &mut scaling::Context) {
        let stated = !matches!(self.space, color::Space::Unspecified | color::Space::RGB);
        let full_range = self.range == color::Range::JPEG;
        if !stated && !full_range {
            return;
        }
        let (mut inverse, mut forward) = (std::ptr::null_mut(), std::ptr::null_mut());
        let (mut from, mut to, mut brightness, mut contrast, mut saturation) = (0, 0, 0, 0, 0);
        // SAFETY: the tables are alive; the coefficient pointers lead into FFmpeg's static tables
        // or the context. A conversion that has no matrix (from RGB or grey) refuses the call and
        // stays as it is.
        unsafe {
            let known = ffi::sws_getColorspaceDetails(
                tables.as_mut_ptr(),
                &raw mut inverse,
                &raw mut from,
                &raw mut forward,
                &raw mut to,
                &raw mut brightness,
                &raw mut contrast,
                &raw mut saturation,
            );
            if known < 0 {
                return;
            }
            let mut matrix: *const i32 = inverse;
            if stated {
                let space: ffi::AVColorSpace = self.space.into();
                matrix = ffi::sws_getCoefficients(space.0 as i32);
            }
            let range = if full_range { 1 } else { from };
            ffi::sws_setColorspaceDetails(
                tables.as_mut_ptr(),
                matrix,
                range,
                forward,
                to,
                brightness,
                contrast,
                saturation,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::CropBox;

    /// A grey picture, brightness growing by 2 a pixel from left to right and by 4 a row: easy to
    /// locate parts of.
    fn ramp(width: u32, height: u32) -> frame::Video {
        let mut frame = frame::Video::new(Pixel::RGB24, width, height);
        let stride = frame.stride(0);
        for (y, row) in frame.data_mut(0).chunks_mut(stride).enumerate() {
            for (x, pixel) in row[..width as usize * 3].chunks_mut(3).enumerate() {
                pixel.fill((2 * x + 4 * y) as u8);
            }
        }
        frame
    }

    fn run(transform: FrameTransform, width: u32, height: u32) -> ((u32, u32), Vec<u8>) {
        let orientation = Orientation::default();
        let mut scaler = FrameScaler::new(&transform, orientation, (width, height)).unwrap();
        let (out_width, out_height) = scaler.output_size();
        let mut out = vec![0; (out_width * out_height * 3) as usize];
        scaler.write(&ramp(width, height), &mut out).unwrap();
        ((out_width, out_height), out.chunks(3).map(|pixel| pixel[0]).collect())
    }

    #[test]
    fn as_decoded_gives_every_pixel_back() {
        let (size, grey) = run(FrameTransform::AsDecoded, 7, 5);
        assert_eq!(size, (7, 5));
        let expected: Vec<u8> = (0..5).flat_map(|y| (0..7).map(move |x| 2 * x + 4 * y)).collect();
        assert_eq!(grey, expected);
    }

    #[test]
    fn the_centre_crop_lies_in_the_middle_of_the_scaled_picture() {
        // 16 x 8 with its short side at 8 already: a square of 4 starts at x = 6, y = 2: 2 * 6 + 4
        // * 2 = 20.
        let interpolation = Interpolation::Bilinear;
        let transform =
            FrameTransform::ShortSideCentreCrop { short_side: 8, size: 4, interpolation };
        let (size, grey) = run(transform, 16, 8);
        assert_eq!(size, (4, 4));
        assert_eq!((grey[0], grey[15]), (20, 38));
    }

    #[test]
    fn a_crop_box_is_cut_scaled_and_mirrored() {
        let crop = CropBox { left: 0.5, top: 0.25, width: 0.25, height: 0.5 };
        let transform = |flip| FrameTransform::CropResize {
            crop,
            size: 4,
            flip,
            interpolation: Interpolation::Bilinear,
        };
        // Of 16 x 8: x 8..12, y 2..6, already 4 x 4, so unscaled: 2 * 8 + 4 * 2 = 24.
        let (_, plain) = run(transform(false), 16, 8);
        assert_eq!(plain[..4], [24, 26, 28, 30]);
        let (_, mirrored) = run(transform(true), 16, 8);
        assert_eq!(mirrored[..4], [30, 28, 26, 24]);
    }

    #[test]
    fn a_thin_picture_scales_by_its_short_side() {
        assert_eq!(short_side_size((640, 360), 256), (455, 256));
        assert_eq!(short_side_size((360, 640), 256), (256, 455));
        assert_eq!(short_side_size((100, 100), 30), (30, 30));
    }

    #[test]
    fn cuts_stay_in_the_picture_and_on_whole_chroma_samples() {
        assert_eq!(cut(100, 0.25, 0.5, 2), (24, 26));
        assert_eq!(cut(100, 0.99, 0.5, 2), (98, 0));
        assert_eq!(cut(3, 0.0, 0.01, 2), (0, 2));
    }
}
