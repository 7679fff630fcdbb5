//! What is drawn for a case: all of it from the target's name and the case's number.

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Numbers at which programs go wrong: ends of types, and what multiplies to them.
const EDGES: [u64; 26] = [
    0,
    1,
    2,
    3,
    7,
    8,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    1 << 20,
    1 << 24,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    1 << 40,
    1 << 53,
    1 << 61,
    1 << 62,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX - 1,
    u64::MAX,
];

/// Names at which programs go wrong, and plain ones.
const NAMES: [&str; 14] = [
    "a",
    "b",
    "video",
    "weight",
    "",
    ".",
    "..",
    "../up",
    "/root",
    "a/b",
    "\u{1b}[2J",
    "\u{202e}txt",
    "name with spaces",
    "ﬁﬀ\u{0301}",
];

/// Draws for one case.
pub struct Choices {
    random: ChaCha8Rng,
}

impl Choices {
    /// Those of the case with this number.
    pub fn of(target: &str, case: u64) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&case.to_le_bytes());
        for (at, byte) in target.bytes().take(24).enumerate() {
            seed[8 + at] = byte;
        }
        Self { random: ChaCha8Rng::from_seed(seed) }
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.random.random_range(0..end) }
    }

    /// True once in `of` times.
    pub fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = self.below(list.len());
        &list[at]
    }

    /// A small number mostly, else one at an edge, or one beside it.
    pub fn number(&mut self) -> u64 {
        match self.below(4) {
            0 | 1 => self.below(20) as u64,
            2 => *self.pick(&EDGES),
            _ => self.pick(&EDGES).wrapping_add(self.below(9) as u64).wrapping_sub(4),
        }
    }

    /// A number of a text: whole, broken, negative, huge, tiny.
    pub fn float(&mut self) -> f64 {
        let plain = self.number() as f64;
        match self.below(8) {
            0 => -plain,
            1 => plain / 3.0,
            2 => 1e308,
            3 => 5e-324,
            4 => -0.0,
            5 => 1e-9,
            _ => plain,
        }
    }

    /// Up to `most` bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.below(most + 1)];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    /// A name.
    pub fn name(&mut self) -> String {
        match self.below(12) {
            0 => "x".repeat(self.below(5000)),
            1 => format!("{}{}", self.pick(&NAMES), self.below(50)),
            _ => (*self.pick(&NAMES)).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_draws_the_same_again_and_another_case_draws_otherwise() {
        let drawn = |target, case| {
            let mut choices = Choices::of(target, case);
            (choices.bytes(64), choices.number(), choices.name(), choices.float().to_bits())
        };
        assert_eq!(drawn("pickle", 5), drawn("pickle", 5));
        assert_ne!(drawn("pickle", 5), drawn("pickle", 6));
        assert_ne!(drawn("pickle", 5), drawn("tar", 5));
        assert_eq!(Choices::of("pickle", 0).below(0), 0);
    }
}
