//! Numbers of things as people write them, for the messages of all crates: `1 video`, `2 videos`, `1 query`, `3 queries`.

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

/// A number and what it counts: `one` where it is 1, else `more`. Both may go on with a verb, as in
/// `counted_as(count, "video has no features", "videos have no features")`.
pub fn counted_as(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// The first three of `count` names, and how many more there are.
pub fn first_of<T: Display>(names: &[T], count: usize) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
    let (more, named) = (count.saturating_sub(named.len()), named.join(", "));
    if more > 0 { format!("{named} and {more} more") } else { named }
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

    #[test]
    fn one_thing_is_singular_and_any_other_number_plural() {
        let said = |count| counted_as(count, "video is left out", "videos are left out");
        assert_eq!(said(1), "1 video is left out");
        assert_eq!(said(0), "0 videos are left out");
        assert_eq!(said(2), "2 videos are left out");
    }

    #[test]
    fn three_names_are_given_and_the_rest_is_counted() {
        assert_eq!(first_of(&["a", "b", "c"], 3), "a, b, c");
        assert_eq!(first_of(&["a", "b", "c", "d"], 5), "a, b, c and 2 more");
    }
}
