//! Which combinations of colour, shape and action are trained on, and which are held out.
//!
//! A fifth is held out by a hash of the names, so that it does not depend on the seed, nor on how
//! many colours, shapes or actions are in use. The exception: where all combinations of a pair
//! (such as red + square) would be held out, one is given back, so that every pair is seen in
//! training and a new combination is new as a whole.

use std::collections::BTreeSet;

use super::config::SyntheticConfig;
use super::vocabulary::{Action, COLOURS, SHAPES};

/// One combination in this many is held out.
const HELD_OUT_EVERY: u64 = 5;

/// Indices of colour, shape and action in the vocabulary of a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Combination {
    /// Index of the colour.
    pub colour: usize,
    /// Index of the shape.
    pub shape: usize,
    /// Index of the action.
    pub action: usize,
}

impl Combination {
    /// Whether the two have colour or shape in common.
    pub(crate) fn looks_related(self, other: Self) -> bool {
        self.colour == other.colour || self.shape == other.shape
    }

    /// The pairs of values, each with a number for which two of the three it names.
    fn pairs(self) -> [(u8, usize, usize); 3] {
        [(0, self.colour, self.shape), (1, self.shape, self.action), (2, self.colour, self.action)]
    }
}

/// All combinations of a config, in two parts; both sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combinations {
    /// Those of `train` and `seen`.
    pub training: Vec<Combination>,
    /// Those of `new`.
    pub held_out: Vec<Combination>,
}

impl Combinations {
    /// Divides the combinations of `config`.
    pub fn new(config: &SyntheticConfig) -> Self {
        let mut all = Vec::new();
        for colour in 0..config.num_colours {
            for shape in 0..config.num_shapes {
                for action in 0..config.actions.len() {
                    all.push(Combination { colour, shape, action });
                }
            }
        }
        let hash = |c: &Combination| {
            let action = config.actions[c.action];
            hash_of_names(COLOURS[c.colour].words[0], SHAPES[c.shape].words()[0], action)
        };
        let (mut held_out, mut training): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|c| hash(c) % HELD_OUT_EVERY == 0);
        let mut covered: BTreeSet<_> = training.iter().flat_map(|c| c.pairs()).collect();
        held_out.retain(|c| {
            let give_back = c.pairs().iter().any(|pair| !covered.contains(pair));
            if give_back {
                covered.extend(c.pairs());
                training.push(*c);
            }
            !give_back
        });
        training.sort_unstable();
        Self { training, held_out }
    }
}

/// 64-bit FNV-1a of "colour shape action".
fn hash_of_names(colour: &str, shape: &str, action: Action) -> u64 {
    let name = format!("{colour} {shape} {}", action.name());
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    // FNV's low bits are weak; the upper half is folded in.
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(num_colours: usize, num_shapes: usize, num_actions: usize) -> SyntheticConfig {
        SyntheticConfig {
            num_colours,
            num_shapes,
            actions: Action::ALL[..num_actions].to_vec(),
            ..SyntheticConfig::default()
        }
    }

    #[test]
    fn every_pair_of_attributes_is_trained_on_in_every_size() {
        for num_colours in 2..=8 {
            for num_shapes in 2..=6 {
                for num_actions in 2..=10 {
                    let parts = Combinations::new(&config(num_colours, num_shapes, num_actions));
                    let pairs: BTreeSet<_> =
                        parts.training.iter().flat_map(|c| c.pairs()).collect();
                    let expected = num_colours * num_shapes
                        + num_shapes * num_actions
                        + num_colours * num_actions;
                    assert_eq!(pairs.len(), expected);
                    let all = parts.training.len() + parts.held_out.len();
                    assert_eq!(all, num_colours * num_shapes * num_actions);
                }
            }
        }
    }

    #[test]
    fn the_default_holds_out_a_fifth_and_every_attribute_of_it() {
        let config = SyntheticConfig::default();
        let held_out = Combinations::new(&config).held_out;
        let all = config.num_colours * config.num_shapes * config.actions.len();
        let share = held_out.len() as f64 / all as f64;
        assert!((0.13..0.27).contains(&share), "{} of {all}", held_out.len());
        let count =
            |of: fn(&Combination) -> usize| held_out.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(count(|c| c.colour), config.num_colours);
        assert_eq!(count(|c| c.shape), config.num_shapes);
        assert_eq!(count(|c| c.action), config.actions.len());
    }

    #[test]
    fn more_colours_do_not_move_a_combination_to_the_other_part() {
        let few = Combinations::new(&config(4, 4, 10));
        let many = Combinations::new(&config(8, 6, 10));
        assert!(few.held_out.iter().all(|c| many.held_out.contains(c)));
    }
}
