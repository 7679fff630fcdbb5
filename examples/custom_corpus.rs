//! A corpus of one's own: videos with subtitle files beside them.
//!
//! ```text
//! cargo run --release --example custom_corpus -- <folder> <out>
//! ```
//!
//! Reads `<folder>/*.mp4` and the `.srt` of the same name, writes `<out>` in HowTo100M's layout,
//! which `locvtp pretrain` reads, and shows the pairs that a first training step would take.
//! Without arguments it makes a folder with two small videos first.

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use locvtp::corpus::howto100m::write_captions;
use locvtp::corpus::{Caption, Corpus, NarratedVideo, PairSampler, PairSettings};
use locvtp::video::{Encoder, EncoderSettings};
use locvtp::{HowTo100m, TimeSpan};

/// Videos whose narration is subtitles.
struct Subtitled {
    videos: Vec<NarratedVideo>,
}

/// All that a corpus must do.
impl Corpus for Subtitled {
    fn name(&self) -> &str {
        "subtitled"
    }

    fn videos(&self) -> &[NarratedVideo] {
        &self.videos
    }
}

impl Subtitled {
    fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut videos = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let subtitles = path.with_extension("srt");
            if path.extension().is_some_and(|ending| ending == "mp4") && subtitles.exists() {
                let captions = captions(&fs::read_to_string(subtitles)?);
                let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                videos.push(NarratedVideo { id, path, captions });
            }
        }
        // An index into the videos names one for good, so their order must not be the disk's.
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { videos })
    }
}

/// The captions of an `.srt` file: blocks of a number, `00:00:01,500 --> 00:00:04,000`, and lines.
fn captions(srt: &str) -> Vec<Caption> {
    let seconds = |text: &str| -> Option<f64> {
        let text = text.trim().replace(',', ".");
        text.split(':').try_fold(0.0, |total, part| Some(total * 60.0 + part.parse::<f64>().ok()?))
    };
    let caption = |block: &str| {
        let (times, text) = block.split_once('\n')?.1.split_once('\n')?;
        let (start, end) = times.split_once("-->")?;
        let span = TimeSpan::new(seconds(start)?, seconds(end)?);
        Some(Caption { span, text: text.trim().replace('\n', " ") })
    };
    srt.replace('\r', "").split("\n\n").filter_map(|block| caption(block.trim())).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let temporary = tempfile::tempdir()?;
    let (folder, out) = match arguments.as_slice() {
        [folder, out] => (folder.clone(), out.clone()),
        [] => (small_folder(temporary.path())?, temporary.path().join("corpus")),
        _ => return Err("usage: custom_corpus <folder> <out>".into()),
    };
    let corpus = Subtitled::open(&folder)?;

    let out_videos = out.join("videos");
    fs::create_dir_all(&out_videos)?;
    for video in corpus.videos() {
        fs::copy(&video.path, out_videos.join(format!("{}.mp4", video.id)))?;
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
    let folder = parent.join("subtitled");
    fs::create_dir(&folder)?;
    for (name, from, to) in [("dawn", 0, 200), ("dusk", 200, 0)] {
        let path = folder.join(format!("{name}.mp4"));
        let mut encoder = Encoder::create(&path, EncoderSettings::new(64, 48, 10))?;
        for frame in 0..80 {
            let grey = (from + (to - from) * frame / 79) as u8;
            encoder.push(&vec![grey; 64 * 48 * 3])?;
        }
        encoder.finish()?;
        let srt = "1\n00:00:00,000 --> 00:00:04,000\nwatch the sky\n\n\
                   2\n00:00:04,000 --> 00:00:08,000\nthe light is changing\n";
        fs::write(path.with_extension("srt"), srt)?;
    }
    Ok(folder)
}
