//! Numbers of things in messages: `1 video`, `2 videos`.

use std::fmt::Display;

/// A number and what it counts: `one` where it is 1, else `more`. Both may go on with a verb, as in
/// `counted(count, "video has no features", "videos have no features")`.
pub fn counted(count: usize, one: &str, more: &str) -> String {
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
    fn one_thing_is_singular_and_any_other_number_plural() {
        let said = |count| counted(count, "video is left out", "videos are left out");
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
