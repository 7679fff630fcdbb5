//! Counts with their nouns, as they stand in sentences.

/// `1 video`, `2 videos`, `0 queries`; `one` is the noun for one.
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 {
        return format!("1 {one}");
    }
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_all_others_are_many() {
        assert_eq!(counted(1, "video"), "1 video");
        assert_eq!(counted(0, "caption"), "0 captions");
        assert_eq!(counted(2, "query"), "2 queries");
        assert_eq!(counted(3, "key"), "3 keys");
    }
}
