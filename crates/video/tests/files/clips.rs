//! Clips as a model gets them: planned, transformed, turned upright.

use locvtp_video::sampling::{self, Phase};
use locvtp_video::{
    ClipPixels, CropBox, Encoder, EncoderSettings, FrameTransform, Interpolation,
    RandomResizedCrop, Scaling, Seconds, VideoError, VideoReader,
};

use crate::made_files::*;

const RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 200];
const GREY: [u8; 3] = [128, 128, 128];

/// Three frames of four coloured quarters: red green / blue grey.
fn write_quarters(path: &std::path::Path, (width, height): (u32, u32), rotation_degrees: u16) {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let quarters = [[RED, GREEN], [BLUE, GREY]];
            let (row, column) = (y * 2 / height, x * 2 / width);
            rgb.extend_from_slice(&quarters[row as usize][column as usize]);
        }
    }
    let settings = EncoderSettings::new(width, height, 10);
    let settings = EncoderSettings { rotation_degrees, crf: 10, ..settings };
    let mut encoder = Encoder::create(path, settings).unwrap();
    (0..3).for_each(|_| encoder.push(&rgb).unwrap());
    encoder.finish().unwrap();
}

fn centre(short_side: u32, size: u32) -> FrameTransform {
    let (interpolation, scaling) = (Interpolation::Bilinear, Scaling::Fast);
    FrameTransform::ShortSideCentreCrop { short_side, size, interpolation, scaling }
}

fn cut(crop: CropBox, size: u32, flip: bool) -> FrameTransform {
    let (interpolation, scaling) = (Interpolation::Bilinear, Scaling::Fast);
    FrameTransform::CropResize { crop, size, flip, interpolation, scaling }
}

/// Colours in the middle of the four quarters, row by row.
fn quarters_of(frame: &[u8], width: usize, height: usize) -> [[u8; 3]; 4] {
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| {
        let at = (y * height / 4 * width + x * width / 4) * 3;
        frame[at..at + 3].try_into().unwrap()
    })
}

fn assert_near(found: &[[u8; 3]], expected: &[[u8; 3]]) {
    for (found, expected) in found.iter().zip(expected) {
        let off = (0..3).any(|i| found[i].abs_diff(expected[i]) > 12);
        assert!(!off, "{found:?} where {expected:?} was expected");
    }
}

#[test]
fn pictures_come_out_as_shown_whatever_way_the_phone_was_held() {
    let cases = [
        (0, (64, 48), [RED, GREEN, BLUE, GREY]),
        // Clockwise: the lower left comes to the upper left.
        (90, (48, 64), [BLUE, RED, GREY, GREEN]),
        (180, (64, 48), [GREY, BLUE, GREEN, RED]),
        (270, (48, 64), [GREEN, GREY, RED, BLUE]),
    ];
    for (rotation_degrees, size, expected) in cases {
        let (_folder, path) = place("turned.mp4");
        write_quarters(&path, (64, 48), rotation_degrees);
        let mut video = VideoReader::open(&path).unwrap();
        assert_eq!(video.info().rotation_degrees, rotation_degrees);
        assert_eq!((video.info().width, video.info().height), size);
        let pixels = video.read_frames(&[1], &FrameTransform::AsDecoded).unwrap();
        assert_eq!((pixels.width, pixels.height), (size.0 as usize, size.1 as usize));
        assert_near(&quarters_of(pixels.frame(0), pixels.width, pixels.height), &expected);

        // The upper left quarter, cut out and scaled: one colour all over.
        let crop = CropBox { width: 0.5, height: 0.5, ..CropBox::WHOLE };
        let transform = cut(crop, 16, false);
        let pixels = video.read_frames(&[1], &transform).unwrap();
        assert_near(&quarters_of(pixels.frame(0), 16, 16), &[expected[0]; 4]);

        let transform = cut(CropBox::WHOLE, 32, true);
        let pixels = video.read_frames(&[1], &transform).unwrap();
        let [a, b, c, d] = expected;
        assert_near(&quarters_of(pixels.frame(0), 32, 32), &[b, a, d, c]);

        let transform = centre(40, 32);
        let pixels = video.read_frames(&[1], &transform).unwrap();
        assert_near(&quarters_of(pixels.frame(0), 32, 32), &expected);
    }
}

#[test]
fn bicubic_overshoots_at_an_edge_and_bilinear_does_not() {
    let (_folder, path) = place("edge.mp4");
    // Dark left, bright right: 64 x 64, made larger.
    let mut encoder = Encoder::create(&path, EncoderSettings::new(64, 64, 10)).unwrap();
    let row = [[60, 60, 60]; 32].into_iter().chain([[200, 200, 200]; 32]).flatten();
    let rgb: Vec<u8> = row.collect::<Vec<u8>>().repeat(64);
    (0..2).for_each(|_| encoder.push(&rgb).unwrap());
    encoder.finish().unwrap();
    let mut video = VideoReader::open(&path).unwrap();
    let mut range = |transform: FrameTransform| {
        let pixels = video.read_frames(&[1], &transform).unwrap();
        let frame = pixels.frame(0);
        (*frame.iter().min().unwrap(), *frame.iter().max().unwrap())
    };
    for side in [96, 128] {
        for transform in [centre(side, side), cut(CropBox::WHOLE, side, false)] {
            let (dark, bright) = range(transform);
            // The codec is a few levels off by itself.
            assert!(dark > 52 && bright < 208, "bilinear, {transform:?}: {dark} to {bright}");
            let (darker, brighter) =
                range(transform.scaled_by(Interpolation::Bicubic, Scaling::Fast));
            // A step of 140 overshoots by several percent.
            assert!(
                darker + 5 < dark && brighter > bright + 5,
                "bicubic, {transform:?}: {darker} to {brighter}, bilinear {dark} to {bright}"
            );
        }
    }
}

#[test]
fn odd_sizes_keep_every_pixel() {
    for (width, height) in [(33, 17), (64, 49), (51, 48), (2, 2), (1, 1)] {
        let (_folder, path) = place("odd.mp4");
        write_quarters(&path, (width, height), 0);
        let mut video = VideoReader::open(&path).unwrap();
        assert_eq!((video.info().width, video.info().height), (width, height));
        let pixels = video.read_all(&FrameTransform::AsDecoded).unwrap();
        assert_eq!(pixels.data.len(), 3 * (width * height * 3) as usize);
        if width > 8 {
            let found = quarters_of(pixels.frame(2), pixels.width, pixels.height);
            assert_near(&found, &[RED, GREEN, BLUE, GREY]);
        }
        let resized = FrameTransform::Resize { height: 31, width: 45 };
        assert_eq!(video.read_frames(&[0], &resized).unwrap().data.len(), 31 * 45 * 3);
    }
}

#[test]
fn clips_show_the_frames_of_their_plan() {
    let (_folder, path) = place("planned.mp4");
    write_numbered(&path, 100, settings(12, 3));
    let mut video = VideoReader::open(&path).unwrap();
    let table = video.frame_table();
    let plan = sampling::sparse(table, table.span(), 4, 5, Phase::Random(11));
    let clips = video.read_clips(&plan, &FrameTransform::AsDecoded).unwrap();
    assert_eq!((clips.num_clips, clips.frames_per_clip), (4, 5));
    for (i, planned) in plan.clips.iter().enumerate() {
        let frames = clips.clip(i).chunks(WIDTH * HEIGHT * 3).map(number_in);
        assert_eq!(frames.collect::<Vec<_>>(), planned.frames);
        assert_eq!(clips.spans[i], planned.span);
    }
}

#[test]
fn clips_from_a_cache_of_the_whole_video_equal_clips_from_the_file() {
    let (_folder, path) = place("cached.mp4");
    write_numbered(&path, 70, settings(25, 3));
    let mut video = VideoReader::open(&path).unwrap();
    let table = video.frame_table();
    let plan = sampling::consecutive(table, 16, 16);
    let crop = RandomResizedCrop::default().draw(2, (96, 64));
    let crop = cut(crop, 24, true);
    let eval = centre(36, 32);
    let resize = FrameTransform::Resize { height: 20, width: 44 };
    let bicubic = eval.scaled_by(Interpolation::Bicubic, Scaling::Fast);
    let pillow = eval.scaled_by(Interpolation::Bicubic, Scaling::HuggingFace);
    let pillows_crop = crop.scaled_by(Interpolation::Bilinear, Scaling::Torchvision);
    for transform in [FrameTransform::AsDecoded, eval, bicubic, pillow, crop, pillows_crop, resize]
    {
        let cache = video.read_all(&transform).unwrap();
        let from_file = video.read_clips(&plan, &transform).unwrap();
        assert!(ClipPixels::from_video(&plan, &cache) == from_file, "{transform:?}");
    }
}

#[test]
fn a_transform_that_does_not_fit_is_refused_with_the_file_and_the_sizes() {
    let (_folder, path) = place("misfit.mp4");
    write_numbered(&path, 2, settings(12, 0));
    let mut video = VideoReader::open(&path).unwrap();
    let transform = centre(20, 32);
    let error = video.read_frames(&[0], &transform).unwrap_err();
    assert!(matches!(error, VideoError::Transform { .. }), "{error:?}");
    let text = error.to_string();
    for part in ["misfit.mp4", "96x64", "`size` 32", "`short_side` 20"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_stream_of_clips_has_the_same_pixels_and_never_goes_back() {
    let transform = centre(48, 48);
    let (folder, mp4) = place("numbers.mp4");
    // Key frames rarer than clips, and B frames: seeking for every clip would decode most frames
    // several times.
    write_numbered(&mp4, 150, settings(60, 2));
    let ts = folder.path().join("numbers.ts");
    remux(&mp4, &ts, "mpegts", 0);
    let avi = folder.path().join("numbers.avi");
    write_numbered_with(&avi, "libx264", "avi", 150, 0);
    for path in [&mp4, &ts, &avi] {
        let mut video = VideoReader::open(path).unwrap();
        let table = video.frame_table().clone();
        let plans = [
            sampling::consecutive(&table, 16, 16),
            sampling::consecutive(&table, 16, 5),
            sampling::consecutive(&table, 4, 25),
            // Frames of neighbouring clips interleave.
            sampling::windows(&table, Seconds(2.0), Seconds(0.5), 4),
            sampling::windows(&table, Seconds(0.2), Seconds(0.7), 2),
        ];
        for (i, plan) in plans.into_iter().enumerate() {
            let whole = video.read_clips(&plan, &transform).unwrap();
            let mut stream = video.clip_stream(plan, &transform);
            assert_eq!(stream.num_left(), whole.num_clips);
            let mut index = 0;
            while let Some(clip) = stream.next_clip().unwrap() {
                assert_eq!(clip.spans, whole.spans[index..=index]);
                assert!(
                    clip.data == whole.clip(index),
                    "{}: plan {i} clip {index}",
                    path.display()
                );
                index += 1;
            }
            assert_eq!(index, whole.num_clips);
        }
    }
}

#[test]
fn a_stream_ends_at_the_clip_that_cannot_be_read() {
    let (_folder, path) = place("cut.mp4");
    write_numbered(&path, 100, settings(10, 0));
    let mut bytes = std::fs::read(&path).unwrap();
    let (from, to) = (bytes.len() / 2, bytes.len() * 6 / 10);
    bytes[from..to].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let mut video = VideoReader::open(&path).unwrap();
    let plan = sampling::consecutive(video.frame_table(), 10, 10);
    let mut stream = video.clip_stream(plan, &FrameTransform::AsDecoded);
    let mut read = 0;
    let error = loop {
        match stream.next_clip() {
            Ok(clip) => assert!(clip.is_some(), "all clips came, {read}"),
            Err(error) => break error,
        }
        read += 1;
    };
    assert!(matches!(error, VideoError::Undecodable { .. }), "{error}");
    assert!(read > 2, "{read}");
    assert_eq!(stream.next_clip().unwrap(), None);
}
