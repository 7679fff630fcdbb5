//! Some patches of each clip alone: a step of less work, and an encoder that leans on no single patch.
//!
//! Li et al., arXiv:2212.00794. A position is left out in all frames of its clip, so that attention over time finds the same
//! patch in every frame, and as many are left out of each clip.

use locvtp_video::randomness::{Purpose, generator};
use rand::seq::index::sample;

/// How many of `all` positions are left when the share `dropout` of them is left out: one at least.
pub(crate) fn num_kept(all: usize, dropout: f64) -> usize {
    (((1.0 - dropout) * all as f64).round() as usize).clamp(1, all)
}

/// The positions of a clip that are left, in their order: a pure function of the run's seed, the step, and the places
/// of the pair in the batch and of the clip in the pair.
pub(crate) fn kept(
    all: usize,
    dropout: f64,
    seed: u64,
    step: u64,
    [pair, clip]: [usize; 2],
) -> Vec<usize> {
    let place = ((pair as u64) << 32) | clip as u64;
    let mut generator = generator(seed, Purpose::PatchDropout, step, place);
    let mut kept = sample(&mut generator, all, num_kept(all, dropout)).into_vec();
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_left_of_each_clip_and_other_ones() {
        assert_eq!([0.0, 0.5, 0.6, 0.99].map(|share| num_kept(16, share)), [16, 8, 6, 1]);
        let draw = |step, places| kept(16, 0.5, 7, step, places);
        let first = draw(3, [1, 2]);
        assert!(first.len() == 8 && first.windows(2).all(|pair| pair[0] < pair[1]), "{first:?}");
        assert_eq!(first, draw(3, [1, 2]));
        for other in [draw(4, [1, 2]), draw(3, [2, 1]), draw(3, [1, 3])] {
            assert_ne!(first, other);
        }
        assert_eq!(kept(16, 0.0, 7, 3, [1, 2]), (0..16).collect::<Vec<_>>());
    }
}
