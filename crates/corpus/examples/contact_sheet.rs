//! A picture of a corpus: the frames of its first videos, as they decode from the files.
//!
//! ```text
//! cargo run --release -p locvtp-corpus --example contact_sheet -- <folder> <out.png> [videos]
//! ```
//!
//! Frames are a quarter of a second apart, eight seconds a line. In a synthetic split, a white bar
//! marks the first frame of an event, and the true events are listed on standard error.

use std::error::Error;
use std::fs::File;
use std::path::Path;

use locvtp_corpus::{Corpus, HowTo100m, Truth};
use locvtp_video::{FrameTransform, Seconds, VideoReader};

/// Time between frames.
const EVERY_S: f64 = 0.25;
const FRAMES_PER_LINE: usize = 32;
/// Empty pixels between frames.
const GAP: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, out, rest @ ..] = arguments.as_slice() else {
        return Err("usage: contact_sheet <split folder> <out.png> [videos]".into());
    };
    let videos: usize = rest.first().map_or(Ok(4), |count| count.parse())?;
    let dir = Path::new(dir);
    let (corpus, report) = HowTo100m::open(dir)?;
    eprintln!("{report}");
    let truth = Truth::read(dir).ok();
    let mut lines = Vec::new();
    for video in corpus.videos().iter().take(videos) {
        let events = truth
            .iter()
            .flat_map(|truth| &truth.videos)
            .filter(|true_video| true_video.id == video.id)
            .flat_map(|true_video| &true_video.events);
        let mut starts = Vec::new();
        for event in events {
            eprintln!("{} {} {}", video.id, event.span, event.query);
            starts.push(event.span.start.0);
        }
        lines.extend(draw(video.media.path(), &starts)?);
    }
    write(Path::new(out), &lines)
}

/// One line of frames, RGB.
struct Line {
    rgb: Vec<u8>,
    width: usize,
}

/// The frames of one video, line by line.
fn draw(path: &Path, starts: &[f64]) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut reader = VideoReader::open(path)?;
    let count = (reader.frame_table().end().0 / EVERY_S) as usize;
    let times: Vec<_> = (0..count).map(|index| (index as f64 + 0.5) * EVERY_S).collect();
    let frames: Vec<_> =
        times.iter().map(|&time| reader.frame_table().frame_at(Seconds(time))).collect();
    let pixels = reader.read_frames(&frames, &FrameTransform::AsDecoded)?;
    let (cell_width, cell_height) = (pixels.width + GAP, pixels.height + GAP);
    let width = cell_width * FRAMES_PER_LINE;
    let mut lines = Vec::new();
    for first in (0..count).step_by(FRAMES_PER_LINE) {
        let mut rgb = vec![0; width * cell_height * 3];
        for cell in 0..FRAMES_PER_LINE.min(count - first) {
            let time = times[first + cell];
            let begins = starts.iter().any(|&start| start <= time && time < start + EVERY_S);
            for y in 0..pixels.height {
                let from = ((first + cell) * pixels.height + y) * pixels.width * 3;
                let to = (y * width + cell * cell_width) * 3;
                let gap = if begins { 255 } else { 0 };
                rgb[to..to + GAP * 3].fill(gap);
                rgb[to + GAP * 3..][..pixels.width * 3]
                    .copy_from_slice(&pixels.data[from..][..pixels.width * 3]);
            }
        }
        lines.push(Line { rgb, width });
    }
    Ok(lines)
}

fn write(out: &Path, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let width = lines.iter().map(|line| line.width).max().ok_or("no video")?;
    let mut sheet = Vec::new();
    for line in lines {
        for row in line.rgb.chunks(line.width * 3) {
            sheet.extend_from_slice(row);
            sheet.resize(sheet.len() + (width - line.width) * 3, 0);
        }
    }
    let height = sheet.len() / (width * 3);
    let mut encoder =
        png::Encoder::new(File::create(out)?, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&sheet)?;
    Ok(())
}
