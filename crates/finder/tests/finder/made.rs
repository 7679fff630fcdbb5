//! Videos, models and catalogues made here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use locvtp_finder::{Finder, IndexObserver, IndexSampling, IndexSummary, Indexer};
use locvtp_search::catalogue::{Access, SqliteCatalogue};
use locvtp_transfer::Embedder;
use locvtp_video::randomness::finalise;
use locvtp_video::{Encoder, EncoderSettings, VideoOpener};
use tempfile::TempDir;

include!("../../../../tests/support/small_model.rs");

/// A model, and a folder of videos that are not there yet.
pub(crate) struct Made {
    pub(crate) model: TempDir,
    pub(crate) videos: TempDir,
}

impl Made {
    pub(crate) fn new() -> Self {
        let (model, _) = small_model_and_video().unwrap();
        Self { model, videos: tempfile::tempdir().unwrap() }
    }

    /// Of so many videos of four seconds, `0.mp4` and so on.
    pub(crate) fn of(num_videos: u64) -> Self {
        let made = Self::new();
        (0..num_videos).for_each(|number| video(&made.path(&format!("{number}.mp4")), number, 40));
        made
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        // As the catalogue has it.
        self.videos.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn embedder(&self) -> Embedder {
        Embedder::open(self.model.path()).unwrap()
    }

    pub(crate) fn writer(&self) -> SqliteCatalogue {
        SqliteCatalogue::open(&self.path(".locvtp"), Access::WRITE).unwrap()
    }

    pub(crate) fn add_watched(&self, observer: &mut dyn IndexObserver) -> IndexSummary {
        self.add_by(VideoOpener::default(), observer)
    }

    /// The same, opening files in another way.
    pub(crate) fn add_opened(&self, opener: VideoOpener) -> IndexSummary {
        self.add_by(opener, &mut ())
    }

    fn add_by(&self, opener: VideoOpener, observer: &mut dyn IndexObserver) -> IndexSummary {
        let (catalogue, embedder) = (self.writer(), self.embedder());
        let sampling = IndexSampling::default();
        let indexer = Indexer::new(&catalogue, &embedder, self.model.path(), sampling).unwrap();
        let indexer = indexer.with_opener(opener);
        indexer.add(&[self.videos.path().to_owned()], observer).unwrap()
    }

    pub(crate) fn add(&self) -> IndexSummary {
        self.add_watched(&mut ())
    }

    pub(crate) fn finder(&self) -> Finder {
        let catalogue = SqliteCatalogue::open(&self.path(".locvtp"), Access::Read).unwrap();
        Finder::open(Arc::new(catalogue), self.embedder(), self.model.path()).unwrap()
    }
}

/// A video of ten frames a second: a rectangle of some colour for a second, then another one.
pub(crate) fn video(path: &Path, seed: u64, num_frames: u64) {
    let mut encoder = Encoder::create(path, EncoderSettings::new(64, 48, 10)).unwrap();
    for frame in 0..num_frames {
        let drawn = finalise(finalise(seed) ^ (frame / 10));
        let (left, top) = ((drawn % 40) as usize, (drawn >> 8) as usize % 24);
        let colour = [drawn >> 16, drawn >> 24, drawn >> 32].map(|part| part as u8);
        let mut picture = Vec::with_capacity(64 * 48 * 3);
        for y in 0..48 {
            for x in 0..64 {
                let is_inside = (left..left + 24).contains(&x) && (top..top + 24).contains(&y);
                picture.extend(if is_inside { colour } else { colour.map(|part| !part / 2) });
            }
        }
        encoder.push(&picture).unwrap();
    }
    encoder.finish().unwrap();
}
