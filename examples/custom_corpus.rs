//! A corpus of one's own, in a layout that nobody else has: videos with chapters beside them.
//!
//! ```text
//! cargo run --release --example custom_corpus -- <folder> <out>
//! ```
//!
//! Reads `<folder>/*.mp4` and the `.txt` of the same name, lines of `0:04 what happens from then
//! on`; writes `<out>` in HowTo100M's layout, which `locvtp pretrain` reads, and shows the pairs
//! that a first training step would take. Without arguments it makes a folder with two small videos
//! first. (Videos with `.srt` or `.vtt` files, and lists, need no such program: docs/data.md, "Bring your
//! data".)

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use locvtp::corpus::layouts::write_captions;
use locvtp::corpus::{Caption, Corpus, NarratedVideo, PairSampler, PairSettings};
use locvtp::video::{Encoder, EncoderSettings, Seconds};
use locvtp::{HowTo100m, TimeSpan, VideoReader};

/// Videos whose narration is the names of their chapters.
struct Chaptered {
    videos: Vec<NarratedVideo>,
}

/// All that a corpus must do.
impl Corpus for Chaptered {
    fn name(&self) -> &str {
        "chaptered"
    }

    fn videos(&self) -> &[NarratedVideo] {
        &self.videos
    }
}

impl Chaptered {
    fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut videos = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let chapters = path.with_extension("txt");
            if path.extension().is_some_and(|ending| ending == "mp4") && chapters.exists() {
                let end = VideoReader::open(&path)?.frame_table().end();
                let captions = captions(&fs::read_to_string(chapters)?, end);
                let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                videos.push(NarratedVideo::new(id, path, captions));
            }
        }
        // An index into the videos names one for good, so their order must not be the disk's.
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { videos })
    }
}

/// Chapters: each lasts until the next one, the last to the end of the video.
fn captions(chapters: &str, end: Seconds) -> Vec<Caption> {
    let chapter = |line: &str| {
        let (time, text) = line.trim().split_once(' ')?;
        let (minutes, seconds) = time.split_once(':')?;
        let start = minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?;
        Some((Seconds(start), text.to_owned()))
    };
    let chapters: Vec<_> = chapters.lines().filter_map(chapter).collect();
    let ends = chapters.iter().skip(1).map(|(start, _)| *start).chain([end]);
    let span = |start, end| TimeSpan { start, end };
    let spans = chapters.iter().zip(ends);
    spans.map(|((start, text), end)| Caption::new(span(*start, end), text.as_str())).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let temporary = tempfile::tempdir()?;
    let (folder, out) = match arguments.as_slice() {
        [folder, out] => (folder.clone(), out.clone()),
        [] => (small_folder(temporary.path())?, temporary.path().join("corpus")),
        _ => return Err("usage: custom_corpus <folder> <out>".into()),
    };
    let corpus = Chaptered::open(&folder)?;

    let out_videos = out.join("videos");
    fs::create_dir_all(&out_videos)?;
    for video in corpus.videos() {
        fs::copy(video.media.path(), out_videos.join(format!("{}.mp4", video.id)))?;
    }
    write_captions(&out.join("caption.json"), corpus.videos())?;
    let (written, report) = HowTo100m::open(&out)?;
    println!("{}: {report}", out.display());

    let batch = written.videos().len().min(4);
    let settings =
        PairSettings { long_batch: batch, short_batch: batch, ..PairSettings::default() };
    for pair in PairSampler::new(Arc::new(corpus), settings, 0)?.batch(0) {
        println!(
            "{:?} span {} of {}: {}",
            pair.kind,
            pair.span,
            written.videos()[pair.video].id,
            pair.text
        );
    }
    Ok(())
}

/// Two videos that fade, and what is said in them.
fn small_folder(parent: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let folder = parent.join("chaptered");
    fs::create_dir(&folder)?;
    for (name, from, to) in [("dawn", 0, 200), ("dusk", 200, 0)] {
        let path = folder.join(format!("{name}.mp4"));
        let mut encoder = Encoder::create(&path, EncoderSettings::new(64, 48, 10))?;
        for frame in 0..80 {
            let grey = (from + (to - from) * frame / 79) as u8;
            encoder.push(&vec![grey; 64 * 48 * 3])?;
        }
        encoder.finish()?;
        fs::write(path.with_extension("txt"), "0:00 watch the sky\n0:04 the light is changing\n")?;
    }
    Ok(folder)
}
