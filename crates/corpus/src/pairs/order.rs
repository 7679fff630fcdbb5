//! The order of videos in an epoch, one place at a time.
//!
//! A keyed permutation of `0..len` that is never stored: a balanced Feistel network over the next
//! even number of bits, walked along its cycle until it lands inside. Shuffling a list instead
//! would cost the whole list for each batch of a resumed run, with a million videos.

use locvtp_video::randomness::finalise;

/// More rounds than a Feistel network needs to look random; short halves mix slowly.
const ROUNDS: u64 = 8;

/// Where `place` goes under the permutation of `0..len` that `key` names.
///
/// # Panics
/// When `place` is not below `len`.
pub(super) fn permuted(place: u64, len: u64, key: u64) -> u64 {
    assert!(place < len, "place {place} of a permutation of {len}");
    let half_bits = (u64::BITS - (len - 1).leading_zeros()).div_ceil(2).max(1);
    let mut value = place;
    loop {
        value = feistel(value, half_bits, key);
        if value < len {
            return value;
        }
    }
}

fn feistel(value: u64, half_bits: u32, key: u64) -> u64 {
    let mask = (1u64 << half_bits) - 1;
    let (mut left, mut right) = (value >> half_bits, value & mask);
    for round in 0..ROUNDS {
        let mixed = finalise(key ^ finalise(right ^ (round << 40)));
        (left, right) = (right, left ^ (mixed >> 32 & mask));
    }
    left << half_bits | right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_taken_once() {
        for len in (1..70).chain([255, 256, 257, 1000]) {
            let mut seen: Vec<_> = (0..len).map(|place| permuted(place, len, 7)).collect();
            seen.sort_unstable();
            assert!(seen.iter().copied().eq(0..len), "{len}");
        }
    }

    #[test]
    fn keys_give_unrelated_orders() {
        // With 600 videos, two random orders agree in about one place; every place gets every video
        // in time.
        let agreeing = (0..600).filter(|&p| permuted(p, 600, 1) == permuted(p, 600, 2)).count();
        assert!(agreeing < 8, "{agreeing} places agree");
        let firsts: std::collections::BTreeSet<_> =
            (0..400).map(|key| permuted(0, 20, finalise(key))).collect();
        assert_eq!(firsts.len(), 20);
    }
}
