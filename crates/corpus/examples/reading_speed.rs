//! How long reading a corpus takes, without its videos.
//!
//! ```sh
//! cargo run --release --example reading_speed -- results_2M_train.csv
//! ```
//!
//! Prints videos, captions, and seconds of three readings; the first one may have to wait for the
//! disk.

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::path::PathBuf;
use std::time::Instant;

use locvtp_corpus::{CorpusReader, FileLookup, NarratedVideo, ReadSettings, VideoSink};

/// Throws videos away.
struct Nowhere;

impl VideoSink for Nowhere {
    fn video(&mut self, _: NarratedVideo) {}
}

fn main() -> Result<(), locvtp_corpus::CorpusError> {
    let paths = std::env::args_os().skip(1).map(PathBuf::from);
    for path in paths {
        for _ in 0..3 {
            let began = Instant::now();
            let reader = CorpusReader::new(&path, &ReadSettings::default(), FileLookup::Never)?;
            for source in reader.sources() {
                let report = reader.read(source, &mut Nowhere)?;
                let seconds = began.elapsed().as_secs_f64();
                println!(
                    "{}: {} videos, {} captions, {seconds:.2} s",
                    path.display(),
                    report.videos,
                    report.captions
                );
            }
        }
    }
    Ok(())
}
