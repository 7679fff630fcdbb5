//! Makes the files of the fixtures: numbered pictures through FFmpeg's command line.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use locvtp_video::{Encoder, EncoderSettings};

use crate::burned_in_code::picture;

/// Numbered pictures, 25 a second.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// The first number.
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// What most files hold.
pub(crate) const SOURCE: Source = Source { first: 0, count: 100, width: 96, height: 64 };

/// Encodes the source with these arguments of FFmpeg. Pixels are 4:2:0 unless the arguments or the
/// codec say otherwise.
pub(crate) fn encode(folder: &Path, source: Source, file: &str, arguments: &str) -> PathBuf {
    let Source { first, count, width, height } = source;
    let mut command = ffmpeg();
    command.args("-f rawvideo -pix_fmt rgb24 -framerate 25 -video_size".split(' '));
    command.arg(format!("{width}x{height}")).args(["-i", "pipe:0"]);
    command.args(arguments.split_whitespace());
    let has_own_format = ["gif", "png", "webp"].iter().any(|ending| file.ends_with(ending));
    if !arguments.contains("-pix_fmt") && !has_own_format {
        command.args(["-pix_fmt", "yuv420p"]);
    }
    // One thread: with more the bytes, and what a flipped bit among them does, depend on the machine.
    command.args(["-threads", "1"]);
    let path = folder.join(file);
    let mut frames = Vec::with_capacity(count * width * height * 3);
    (first..first + count).for_each(|number| frames.extend(picture(number, width, height)));
    run(command.arg(&path), &frames);
    path
}

/// As [`encode`], in two passes, which VPx wants for its hidden pictures.
pub(crate) fn encode_twice(folder: &Path, source: Source, file: &str, arguments: &str) -> PathBuf {
    let log = folder.join(format!("{file}.passes"));
    let pass = |pass| format!("{arguments} -pass {pass} -passlogfile {}", log.display());
    encode(folder, source, file, &pass(1));
    encode(folder, source, file, &pass(2))
}

/// Runs FFmpeg on another file (or none), arguments before and after it.
pub(crate) fn convert(folder: &Path, file: &str, arguments: &str) -> PathBuf {
    let path = folder.join(file);
    run(ffmpeg().current_dir(folder).args(arguments.split_whitespace()).arg(&path), &[]);
    path
}

/// Stored on its side, with a display matrix that turns it back.
pub(crate) fn turned(folder: &Path, file: &str) -> PathBuf {
    let Source { width, height, count, .. } = SOURCE;
    let path = folder.join(file);
    // What is stored is 64 x 96, so that a clockwise turn by 90 degrees gives 96 x 64.
    let settings = EncoderSettings::new(height as u32, width as u32, 25);
    let settings = EncoderSettings { rotation_degrees: 90, ..settings };
    let mut encoder = Encoder::create(&path, settings).unwrap();
    for number in 0..count {
        let upright = picture(number, width, height);
        let mut stored = vec![0; upright.len()];
        for y in 0..height {
            for x in 0..width {
                // Shown at (x, y), stored a turn to the left: column y, row width - 1 - x.
                let (from, to) = ((y * width + x) * 3, ((width - 1 - x) * height + y) * 3);
                stored[to..to + 3].copy_from_slice(&upright[from..from + 3]);
            }
        }
        encoder.push(&stored).unwrap();
    }
    encoder.finish().unwrap();
    path
}

/// A copy with one bit in so many bytes of its pictures flipped.
pub(crate) fn flipped(folder: &Path, file: &str, from: &str, every: usize) -> PathBuf {
    let mut bytes = fs::read(folder.join(from)).unwrap();
    for at in picture_bytes(&bytes).skip(every / 2).step_by(every) {
        bytes[at] ^= 1 << (at % 8);
    }
    written(folder, file, &bytes)
}

/// A copy of the first so many percent.
pub(crate) fn cut(folder: &Path, file: &str, from: &str, percent: usize) -> PathBuf {
    let bytes = fs::read(folder.join(from)).unwrap();
    written(folder, file, &bytes[..bytes.len() * percent / 100])
}

/// A PNG that says it has 65535 x 65535 pixels.
pub(crate) fn png_bomb(folder: &Path, file: &str, from: &str) -> PathBuf {
    let mut bytes = fs::read(folder.join(from)).unwrap();
    // Width and height stand at byte 16; the sum over the header chunk stands behind it.
    bytes[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let sum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    written(folder, file, &bytes)
}

/// A file of these bytes.
pub(crate) fn written(folder: &Path, file: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(file);
    fs::write(&path, bytes).unwrap();
    path
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args("-hide_banner -loglevel error -y".split(' '));
    command
}

/// Runs FFmpeg with these bytes as its input.
fn run(command: &mut Command, input: &[u8]) {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("FFmpeg's command line is missing: run scripts/setup");
    // A child that fails does not read to the end; its words say why.
    let _ = child.stdin.take().unwrap().write_all(input);
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "a fixture cannot be made by {command:?}: {said}");
}

/// Where the pictures lie: in an mp4 the box that holds them, elsewhere all but the ends.
fn picture_bytes(file: &[u8]) -> Range<usize> {
    match file.windows(4).position(|tag| tag == b"mdat") {
        Some(at) => {
            let size = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
            at + 4..at - 4 + size
        }
        None => file.len() / 10..file.len() * 9 / 10,
    }
}

/// The check sum of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ (0xedb8_8320 * (sum & 1)))
    };
    !bytes.iter().fold(!0, step)
}
