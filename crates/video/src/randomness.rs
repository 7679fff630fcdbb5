//! Random numbers of all crates, as pure functions of a seed, of what they are for and of where they
//! are.
//!
//! Nothing is remembered between draws, which is what makes a resumed run equal an uninterrupted one.
//! There are two ways: [`generator`] puts seed, purpose and two indices side by side into the 256-bit
//! key of ChaCha8, so that different uses never share a stream; [`mix`] is a 64-bit hash of the same
//! four numbers (SplitMix64's finaliser) where one number is wanted, or a seed for another generator.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for: one list for all crates.
///
/// The number of a purpose is part of every stream, so it never changes. The lists of several crates
/// became one, and a number that two of them had given stands here twice; a new purpose gets a number
/// that none has, from 10 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    // Pairs of a corpus.
    /// Which kind of span a step trains on.
    SpanKind,
    /// The order of videos in an epoch.
    VideoOrder,
    /// The span drawn from a video.
    Span,
    /// Which shard a video is packed into.
    PackOrder,
    /// Whether a step trains on pictures.
    Picture,

    // The synthetic corpus.
    /// The procedures of a split.
    Procedures,
    /// Events and looks of one synthetic video.
    Script,
    /// Narration of one synthetic video.
    Narration,
    /// Which events of a procedure are steps of its task.
    Steps,

    // A step of pre-training.
    /// Dropout and whatever else the device draws in a step.
    TrainingDevice,
    /// How far the clips of a step are warped from.
    WarpDistances,
    /// Random correspondence.
    Correspondence,
    /// Which moments of its span a sample's frames are taken from.
    FramePhase,
    /// Crop, flip and jitter of a sample.
    Augmentation,
    /// Which patches of a clip the encoder sees.
    PatchDropout,

    // A task.
    /// The order of an epoch's samples.
    SampleOrder,
    /// What a sample is made of: which caption, which clips.
    Sample,
    /// Dropout and whatever else the device draws in a step of a task.
    TaskDevice,
    /// The parts that a data set is split into.
    Split,
    /// Permuted labels, and other controls.
    Control,

    // References of a measurement.
    /// An interval drawn for a query.
    RandomInterval,
    /// The query of another video.
    WrongQuery,
}

impl Purpose {
    const fn number(self) -> u64 {
        match self {
            Self::SpanKind => 1,
            Self::VideoOrder => 2,
            Self::Span => 3,
            Self::Procedures => 4,
            Self::Script => 5,
            Self::Narration => 6,
            Self::PackOrder => 7,
            Self::Picture => 8,
            Self::Steps => 9,

            Self::TrainingDevice => 1,
            Self::WarpDistances => 2,
            Self::Correspondence => 3,
            Self::FramePhase => 4,
            Self::Augmentation => 5,
            Self::PatchDropout => 10,

            Self::SampleOrder => 1,
            Self::Sample => 2,
            Self::TaskDevice => 3,
            Self::Split => 4,
            Self::Control => 5,

            Self::RandomInterval => 1,
            Self::WrongQuery => 2,
        }
    }
}

/// A generator of its own for `(seed, purpose, a, b)`.
pub fn generator(seed: u64, purpose: Purpose, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose.number(), a, b]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// A 64-bit hash of `(seed, purpose, a, b)`.
pub fn mix(seed: u64, purpose: Purpose, a: u64, b: u64) -> u64 {
    [seed, purpose.number(), a, b]
        .into_iter()
        .fold(0, |state, word| finalise(state ^ finalise(word)))
}

/// A number in `0.0..1.0` from the upper 53 bits of a hash.
pub fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// One step of SplitMix64: a bijection of 64-bit words.
pub fn finalise(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use rand::RngCore;

    use super::*;

    #[test]
    fn what_is_drawn_is_that_of_earlier_versions() {
        // SplitMix64's first outputs for the states 0 and 1.
        assert_eq!(finalise(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(finalise(1), 0x910a_2dec_8902_5cc1);
        let by_hand = [7, 5, 3, 2u64].into_iter().fold(0, |s, word| finalise(s ^ finalise(word)));
        assert_eq!(mix(7, Purpose::Augmentation, 3, 2), by_hand);
        let mut key = [0; 32];
        (key[0], key[8], key[16], key[24]) = (7, 9, 3, 2);
        let (mut drawn, mut by_hand) =
            (generator(7, Purpose::Steps, 3, 2), ChaCha8Rng::from_seed(key));
        assert_eq!(drawn.next_u64(), by_hand.next_u64());
    }

    #[test]
    fn a_unit_is_below_one() {
        assert_eq!(unit(0), 0.0);
        assert_eq!(unit(1 << 63), 0.5);
        assert!(unit(u64::MAX) < 1.0);
    }
}
