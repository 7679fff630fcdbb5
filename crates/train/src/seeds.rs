//! Every random draw of a run as a pure function of the run's seed, what the draw is for, and where in the run it is.
//!
//! Nothing is remembered between steps, which is what makes a resumed run equal an uninterrupted one.

/// What a draw is for; the number is part of the seed, so it never changes.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Draw {
    /// Dropout and whatever else the device draws in a step.
    Device = 1,
    /// How far the clips of a step are warped from.
    WarpDistances = 2,
    /// Random correspondence.
    Correspondence = 3,
    /// Which moments of its span a sample's frames are taken from.
    FramePhase = 4,
    /// Crop, flip and jitter of a sample.
    Augmentation = 5,
}

/// The seed of a draw.
pub(crate) fn seed(run: u64, draw: Draw, step: u64, sample: u64) -> u64 {
    [run, draw as u64, step, sample]
        .into_iter()
        .fold(0, |state, word| finalise(state ^ finalise(word)))
}

/// SplitMix64: a bijection of 64-bit words.
fn finalise(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
