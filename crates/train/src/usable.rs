//! The part of a corpus whose files can be opened, and what is wrong with the rest.

use std::path::PathBuf;

use locvtp_corpus::{Corpus, NarratedVideo};
use locvtp_video::VideoOpener;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;

/// A video that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadVideo {
    /// The corpus's id of the video.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be used, with all causes.
    pub reason: String,
}

/// Videos whose files open, in the corpus's order.
pub struct UsableCorpus {
    name: String,
    videos: Vec<NarratedVideo>,
    unopened: usize,
}

impl Corpus for UsableCorpus {
    fn name(&self) -> &str {
        &self.name
    }

    fn videos(&self) -> &[NarratedVideo] {
        &self.videos
    }
}

impl UsableCorpus {
    /// Opens every file of `corpus` once, unless it was opened when it was packed.
    ///
    /// A video on another machine is not fetched for that when its source tells about how long it
    /// is: a corpus that is streamed may be larger than the disk. One that turns out not to be usable
    /// is replaced when a step wants it.
    ///
    /// # Errors
    /// When no file opens, or more than the share `max_bad` of them does not.
    pub fn check(
        corpus: &dyn Corpus,
        max_bad: f64,
        opener: &VideoOpener,
    ) -> Result<(Self, Vec<BadVideo>), TrainError> {
        let listed = corpus.videos().len();
        let checked: Vec<Result<(NarratedVideo, bool), BadVideo>> = corpus
            .videos()
            .par_iter()
            .map(|video| {
                usable_part(video, opener).map_err(|reason| BadVideo {
                    id: video.id.clone(),
                    path: video.media.path().to_owned(),
                    reason,
                })
            })
            .collect();
        let (mut videos, mut bad, mut unopened) = (Vec::with_capacity(listed), Vec::new(), 0);
        for video in checked {
            match video {
                Ok((video, opened)) => {
                    videos.push(video);
                    unopened += usize::from(!opened);
                }
                Err(video) => bad.push(video),
            }
        }
        let name = corpus.name().to_owned();
        if videos.is_empty() {
            let example = bad.first().map_or("it lists none".to_owned(), |bad| bad.reason.clone());
            return Err(TrainError::NothingUsable { corpus: name, listed, example });
        }
        if bad.len() as f64 > max_bad * listed as f64 {
            return Err(TrainError::Setting {
                key: "corpus.max_bad",
                found: format!(
                    "{max_bad}, but {} of {listed} videos cannot be read (first: {})",
                    bad.len(),
                    bad[0].reason
                ),
                expected: "a share that allows this; or repair the files",
            });
        }
        Ok((Self { name, videos, unopened }, bad))
    }

    /// How many videos are taken as their source lists them, and opened when a step wants them.
    pub fn unopened(&self) -> usize {
        self.unopened
    }
}

/// The video as its file has it: without captions that lie after its end, and known for a picture
/// if it is one; and whether that is known. The reason when it cannot be used.
fn usable_part(
    video: &NarratedVideo,
    opener: &VideoOpener,
) -> Result<(NarratedVideo, bool), String> {
    let told = video.told_length().filter(|_| video.media.is_remote());
    let (end, is_picture, opened) = match (video.media_end, told) {
        // It was opened when it was packed.
        (Some(end), _) => (end, video.is_picture, true),
        (None, Some(length)) => (length, video.is_picture, false),
        (None, None) => {
            let reader = opener.open(&video.media).map_err(|error| with_causes(&error))?;
            let table = reader.frame_table();
            (table.end(), table.len() == 1, true)
        }
    };
    let usable = video.ending_at(end).map_err(|error| with_causes(&error))?;
    Ok((NarratedVideo { is_picture, ..usable }, opened))
}

/// An error with all its causes in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
