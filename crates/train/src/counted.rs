//! Numbers of things as people write them: `1 video`, `2 videos`, `1 query`, `3 queries`.

use std::fmt::Display;

/// A number and the noun that goes with it.
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let noun = if number == N::from(1) { noun.to_owned() } else { several(noun) };
    format!("{number} {noun}")
}

/// The noun of more than one, or of none.
pub fn several(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_no_s() {
        assert_eq!(counted(1, "video"), "1 video");
        assert_eq!(counted(0, "video"), "0 videos");
        assert_eq!(counted(2u64, "step"), "2 steps");
        assert_eq!(counted(1usize, "query"), "1 query");
        assert_eq!(counted(7usize, "query"), "7 queries");
        assert_eq!(counted(2, "key"), "2 keys");
        assert_eq!(counted(1.0, "number"), "1 number");
    }
}
