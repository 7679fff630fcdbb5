//! Real video files: every second has a colour of its own, so that a picture tells its time.

use std::path::Path;
use std::process::Command;

use locvtp_video::{Encoder, EncoderSettings};

pub(crate) const WIDTH: u32 = 320;
pub(crate) const HEIGHT: u32 = 180;
pub(crate) const FRAME_RATE_HZ: u32 = 10;

/// The colour of a second: far from those of its neighbours.
pub(crate) fn colour(second: u32) -> [u8; 3] {
    let level = |shift: u32| [30, 120, 210][((second * 7 + shift) / 3_u32.pow(shift) % 3) as usize];
    [level(0), level(1), level(2)]
}

/// H.264 in MP4, 10 pictures a second, beginning at 0.
pub(crate) fn make(path: &Path, seconds: u32) {
    // With B-frames Chromium refuses some packets after a seek into these flat pictures.
    let settings =
        EncoderSettings { max_b_frames: 0, ..EncoderSettings::new(WIDTH, HEIGHT, FRAME_RATE_HZ) };
    let mut encoder = Encoder::create(path, settings).unwrap();
    for frame in 0..seconds * FRAME_RATE_HZ {
        let background = colour(frame / FRAME_RATE_HZ);
        let mut rgb: Vec<u8> = background.repeat((WIDTH * HEIGHT) as usize);
        // A white bar walks along the lower edge, so that every picture differs.
        let bar = frame * 3 % WIDTH;
        for y in HEIGHT - 12..HEIGHT {
            let at = ((y * WIDTH + bar.min(WIDTH - 24)) * 3) as usize;
            rgb[at..at + 72].fill(255);
        }
        encoder.push(&rgb).unwrap();
    }
    encoder.finish().unwrap();
}

/// The same film in another form, by FFmpeg's command: `options` stand between input and output.
/// None where this FFmpeg cannot write it.
pub(crate) fn convert(from: &Path, options: &[&str], to: &Path) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-i"]).arg(from).args(options).arg(to);
    command.status().unwrap().success()
}
