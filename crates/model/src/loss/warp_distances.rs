//! From how far away every clip of a batch is warped.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::context_warp::distances;

/// How far every clip of a batch is warped from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarpDistances(pub Vec<i32>);

impl WarpDistances {
    /// `b * t` distances, uniform over `distances`; none for videos of one clip, which have no
    /// neighbour.
    pub fn draw([b, t]: [usize; 2], max_distance: usize, seed: u64) -> Option<Self> {
        if t < 2 || max_distance == 0 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let drawn = (0..b * t)
            .map(|i| {
                let choices = distances(i % t, t, max_distance);
                choices[rng.random_range(0..choices.len())]
            })
            .collect();
        Some(Self(drawn))
    }
}
