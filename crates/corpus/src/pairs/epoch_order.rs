//! Which video, or caption, comes at which place of an epoch.
//!
//! Either any at any place, or shard after shard, for corpora too large to be read here and there:
//! the shards in an order of their own, and within a window of so many places any order. Both are
//! pure functions of a key and the place, and nothing of the size of the corpus is kept.

use std::sync::Arc;

use super::order::permuted;
use super::settings::VideoOrder;
use crate::corpus::NarratedVideo;
use crate::error::CorpusError;
use locvtp_video::randomness::finalise;

/// The videos of one kind, and how epochs go through them.
#[derive(Clone)]
pub(super) struct VisitedVideos {
    /// Indices into the corpus, growing.
    growing: Arc<[usize]>,
    sharded: Option<ShardedVideos>,
}

/// The same videos, shard by shard.
#[derive(Clone)]
struct ShardedVideos {
    /// Indices into the corpus.
    videos: Arc<[usize]>,
    /// Where each shard begins among them, and where the last ends.
    starts: Arc<[usize]>,
    buffer: u64,
}

impl VisitedVideos {
    /// These videos of a corpus, growing, as the order wants them.
    ///
    /// # Errors
    /// When shards are wanted, and a video is in none.
    pub(super) fn new(
        videos: &[NarratedVideo],
        growing: Vec<usize>,
        order: &VideoOrder,
    ) -> Result<Self, CorpusError> {
        let sharded = match *order {
            VideoOrder::Uniform => None,
            VideoOrder::Shards { buffer } => Some(ShardedVideos::new(videos, &growing, buffer)?),
        };
        Ok(Self { growing: growing.into(), sharded })
    }

    /// Indices into the corpus, growing.
    pub(super) fn growing(&self) -> &[usize] {
        &self.growing
    }

    /// The same in the order that an [`EpochOrder`] counts them.
    pub(super) fn listed(&self) -> &[usize] {
        self.sharded.as_ref().map_or(&self.growing, |sharded| &sharded.videos)
    }

    /// The order of an epoch over all videos, or over all captions, when `captions_until` says how
    /// many the videos up to and with each have, as they are listed.
    pub(super) fn epoch(&self, captions_until: Option<&[u64]>, key: u64) -> EpochOrder {
        match (&self.sharded, captions_until) {
            (Some(sharded), _) => sharded.epoch(captions_until, key),
            (None, Some(until)) => {
                EpochOrder::Uniform { places: until.last().copied().unwrap_or_default(), key }
            }
            (None, None) => EpochOrder::Uniform { places: self.growing.len() as u64, key },
        }
    }
}

impl ShardedVideos {
    fn new(
        videos: &[NarratedVideo],
        growing: &[usize],
        buffer: usize,
    ) -> Result<Self, CorpusError> {
        if let Some(loose) = growing.iter().find(|video| videos[**video].shard.is_none()) {
            return Err(CorpusError::NotInShards { video: videos[*loose].id.clone() });
        }
        let shard = |video: &usize| videos[*video].shard;
        let mut sorted = growing.to_vec();
        sorted.sort_by_key(shard);
        let starts = sorted.chunk_by(|a, b| shard(a) == shard(b)).scan(0, |end, shard| {
            *end += shard.len();
            Some(*end)
        });
        let starts = std::iter::once(0).chain(starts).collect();
        Ok(Self { videos: sorted.into(), starts, buffer: buffer as u64 })
    }

    fn epoch(&self, captions_until: Option<&[u64]>, key: u64) -> EpochOrder {
        let place = |video: usize| match captions_until {
            Some(until) => video.checked_sub(1).map_or(0, |before| until[before]),
            None => video as u64,
        };
        let num_shards = self.starts.len() as u64 - 1;
        let mut end = 0;
        let runs = (0..num_shards).map(|nth| {
            let shard = permuted(nth, num_shards, key) as usize;
            let first = place(self.starts[shard]);
            let len = place(self.starts[shard + 1]) - first;
            end += len;
            Run { end, first, len }
        });
        let runs = runs.collect();
        EpochOrder::Shards { runs, places: end, buffer: self.buffer, key }
    }
}

/// A shard in an epoch's order.
pub(super) struct Run {
    /// Places of the epoch up to and with it.
    end: u64,
    /// What it begins with, counted shard by shard, and how much of that it holds.
    first: u64,
    len: u64,
}

/// The order of one epoch.
pub(super) enum EpochOrder {
    /// Any at any place.
    Uniform { places: u64, key: u64 },
    /// Shard by shard.
    Shards { runs: Vec<Run>, places: u64, buffer: u64, key: u64 },
}

impl EpochOrder {
    /// What comes at `place`, of as much as there are places.
    pub(super) fn at(&self, place: u64) -> u64 {
        match self {
            Self::Uniform { places, key } => permuted(place, *places, *key),
            Self::Shards { runs, places, buffer, key } => {
                let window = place / buffer;
                let start = window * buffer;
                let len = (*buffer).min(places - start);
                let place = start + permuted(place - start, len, finalise(key ^ !window));
                let run = &runs[runs.partition_point(|run| run.end <= place)];
                let within = place - (run.end - run.len);
                run.first + permuted(within, run.len, finalise(key ^ finalise(run.first)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// 20 shards of 50 videos, dealt out so that the ids of a shard are not neighbours.
    fn sharded(buffer: usize) -> VisitedVideos {
        let videos: Vec<NarratedVideo> = (0..1000u32)
            .map(|place| {
                let video = NarratedVideo::new(format!("{place:04}"), "a.mp4", Vec::new());
                NarratedVideo { shard: Some(place % 20), ..video }
            })
            .collect();
        VisitedVideos::new(&videos, (0..1000).collect(), &VideoOrder::Shards { buffer }).unwrap()
    }

    fn visited(sharded: &VisitedVideos, key: u64) -> Vec<usize> {
        let order = sharded.epoch(None, key);
        (0..1000).map(|place| sharded.listed()[order.at(place) as usize]).collect()
    }

    #[test]
    fn every_video_comes_once_in_another_order_each_epoch() {
        for buffer in [1, 7, 50, 120, 5000] {
            let sharded = sharded(buffer);
            let (one, two) = (visited(&sharded, 1), visited(&sharded, 2));
            assert_eq!(one.iter().collect::<BTreeSet<_>>().len(), 1000);
            assert_eq!(one, visited(&sharded, 1));
            let agreeing = one.iter().zip(&two).filter(|(a, b)| a == b).count();
            assert!(agreeing < 12, "{agreeing} places agree");
        }
    }

    #[test]
    fn a_window_needs_no_more_shards_than_it_spans() {
        let buffer = 125;
        let visited = visited(&sharded(buffer), 3);
        for window in visited.chunks(buffer) {
            let shards: BTreeSet<_> = window.iter().map(|video| video % 20).collect();
            // 125 videos in shards of 50, begun at the start or the middle of one.
            assert_eq!(shards.len(), 3, "{shards:?}");
            let first_half: BTreeSet<_> = window[..60].iter().map(|video| video % 20).collect();
            assert_eq!(first_half, shards, "the window is mixed");
        }
        // Each shard is in use in one stretch of at most two windows.
        for shard in 0..20 {
            let windows: BTreeSet<_> =
                (0..1000).filter(|p| visited[*p] % 20 == shard).map(|p| p / buffer).collect();
            assert!(windows.len() <= 2, "{windows:?}");
        }
    }

    #[test]
    fn captions_are_visited_by_shards_as_well() {
        let sharded = sharded(30);
        // Of the videos, shard by shard, every other has three captions.
        let until: Vec<u64> = (0..1000)
            .scan(0, |sum, n| {
                *sum += 1 + n % 2 * 2;
                Some(*sum)
            })
            .collect();
        let order = sharded.epoch(Some(&until), 9);
        let all: BTreeSet<u64> = (0..2000).map(|place| order.at(place)).collect();
        assert!(all.into_iter().eq(0..2000));
        let shard_of = |caption: u64| until.partition_point(|until| *until <= caption) / 50;
        let shards: BTreeSet<_> = (0..30).map(|place| shard_of(order.at(place))).collect();
        assert_eq!(shards.len(), 1);
    }

    #[test]
    fn a_video_that_is_in_no_shard_is_named() {
        let loose = [NarratedVideo::new("loose", "a.mp4", Vec::new())];
        let order = VideoOrder::Shards { buffer: 5 };
        let error = VisitedVideos::new(&loose, vec![0], &order).err().unwrap();
        assert!(error.to_string().contains("loose"), "{error}");
        assert!(error.to_string().contains("pairs.order"), "{error}");
        assert!(VisitedVideos::new(&loose, vec![0], &VideoOrder::Uniform).is_ok());
    }
}
