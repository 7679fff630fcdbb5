//! HDR becomes ordinary video on its way to pixels, in every way of scaling.

use std::path::Path;
use std::process::Command;

use locvtp_video::{
    CutSettings, FrameTransform, HdrTransfer, Interpolation, Scaling, TimeSpan, VideoReader,
    encode_span,
};

use crate::made_files::place;

/// Grey of 26 cd/m² on the left and white of 1,000 cd/m² on the right, as code values of 10 bits.
const PQ: [u16; 2] = [64 + 332, 64 + 659];
const HLG: [u16; 2] = [64 + 333, 64 + 876];

/// Ten frames of two halves, encoded with 10 bits by the `ffmpeg` program; false where there is none.
fn write(path: &Path, halves: [u16; 2], transfer: &str) -> bool {
    let raw = path.with_extension("yuv");
    let picture = (0..48 * 64).map(|at| halves[at % 64 / 32]).chain([512; 24 * 32 * 2]);
    let picture: Vec<u8> = picture.flat_map(u16::to_le_bytes).collect();
    std::fs::write(&raw, picture.repeat(10)).unwrap();
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p10le",
            "-s",
            "64x48",
            "-r",
            "10",
            "-i",
        ])
        .arg(&raw)
        .args([
            "-c:v",
            "libx264",
            "-qp",
            "1",
            "-color_primaries",
            "bt2020",
            "-colorspace",
            "bt2020nc",
        ])
        .args(["-color_trc", transfer])
        .arg(path)
        .status();
    if made.is_err() {
        eprintln!("NOT RUN: the program ffmpeg is missing");
        return false;
    }
    assert!(made.unwrap().success());
    true
}

/// The middle of each half, in every way of scaling.
fn halves(path: &Path) -> Vec<[[u8; 3]; 2]> {
    let mut video = VideoReader::open(path).unwrap();
    let scaled = |scaling| FrameTransform::ShortSideCentreCrop {
        short_side: 24,
        size: 24,
        interpolation: Interpolation::Bicubic,
        scaling,
    };
    let ways = [
        FrameTransform::AsDecoded,
        FrameTransform::Resize { height: 24, width: 32 },
        scaled(Scaling::Fast),
        scaled(Scaling::Torchvision),
        scaled(Scaling::HuggingFace),
    ];
    let of = |way: &FrameTransform| {
        let pixels = video.read_frames(&[5], way).unwrap();
        let (width, frame) = (pixels.width, pixels.frame(0));
        [width / 8, width - width / 8].map(|x| {
            let at = (pixels.height / 2 * width + x) * 3;
            [frame[at], frame[at + 1], frame[at + 2]]
        })
    };
    ways.iter().map(of).collect()
}

#[test]
fn hdr_is_as_bright_as_ordinary_video_and_the_file_says_what_it_was() {
    let (_folder, path) = place("hdr.mp4");
    for (transfer, tag, codes) in
        [(HdrTransfer::Pq, "smpte2084", PQ), (HdrTransfer::Hlg, "arib-std-b67", HLG)]
    {
        let path = path.with_file_name(format!("{tag}.mp4"));
        if !write(&path, codes, tag) {
            return;
        }
        let video = VideoReader::open(&path).unwrap();
        assert_eq!(video.info().hdr, Some(transfer));
        let note = video.info().notes().concat();
        assert!(note.contains("tone-mapped"), "{note}");
        for [grey, white] in halves(&path) {
            // Light of 26 / 203 is 0.425 of the code values at a gamma of 2.4: 108.
            assert!(grey.iter().all(|colour| colour.abs_diff(108) <= 4), "{tag}: {grey:?}");
            assert!(white.iter().all(|colour| *colour >= 252), "{tag}: {white:?}");
        }
    }
}

#[test]
fn a_copy_for_a_browser_is_ordinary_video_and_an_exact_cut_keeps_hdr() {
    let (_folder, path) = place("hdr.mp4");
    for (transfer, tag, codes) in
        [(HdrTransfer::Pq, "smpte2084", PQ), (HdrTransfer::Hlg, "arib-std-b67", HLG)]
    {
        let path = path.with_file_name(format!("{tag}.mp4"));
        if !write(&path, codes, tag) {
            return;
        }
        let cut = path.with_file_name("cut.mp4");
        encode_span(&path, TimeSpan::new(0.0, 0.8), &cut, &CutSettings::proxy(), None).unwrap();
        assert_eq!(VideoReader::open(&cut).unwrap().info().hdr, None);
        for [grey, white] in halves(&cut) {
            assert!(grey.iter().all(|colour| colour.abs_diff(108) <= 6), "{tag}: {grey:?}");
            assert!(white.iter().all(|colour| *colour >= 250), "{tag}: {white:?}");
        }
        encode_span(&path, TimeSpan::new(0.0, 0.8), &cut, &CutSettings::exact(), None).unwrap();
        assert_eq!(VideoReader::open(&cut).unwrap().info().hdr, Some(transfer));
    }
}

#[test]
fn ordinary_video_of_ten_bits_stays_as_it_is() {
    let (_folder, path) = place("sdr.mp4");
    if !write(&path, PQ, "bt709") {
        return;
    }
    assert_eq!(VideoReader::open(&path).unwrap().info().hdr, None);
    for [grey, white] in halves(&path) {
        // 332 / 876 and 659 / 876 of 255.
        assert!(grey.iter().all(|colour| colour.abs_diff(97) <= 2), "{grey:?}");
        assert!(white.iter().all(|colour| colour.abs_diff(192) <= 2), "{white:?}");
    }
}
