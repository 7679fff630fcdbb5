//! Random numbers as pure functions of a seed and of what they are for.
//!
//! Two ways, both free of state: [`generator`] puts seed, purpose and two indices side by side into
//! the 256-bit key of ChaCha8, so different uses can never share a stream; [`mix`] is a 64-bit hash
//! (SplitMix64's finaliser over the same four numbers) where a whole generator would be too slow.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for. The number is part of every stream, so it never changes.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum Purpose {
    /// Which kind of span a step trains on.
    SpanKind = 1,
    /// The order of videos in an epoch.
    VideoOrder = 2,
    /// The span drawn from a video.
    Span = 3,
    /// The procedures of a split.
    Procedures = 4,
    /// Events and looks of one synthetic video.
    Script = 5,
    /// Narration of one synthetic video.
    Narration = 6,
    /// Which shard a video is packed into.
    PackOrder = 7,
    /// Whether a step trains on pictures.
    Picture = 8,
    /// Which events of a procedure are steps of its task.
    Steps = 9,
}

/// A generator of its own for `(seed, purpose, a, b)`.
pub(crate) fn generator(seed: u64, purpose: Purpose, a: u64, b: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, a, b]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// A 64-bit hash of `(seed, purpose, a, b)`.
pub(crate) fn mix(seed: u64, purpose: Purpose, a: u64, b: u64) -> u64 {
    [seed, purpose as u64, a, b].into_iter().fold(0, |state, word| finalise(state ^ finalise(word)))
}

/// A number in `0.0..1.0` from the upper 53 bits of a hash.
pub(crate) fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// One step of SplitMix64: a bijection of 64-bit words.
pub(crate) fn finalise(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
