//! New buffers that all threads fill for the first time.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// A vector of `length` numbers; `fill(i, piece)` makes its `i`-th piece of `size` numbers (the
/// last may be shorter), which holds zeros before.
///
/// `vec![0.0; n]` zeroes on one thread and leaves the page faults to it: at full size that, and not
/// the arithmetic, kept the other threads waiting. Here a piece is zeroed where it is filled, while
/// it is in the cache.
pub(crate) fn filled(
    length: usize,
    size: usize,
    fill: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let mut values: Vec<f32> = Vec::with_capacity(length);
    values.spare_capacity_mut()[..length].par_chunks_mut(size).enumerate().for_each(
        |(index, piece)| {
            piece.fill(MaybeUninit::new(0.0));
            // SAFETY: every number of the piece has just been written.
            fill(index, unsafe { piece.assume_init_mut() });
        },
    );
    // SAFETY: the capacity is at least `length`, and the pieces, each written in full, are all of
    // the first `length` numbers.
    unsafe { values.set_len(length) };
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_begins_with_zeros_and_the_last_may_be_shorter() {
        let values = filled(10, 4, |index, piece| {
            assert!(piece.iter().all(|x| *x == 0.0));
            piece[0] = (10 * index + piece.len()) as f32;
        });
        assert_eq!(values, [4.0, 0.0, 0.0, 0.0, 14.0, 0.0, 0.0, 0.0, 22.0, 0.0]);
        assert!(filled(0, 4, |_, _| ()).is_empty());
    }
}
