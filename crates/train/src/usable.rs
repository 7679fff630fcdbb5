//! The part of a corpus whose files can be opened, and what is wrong with the rest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use locvtp_cluster::{Alone, Communicator, Fact, same_on_all};
use locvtp_corpus::{Corpus, NarratedVideo, VideoInFile};
use locvtp_video::causes::with_causes;
use locvtp_video::{Seconds, VideoOpener};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::checkpoint::corpus_fingerprint;
use crate::error::TrainError;
use locvtp_video::counted::counted;

/// A video that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadVideo {
    /// The corpus's id of the video.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be used, with all causes.
    pub reason: String,
    /// It was left out when the run began, and is not among the videos that places of a batch are drawn from; else a step
    /// wanted it, and took another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_start: bool,
}

/// Videos whose files open, in the corpus's order.
pub struct UsableCorpus {
    name: String,
    videos: Vec<NarratedVideo>,
    unopened: usize,
    clipped: usize,
    after_end: usize,
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
        Self::check_together(&Alone, corpus, max_bad, opener)
    }

    /// The same by several ranks: each opens its share of the files, and all have the same result.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), and when the corpus of the ranks is not the same.
    pub fn check_together(
        ranks: &dyn Communicator,
        corpus: &dyn Corpus,
        max_bad: f64,
        opener: &VideoOpener,
    ) -> Result<(Self, Vec<BadVideo>), TrainError> {
        let listed = corpus.videos().len();
        let checked: Vec<Result<(VideoInFile, bool), BadVideo>> = seen(ranks, corpus, opener)?
            .into_par_iter()
            .zip(corpus.videos())
            .map(|(seen, video)| {
                seen.and_then(|seen| usable_part(video, &seen)).map_err(|reason| BadVideo {
                    id: video.id.clone(),
                    path: video.media.path().to_owned(),
                    reason,
                    at_start: true,
                })
            })
            .collect();
        let (mut videos, mut bad, mut unopened) = (Vec::with_capacity(listed), Vec::new(), 0);
        let (mut clipped, mut after_end) = (0, 0);
        for video in checked {
            match video {
                Ok((found, opened)) => {
                    clipped += found.clipped;
                    after_end += found.after_end.len();
                    videos.push(found.video);
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
                key: "corpus.max_bad".to_owned(),
                found: format!(
                    "{max_bad}, but {} of {} cannot be read (first: {})",
                    bad.len(),
                    counted(listed, "video"),
                    bad[0].reason
                ),
                expected: "a share that allows this; or repair the files",
            });
        }
        Ok((Self { name, videos, unopened, clipped, after_end }, bad))
    }

    /// The same videos as when a run began that left out `left_out`, whatever has become of their files since: `bad` are
    /// those that cannot be used now. Also gives what is left out then, and what is in although it cannot be used now: a
    /// step that wants it takes another.
    pub(crate) fn kept_from_start(
        self,
        corpus: &dyn Corpus,
        bad: Vec<BadVideo>,
        left_out: &BTreeMap<String, BadVideo>,
    ) -> (Self, Vec<BadVideo>, Vec<BadVideo>) {
        let (mut usable, mut bad) = (self.videos.into_iter().peekable(), bad.into_iter());
        let (mut videos, mut still_out, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for listed in corpus.videos() {
            let found = usable.next_if(|video| video.id == listed.id);
            let reason = if found.is_none() { bad.next() } else { None };
            match (left_out.get(&listed.id), found, reason) {
                (Some(then), _, now) => still_out.push(now.unwrap_or_else(|| then.clone())),
                (None, Some(video), _) => videos.push(video),
                (None, None, now) => {
                    let end = listed.told_length().unwrap_or(Seconds(f64::INFINITY));
                    let video =
                        listed.ending_at(end).map_or_else(|_| listed.clone(), |found| found.video);
                    videos.push(video);
                    gone.extend(now);
                }
            }
        }
        (Self { videos, ..self }, still_out, gone)
    }

    /// What was done to captions because of where the files end; none when nothing was.
    pub fn told_of_captions(&self) -> Option<String> {
        let Self { clipped, after_end, .. } = self;
        (clipped + after_end > 0).then(|| {
            format!(
                "captions that do not lie in their files: {clipped} end later and are clipped, {after_end} \
                 start later and are left out"
            )
        })
    }

    /// How many videos are taken as their source lists them, and opened when a step wants them.
    pub fn num_unopened(&self) -> usize {
        self.unopened
    }
}

/// What is known of a file, once it was opened or because its source tells it.
#[derive(Serialize, Deserialize)]
struct Seen {
    /// Where its pictures end, as [`f64::to_bits`].
    end: u64,
    is_picture: bool,
    /// Whether it was opened, now or when it was packed.
    opened: bool,
}

/// What is known of each file, or the reason why it does not open, in the corpus's order.
fn seen(
    ranks: &dyn Communicator,
    corpus: &dyn Corpus,
    opener: &VideoOpener,
) -> Result<Vec<Result<Seen, String>>, TrainError> {
    let (rank, num_ranks) = (ranks.rank().index(), ranks.rank().world_size());
    let own: Vec<_> = corpus.videos().par_iter().skip(rank).step_by(num_ranks).collect();
    let own: Vec<_> = own.into_par_iter().map(|video| look(video, opener)).collect();
    if num_ranks == 1 {
        return Ok(own);
    }
    // The share of another rank is of no use where it has another list.
    let ids = corpus_fingerprint(corpus.videos().iter().map(|video| video.id.as_str()));
    same_on_all(ranks, &[Fact::program()?, videos_of_corpus(ids)])?;
    let told = ranks.gather_bytes(&serde_json::to_vec(&own).expect("plain data"))?;
    let part = |bytes: &Vec<u8>| -> Vec<Result<Seen, String>> {
        serde_json::from_slice(bytes).expect("another rank's list of the same program")
    };
    let mut parts: Vec<_> = told.iter().map(|bytes| part(bytes).into_iter()).collect();
    let in_turn = (0..corpus.videos().len()).map_while(|place| parts[place % num_ranks].next());
    Ok(in_turn.collect())
}

/// Which videos a rank has, by the checksum of their names.
pub(crate) fn videos_of_corpus(fingerprint: u32) -> Fact {
    Fact::shown("videos of the corpus, by the checksum of their names", fingerprint)
}

/// Opens the file where that is needed to know it.
fn look(video: &NarratedVideo, opener: &VideoOpener) -> Result<Seen, String> {
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
    Ok(Seen { end: end.0.to_bits(), is_picture, opened })
}

/// The video as its file has it: without what of captions lies after its end, and known for a picture
/// if it is one; and whether that is known. The reason when it cannot be used.
fn usable_part(video: &NarratedVideo, seen: &Seen) -> Result<(VideoInFile, bool), String> {
    let end = Seconds(f64::from_bits(seen.end));
    let mut usable = video.ending_at(end).map_err(|error| with_causes(&error))?;
    usable.video.is_picture = seen.is_picture;
    Ok((usable, seen.opened))
}
