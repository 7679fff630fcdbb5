//! Names of files that every file system takes.

/// Bytes of a name, at most: file systems take 255, and while a file is written its name is longer.
pub(crate) const LONGEST: usize = 200;

/// The text, or as much of its beginning as `most` bytes hold.
pub(crate) fn shortened(text: &str, most: usize) -> &str {
    let ends = text.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let end = ends.take_while(|end| *end <= most).last().unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_letters() {
        assert_eq!(
            (shortened("küche", 3), shortened("küche", 2), shortened("a", 9)),
            ("kü", "k", "a")
        );
        assert_eq!(shortened("ü", 1), "");
    }
}
