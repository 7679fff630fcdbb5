//! Frames of any format to RGB by swscale, of the same size or scaled on the way.
//!
//! Colours follow the matrix and range that the frame states; frames that state none are taken as
//! BT.601, as FFmpeg and decord do. Of the same size it is FFmpeg's own conversion, which PyAV and
//! decord give too: 4:2:0 takes the nearest chroma sample, wherever the file says that it lies.
//! HDR (PQ, HLG) is converted with 16 bits a colour and then tone-mapped, so whoever gets pixels gets those
//! of ordinary video. All ways from a frame to pixels lead through here.

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling;
use ffmpeg::{color, ffi, frame};
use ffmpeg_the_third as ffmpeg;

use crate::hdr::HdrTransfer;
use crate::tone_map::ToneMap;
use crate::transform::Interpolation;

/// Brings frames to one size as packed RGB. Keeps its tables between frames.
pub(crate) struct RgbConversion {
    size: (u32, u32),
    interpolation: Interpolation,
    /// The tables for frames of one kind, remade when a file changes size or format midway.
    tables: Option<(FrameKind, Tables)>,
    rgb: frame::Video,
}

struct Tables {
    scaling: scaling::Context,
    /// Of HDR: what makes it ordinary video, and the picture with 16 bits a colour.
    hdr: Option<(ToneMap, frame::Video)>,
}

/// What the conversion tables depend on.
#[derive(Clone, Copy, PartialEq)]
struct FrameKind {
    format: Pixel,
    width: u32,
    height: u32,
    space: color::Space,
    range: color::Range,
    hdr: Option<HdrTransfer>,
}

impl RgbConversion {
    /// To this width and height; bicubic is for what is to be scaled.
    ///
    /// # Errors
    /// A size for which FFmpeg makes no picture.
    pub(crate) fn new(
        size: (u32, u32),
        interpolation: Interpolation,
    ) -> Result<Self, ffmpeg::Error> {
        let rgb = picture(Pixel::RGB24, size)?;
        Ok(Self { size, interpolation, tables: None, rgb })
    }

    /// The frame in RGB, rows of the first plane.
    pub(crate) fn run(&mut self, stored: &frame::Video) -> Result<&frame::Video, ffmpeg::Error> {
        let kind = FrameKind::of(stored);
        let tables = match self.tables.take() {
            Some((of, tables)) if of == kind => tables,
            _ => kind.tables(self.size, self.interpolation)?,
        };
        let (_, tables) = self.tables.insert((kind, tables));
        match &mut tables.hdr {
            None => tables.scaling.run(stored, &mut self.rgb)?,
            Some((tone_map, wide)) => {
                tables.scaling.run(stored, wide)?;
                tone_mapped(tone_map, wide, &mut self.rgb);
            }
        }
        Ok(&self.rgb)
    }
}

/// A picture to write into. FFmpeg makes none of more than some 2^28 pixels, and does not say so by itself.
fn picture(format: Pixel, (width, height): (u32, u32)) -> Result<frame::Video, ffmpeg::Error> {
    let fits = |side: u32| (1..=i32::MAX as u32).contains(&side);
    let made = (fits(width) && fits(height)).then(|| frame::Video::new(format, width, height));
    // SAFETY: the pointer is to the frame's own struct.
    let made = made.filter(|frame| unsafe { !(*frame.as_ptr()).data[0].is_null() });
    made.ok_or(ffmpeg::Error::Other { errno: libc::ENOMEM })
}

/// Brings a picture of 16 bits a colour into one of 8 of the same size.
fn tone_mapped(tone_map: &ToneMap, wide: &frame::Video, rgb: &mut frame::Video) {
    let (wide_row, row) = (wide.stride(0), rgb.stride(0));
    let (width, height) = (wide.width() as usize, wide.height() as usize);
    let mut colours = vec![[0; 3]; width];
    let rows = wide.data(0).chunks(wide_row).zip(rgb.data_mut(0).chunks_mut(row));
    for (from, to) in rows.take(height) {
        let (pixels, _) = from[..width * 6].as_chunks::<6>();
        for (colour, [r0, r1, g0, g1, b0, b1]) in colours.iter_mut().zip(pixels) {
            *colour = [[*r0, *r1], [*g0, *g1], [*b0, *b1]].map(u16::from_le_bytes);
        }
        tone_map.row(&colours, to[..width * 3].as_chunks_mut::<3>().0);
    }
}

impl FrameKind {
    fn of(stored: &frame::Video) -> Self {
        Self {
            format: stored.format(),
            width: stored.width(),
            height: stored.height(),
            space: stored.color_space(),
            range: stored.color_range(),
            // SAFETY: the frame is alive.
            hdr: HdrTransfer::of(unsafe { (*stored.as_ptr()).color_trc }),
        }
    }

    fn tables(
        &self,
        (width, height): (u32, u32),
        interpolation: Interpolation,
    ) -> Result<Tables, ffmpeg::Error> {
        let mut scaling = scaling::Context::get(
            self.format,
            self.width,
            self.height,
            if self.hdr.is_some() { Pixel::RGB48LE } else { Pixel::RGB24 },
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
        self.say_colours(&mut scaling);
        let wide = || picture(Pixel::RGB48LE, (width, height));
        let hdr = match self.hdr {
            Some(transfer) => Some((ToneMap::new(transfer), wide()?)),
            None => None,
        };
        Ok(Tables { scaling, hdr })
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

/// A view of part of a frame, on whole chroma samples.
pub(crate) fn cropped(
    stored: &frame::Video,
    fractions: [f64; 4],
) -> Result<frame::Video, ffmpeg::Error> {
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
pub(crate) fn cut(side: u32, start: f64, size: f64, step: u32) -> (u32, u32) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_ffmpeg_does_not_make_is_an_error() {
        let made = |size| RgbConversion::new(size, Interpolation::Bilinear).is_ok();
        for size in [(0, 4), (1 << 31, 1), (u32::MAX, u32::MAX), (1 << 15, 1 << 15)] {
            assert!(!made(size), "{size:?}");
        }
        assert!(made((4, 3)));
    }

    #[test]
    fn cuts_stay_in_the_picture_and_on_whole_chroma_samples() {
        assert_eq!(cut(100, 0.25, 0.5, 2), (24, 26));
        assert_eq!(cut(100, 0.99, 0.5, 2), (98, 0));
        assert_eq!(cut(3, 0.0, 0.01, 2), (0, 2));
    }
}
