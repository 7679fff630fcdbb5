//! One decoded frame to RGB in the form that a transform asks for, in the way that it names.
//!
//! [`Scaling::Fast`]: cut the box out of the stored picture (training), scale and convert to RGB in one
//! pass (swscale, by the transform's interpolation), turn as the file's display matrix says, mirror, cut
//! the centre (evaluation).
//!
//! The others: convert the whole picture to RGB, turn it, cut the box, scale what the centre needs as
//! Pillow does, mirror. A picture of RGB is held beside the results for it.

use ffmpeg::frame;
use ffmpeg_the_third as ffmpeg;

use crate::orientation::Orientation;
use crate::pillow::{PillowScaler, Rows, Window};
use crate::rgb_conversion::{self, RgbConversion};
use crate::transform::{FrameTransform, Interpolation, Scaling};

/// Brings the frames of one video into one form. Made for each read; keeps its tables between
/// frames.
pub(crate) struct FrameScaler {
    output: (u32, u32),
    way: Way,
}

enum Way {
    Fast(FastWay),
    Pillow(PillowWay),
}

/// Width and height of the largest picture of RGB that is made on the way, of pictures shown at this size: of what
/// is far longer than wide, the short side is small and the long one is scaled with it. Pillow's way makes no more
/// than the result.
pub(crate) fn largest_made(transform: &FrameTransform, shown: (u32, u32)) -> (u32, u32) {
    match *transform {
        FrameTransform::ShortSideCentreCrop { short_side, scaling: Scaling::Fast, .. } => {
            short_side_size(shown, short_side)
        }
        // Sizes that the settings name.
        _ => (0, 0),
    }
}

impl FrameScaler {
    /// For pictures shown at this size; the error says in words what does not fit.
    pub(crate) fn new(
        transform: &FrameTransform,
        orientation: Orientation,
        shown: (u32, u32),
    ) -> Result<Self, String> {
        let output = transform.output_size(shown.0, shown.1)?;
        let geometry = Geometry::new(transform, shown, output);
        let interpolation = transform.interpolation();
        let way = match transform.scaling() {
            Scaling::Fast => {
                let way = FastWay::new(geometry, orientation, interpolation);
                Way::Fast(way.map_err(in_words)?)
            }
            Scaling::Torchvision | Scaling::HuggingFace => {
                Way::Pillow(PillowWay { geometry, orientation, interpolation, tables: None })
            }
        };
        Ok(Self { output, way })
    }

    /// Width and height of the result.
    pub(crate) fn output_size(&self) -> (u32, u32) {
        self.output
    }

    /// Writes one frame as packed RGB of the output size.
    pub(crate) fn write(&mut self, stored: &frame::Video, out: &mut [u8]) -> Result<(), String> {
        let written = match &mut self.way {
            Way::Fast(way) => way.write(stored, out),
            Way::Pillow(way) => way.write(stored, out),
        };
        written.map_err(in_words)
    }
}

fn in_words(error: ffmpeg::Error) -> String {
    format!("FFmpeg cannot convert it: {error}")
}

/// A transform worked out for pictures of one shown size.
struct Geometry {
    /// Box of the shown picture, in fractions: left, top, width, height.
    crop: Option<[f64; 4]>,
    /// Shown size after scaling.
    scaled: (u32, u32),
    /// What is cut out of that: its upper left corner,
    start: (u32, u32),
    /// and its size.
    output: (u32, u32),
    mirror: bool,
}

impl Geometry {
    fn new(transform: &FrameTransform, shown: (u32, u32), output: (u32, u32)) -> Self {
        let whole = Self { crop: None, scaled: output, start: (0, 0), output, mirror: false };
        let centre = |scaled: (u32, u32), scaling: Scaling| {
            let start = |side, size| scaling.centre_start(side, size);
            let start = (start(scaled.0, output.0), start(scaled.1, output.1));
            Self { crop: None, scaled, start, output, mirror: false }
        };
        match *transform {
            FrameTransform::AsDecoded | FrameTransform::Resize { .. } => whole,
            FrameTransform::ShortSideCentreCrop { short_side, scaling, .. } => {
                centre(short_side_size(shown, short_side), scaling)
            }
            FrameTransform::SquashCentreCrop { side, scaling, .. } => centre((side, side), scaling),
            FrameTransform::CropResize { crop, flip, .. } => {
                let crop = [crop.left, crop.top, crop.width, crop.height];
                Self { crop: Some(crop), mirror: flip, ..whole }
            }
        }
    }
}

/// The size whose short side is `short_side`, the long one rounded down (as torchvision,
/// transformers and timm do).
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

/// Scaled while it is converted.
struct FastWay {
    geometry: Geometry,
    /// Box of the stored picture, in fractions.
    stored_crop: Option<[f64; 4]>,
    /// The turn and the mirror.
    orientation: Orientation,
    conversion: RgbConversion,
    turned: Vec<u8>,
}

impl FastWay {
    fn new(
        geometry: Geometry,
        orientation: Orientation,
        interpolation: Interpolation,
    ) -> Result<Self, ffmpeg::Error> {
        let stored_crop = geometry.crop.map(|shown| orientation.stored_box(shown));
        let (width, height) = geometry.scaled;
        let conversion = RgbConversion::new(orientation.size(width, height), interpolation)?;
        let turned = if geometry.scaled == geometry.output {
            Vec::new()
        } else {
            vec![0; width as usize * height as usize * 3]
        };
        let orientation = orientation.mirrored(geometry.mirror);
        Ok(Self { geometry, stored_crop, orientation, conversion, turned })
    }

    fn write(&mut self, stored: &frame::Video, out: &mut [u8]) -> Result<(), ffmpeg::Error> {
        let cropped = match self.stored_crop {
            Some(fractions) => Some(rgb_conversion::cropped(stored, fractions)?),
            None => None,
        };
        let rgb = self.conversion.run(cropped.as_ref().unwrap_or(stored))?;
        let size = (rgb.width() as usize, rgb.height() as usize);
        let Geometry { scaled, start, output, .. } = self.geometry;
        if scaled == output {
            self.orientation.apply(rgb.data(0), rgb.stride(0), size, out);
        } else {
            self.orientation.apply(rgb.data(0), rgb.stride(0), size, &mut self.turned);
            cut(&self.turned, scaled, start, output, out);
        }
        Ok(())
    }
}

/// Cuts the `output` that begins at `start` out of packed RGB of size `from`.
fn cut(rgb: &[u8], from: (u32, u32), start: (u32, u32), output: (u32, u32), out: &mut [u8]) {
    let (from_row, out_row) = (from.0 as usize * 3, output.0 as usize * 3);
    for (y, row) in out.chunks_exact_mut(out_row).enumerate() {
        let start = (start.1 as usize + y) * from_row + start.0 as usize * 3;
        row.copy_from_slice(&rgb[start..start + out_row]);
    }
}

/// Converted whole, then scaled as Pillow does.
struct PillowWay {
    geometry: Geometry,
    orientation: Orientation,
    interpolation: Interpolation,
    /// For stored pictures of one size, remade when a file changes size midway.
    tables: Option<PillowTables>,
}

struct PillowTables {
    stored: (u32, u32),
    conversion: RgbConversion,
    /// The picture as shown; nothing where it is not turned.
    turned: Vec<u8>,
    /// The box of the shown picture.
    part: Window,
    scaler: PillowScaler,
}

impl PillowWay {
    fn write(&mut self, stored: &frame::Video, out: &mut [u8]) -> Result<(), ffmpeg::Error> {
        let size = (stored.width(), stored.height());
        let tables = self.tables.take().filter(|tables| tables.stored == size);
        let tables = match tables {
            Some(tables) => tables,
            None => self.tables(size)?,
        };
        let tables = self.tables.insert(tables);
        let rgb = tables.conversion.run(stored)?;
        let (width, height) = (size.0 as usize, size.1 as usize);
        let shown = if tables.turned.is_empty() {
            Rows { rgb: rgb.data(0), row_bytes: rgb.stride(0) }
        } else {
            let (turned, row_bytes) = (&mut tables.turned, rgb.stride(0));
            self.orientation.apply(rgb.data(0), row_bytes, (width, height), turned);
            Rows { rgb: turned, row_bytes: self.orientation.size(size.0, size.1).0 as usize * 3 }
        };
        tables.scaler.run(shown.part(&tables.part), out);
        if self.geometry.mirror {
            for row in out.chunks_exact_mut(self.geometry.output.0 as usize * 3) {
                row.as_chunks_mut::<3>().0.reverse();
            }
        }
        Ok(())
    }

    fn tables(&self, stored: (u32, u32)) -> Result<PillowTables, ffmpeg::Error> {
        let (width, height) = self.orientation.size(stored.0, stored.1);
        let turned = if self.orientation == Orientation::default() {
            Vec::new()
        } else {
            vec![0; width as usize * height as usize * 3]
        };
        let [left, top, part_width, part_height] =
            self.geometry.crop.unwrap_or([0.0, 0.0, 1.0, 1.0]);
        let part = Window {
            columns: whole_pixels(width, left, part_width),
            rows: whole_pixels(height, top, part_height),
        };
        let Geometry { scaled, start, output, .. } = self.geometry;
        let range = |start: u32, size: u32| start as usize..(start + size) as usize;
        let window = Window { columns: range(start.0, output.0), rows: range(start.1, output.1) };
        let scaler = PillowScaler::new(
            self.interpolation,
            (part.columns.len(), part.rows.len()),
            (scaled.0 as usize, scaled.1 as usize),
            &window,
        );
        // Nothing is scaled on the way, so this is FFmpeg's plain conversion.
        let conversion = RgbConversion::new(stored, Interpolation::Bilinear)?;
        Ok(PillowTables { stored, conversion, turned, part, scaler })
    }
}

/// The part of a side that begins at a fraction of it and is as long as another, at least a pixel.
fn whole_pixels(side: u32, start: f64, length: f64) -> std::ops::Range<usize> {
    let (before, after) = rgb_conversion::cut(side, start, length, 1);
    before as usize..(side - after) as usize
}

#[cfg(test)]
mod tests {
    use ffmpeg::format::Pixel;

    use super::*;
    use crate::transform::CropBox;

    const WAYS: [Scaling; 3] = [Scaling::Fast, Scaling::Torchvision, Scaling::HuggingFace];

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
        let (short_side, size) = (8, 4);
        for scaling in WAYS {
            let transform =
                FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling };
            let (size, grey) = run(transform, 16, 8);
            assert_eq!(size, (4, 4));
            assert_eq!((grey[0], grey[15]), (20, 38), "{scaling:?}");
        }
    }

    #[test]
    fn the_long_side_of_a_narrow_picture_grows_with_the_short_one() {
        let made = |scaling, shown| {
            let (short_side, size, interpolation) = (256, 224, Interpolation::Bilinear);
            let transform =
                FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling };
            largest_made(&transform, shown)
        };
        // 60000 * 256 / 1, either way.
        assert_eq!(made(Scaling::Fast, (60_000, 1)), (15_360_000, 256));
        assert_eq!(made(Scaling::Fast, (1, 60_000)), (256, 15_360_000));
        assert_eq!(made(Scaling::Fast, (1920, 1080)), (455, 256));
        // A side that no number holds is the largest, which is over any limit.
        assert_eq!(made(Scaling::Fast, (u32::MAX, 1)).0, u32::MAX);
        assert_eq!(made(Scaling::Torchvision, (60_000, 1)), (0, 0));
    }

    #[test]
    fn a_crop_box_is_cut_scaled_and_mirrored() {
        let crop = CropBox { left: 0.5, top: 0.25, width: 0.25, height: 0.5 };
        for scaling in WAYS {
            let transform = |flip| FrameTransform::CropResize {
                crop,
                size: 4,
                flip,
                interpolation: Interpolation::Bilinear,
                scaling,
            };
            // Of 16 x 8: x 8..12, y 2..6, already 4 x 4, so unscaled: 2 * 8 + 4 * 2 = 24.
            let (_, plain) = run(transform(false), 16, 8);
            assert_eq!(plain[..4], [24, 26, 28, 30], "{scaling:?}");
            let (_, mirrored) = run(transform(true), 16, 8);
            assert_eq!(mirrored[..4], [30, 28, 26, 24], "{scaling:?}");
        }
    }

    #[test]
    fn a_thin_picture_scales_by_its_short_side() {
        assert_eq!(short_side_size((640, 360), 256), (455, 256));
        assert_eq!(short_side_size((360, 640), 256), (256, 455));
        assert_eq!(short_side_size((100, 100), 30), (30, 30));
    }

    /// What Pillow, torchvision, timm, open_clip and transformers made of pictures
    /// (`reference/scaling.py`).
    fn golden() -> serde_json::Value {
        serde_json::from_str(include_str!("../tests/goldens/scaling.json")).unwrap()
    }

    /// `made_picture` of the reference.
    fn made_picture(width: usize, height: usize) -> frame::Video {
        let mut frame = frame::Video::new(Pixel::RGB24, width as u32, height as u32);
        let stride = frame.stride(0);
        let mut state = 1u32;
        for (y, row) in frame.data_mut(0).chunks_mut(stride).take(height).enumerate() {
            for (i, value) in row[..width * 3].iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) as u8;
                let is_black_and_white = (i / 3 / 5 + y / 3) % 2 == 0;
                let extreme = if noise < 128 { 0 } else { 255 };
                *value = if is_black_and_white { extreme } else { noise };
            }
        }
        frame
    }

    /// The picture of a case's size `from`, by this transform.
    fn of_made_picture(case: &serde_json::Value, transform: FrameTransform) -> Vec<u8> {
        let side = |i: usize| case["from"][i].as_u64().unwrap() as u32;
        let shown = (side(0), side(1));
        let mut scaler = FrameScaler::new(&transform, Orientation::default(), shown).unwrap();
        let (width, height) = scaler.output_size();
        let mut out = vec![0; (width * height * 3) as usize];
        scaler.write(&made_picture(shown.0 as usize, shown.1 as usize), &mut out).unwrap();
        out
    }

    fn interpolation_of(case: &serde_json::Value) -> Interpolation {
        serde_json::from_value(case["interpolation"].clone()).unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn scaling_gives_pillows_bytes() {
        let golden = golden();
        let cases = golden["scaled"].as_array().unwrap();
        assert_eq!(cases.len(), 20);
        for case in cases {
            let size = |key: &str| {
                let side = |i: usize| case[key][i].as_u64().unwrap() as usize;
                (side(0), side(1))
            };
            let (from, to) = (size("from"), size("to"));
            let picture = made_picture(from.0, from.1);
            let rows = Rows { rgb: picture.data(0), row_bytes: picture.stride(0) };
            let scale = |window: &Window| {
                let mut scaler = PillowScaler::new(interpolation_of(case), from, to, window);
                let mut out = vec![0; window.columns.len() * window.rows.len() * 3];
                scaler.run(rows, &mut out);
                out
            };
            let whole = scale(&Window { columns: 0..to.0, rows: 0..to.1 });
            match case["pixels"].as_str() {
                Some(pixels) => assert_eq!(hex(&whole), pixels, "{case}"),
                None => {
                    let expected = case["crc32"].as_u64().unwrap();
                    assert_eq!(u64::from(crc32fast::hash(&whole)), expected, "{case}");
                }
            }
            // A part alone is that part of the whole.
            let part = Window { columns: to.0 / 3..to.0 - to.0 / 4, rows: to.1 / 4..to.1 };
            let rows = whole.chunks(to.0 * 3).skip(part.rows.start);
            let columns = part.columns.start * 3..part.columns.end * 3;
            let expected: Vec<u8> = rows.flat_map(|row| row[columns.clone()].to_vec()).collect();
            assert!(scale(&part) == expected, "a part of {case}");
        }
    }

    #[test]
    fn centres_are_those_of_timm_open_clip_and_transformers() {
        let golden = golden();
        let cases = golden["centres"].as_array().unwrap();
        assert_eq!(cases.len(), 32);
        for case in cases {
            let (interpolation, size) = (interpolation_of(case), 5);
            let scaling = match case["program"].as_str().unwrap() {
                "transformers" => Scaling::HuggingFace,
                _ => Scaling::Torchvision,
            };
            let side = case["side"].as_u64().unwrap() as u32;
            let transform = if case["squash"].as_bool().unwrap() {
                FrameTransform::SquashCentreCrop { side, size, interpolation, scaling }
            } else {
                let short_side = side;
                FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling }
            };
            assert_eq!(hex(&of_made_picture(case, transform)), case["pixels"], "{case}");
        }
    }

    #[test]
    fn a_training_crop_is_cut_scaled_and_mirrored_as_torchvision_does() {
        let golden = golden();
        let cases = golden["crops"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let of = |i: usize, side: f64| case["box"][i].as_f64().unwrap() / side;
            let (left, width) = (of(0, 31.0), of(2, 31.0));
            let (top, height) = (of(1, 20.0), of(3, 20.0));
            let transform = FrameTransform::CropResize {
                crop: CropBox { left, top, width, height },
                size: 6,
                flip: case["flip"].as_bool().unwrap(),
                interpolation: interpolation_of(case),
                scaling: Scaling::Torchvision,
            };
            assert_eq!(hex(&of_made_picture(case, transform)), case["pixels"], "{case}");
        }
    }

    #[test]
    fn a_turned_picture_is_turned_before_it_is_scaled() {
        // The display matrix of a quarter turn clockwise: what is shown is 20 wide and 31 high.
        let clockwise = [0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30];
        let orientation = Orientation::from_display_matrix(clockwise);
        let stored = made_picture(31, 20);
        let mut turned = frame::Video::new(Pixel::RGB24, 20, 31);
        let stride = turned.stride(0);
        for (y, row) in turned.data_mut(0).chunks_mut(stride).take(31).enumerate() {
            for (x, pixel) in row[..60].chunks_mut(3).enumerate() {
                // Shown (x, y) was stored in column y of row 19 - x.
                let from = (19 - x) * stored.stride(0) + y * 3;
                pixel.copy_from_slice(&stored.data(0)[from..from + 3]);
            }
        }
        let (interpolation, scaling) = (Interpolation::Bicubic, Scaling::HuggingFace);
        let (short_side, size) = (8, 5);
        let crop = CropBox { left: 0.1, top: 0.3, width: 0.8, height: 0.5 };
        for transform in [
            FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling },
            FrameTransform::SquashCentreCrop { side: 8, size, interpolation, scaling },
            FrameTransform::CropResize { crop, size, flip: true, interpolation, scaling },
        ] {
            let run = |orientation, frame: &frame::Video| {
                let mut scaler = FrameScaler::new(&transform, orientation, (20, 31)).unwrap();
                let mut out = vec![0; 75];
                scaler.write(frame, &mut out).unwrap();
                out
            };
            let (from_stored, upright) =
                (run(orientation, &stored), run(Orientation::default(), &turned));
            assert_eq!(from_stored, upright, "{transform:?}");
        }
    }
}
