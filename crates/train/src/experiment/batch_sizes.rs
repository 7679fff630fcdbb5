//! How large batches are, and what the loader may hold of them.

use locvtp_corpus::SpanKind;

use super::Experiment;

impl Experiment {
    /// Clips of a pair, and frames of a clip. A picture is one clip, of one frame where the encoder
    /// can (§A.2); then there is no neighbour to warp, and `L_t` is left out of that step.
    pub fn clips_of(&self, kind: SpanKind) -> [usize; 2] {
        let num_frames = self.preprocessing.num_frames;
        match kind {
            SpanKind::Long => [self.sampling.long_clips, num_frames],
            SpanKind::Short => [self.sampling.short_clips, num_frames],
            SpanKind::Picture => [1, self.model.video.num_picture_frames()],
        }
    }

    /// Batches that may wait or be in the making: `loader.queue`, or fewer where they are large.
    pub fn queue_len(&self) -> usize {
        self.loader.queue_len(self.largest_batch_bytes())
    }

    /// What the loader may hold at most: waiting batches and remembered videos; MiB.
    pub fn loader_mib(&self) -> usize {
        let queue = self.queue_len().saturating_mul(self.largest_batch_bytes());
        queue.div_ceil(1 << 20) + self.loader.cache_mib
    }

    /// Bytes of the largest batch, at least 1.
    fn largest_batch_bytes(&self) -> usize {
        let kinds = [SpanKind::Long, SpanKind::Short, SpanKind::Picture];
        let picture = [self.preprocessing.image_size, self.preprocessing.image_size, 3];
        let bytes = kinds.map(|kind| {
            let sides = [self.pairs.batch_len(kind)].into_iter().chain(self.clips_of(kind));
            sides.chain(picture).fold(1, usize::saturating_mul)
        });
        bytes.into_iter().max().unwrap_or(0).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_batches_shorten_the_queue_and_the_loaders_memory_is_known_before() {
        let mut experiment = Experiment::default();
        experiment.pairs.long_batch = 2;
        experiment.pairs.short_batch = 4;
        // 4 pairs of 8 clips of 16 frames of 224 x 224 x 3 bytes: 73.5 MiB.
        experiment.loader.queue_mib = 150;
        assert_eq!(experiment.queue_len(), 2);
        assert_eq!(experiment.loader_mib(), 147 + 1024);
        experiment.loader.queue_mib = 1;
        assert_eq!(experiment.queue_len(), 1);
        experiment.loader.queue_mib = usize::MAX;
        assert_eq!(experiment.queue_len(), 4);
    }
}
