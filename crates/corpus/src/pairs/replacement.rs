//! Which videos may stand in for one of a batch that cannot be decoded.
//!
//! A second pair of one video would be a false negative, so videos that are not in the batch come
//! first. Each place of a batch has replacements of its own among them: as long as those last, what
//! stands in depends on the batch and the files alone, and processes that each see a part of the
//! batch choose as one process would.

use std::collections::BTreeSet;

use super::{CaptionedSpan, PairSampler};

impl PairSampler {
    /// Other videos of the same kind for the `place`th pair of a whole batch, the best first: its
    /// own, then those of other places, then those that are in the batch already.
    ///
    /// # Panics
    /// When the batch has no such place.
    pub fn replacements<'a>(
        &'a self,
        batch: &[CaptionedSpan],
        place: usize,
    ) -> impl Iterator<Item = usize> + use<'a> {
        let (len, replaced) = (batch.len(), batch[place].video);
        let videos = self.videos_of(batch[place].kind);
        let in_batch: BTreeSet<usize> = batch.iter().map(|pair| pair.video).collect();
        let start = videos.partition_point(|video| *video < batch[0].video);
        let around = move || (1..=videos.len()).map(move |i| videos[(start + i) % videos.len()]);
        let again: Vec<usize> =
            in_batch.iter().copied().filter(|video| *video != replaced).collect();
        let fresh = move || {
            let in_batch = in_batch.clone();
            around().filter(move |video| !in_batch.contains(video)).enumerate()
        };
        let own = fresh().filter(move |(i, _)| i % len == place);
        let of_others = fresh().filter(move |(i, _)| i % len != place);
        own.chain(of_others).map(|(_, video)| video).chain(again)
    }
}
