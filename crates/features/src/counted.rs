//! Numbers of things in messages: `1 video`, `2 videos`.

use std::fmt::Display;

/// A number and what it counts: `one` where it is 1, else `more`. Both may go on with a verb, as in
/// `counted(count, "video has no features", "videos have no features")`.
pub fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// The first three of some names, and how many more there are.
pub fn first_of<T: Display>(names: impl ExactSizeIterator<Item = T>) -> String {
    const NAMED: usize = 3;
    let more = names.len().saturating_sub(NAMED);
    let mut named: Vec<String> = names.take(NAMED).map(|name| name.to_string()).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_singular_and_any_other_number_plural() {
        let said = |count| counted(count, "video is left out", "videos are left out");
        assert_eq!(said(1), "1 video is left out");
        assert_eq!(said(0), "0 videos are left out");
        assert_eq!(said(2), "2 videos are left out");
    }

    #[test]
    fn three_names_are_given_and_the_rest_is_counted() {
        assert_eq!(first_of(["a", "b", "c"].iter()), "a, b, c");
        assert_eq!(first_of(["a", "b", "c", "d", "e"].iter()), "a, b, c, 2 more");
    }
}
