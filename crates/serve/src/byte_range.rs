//! Which bytes of a file a browser asks for (RFC 9110, section 14).
//!
//! One range is answered, in its three forms: `bytes=5-9`, `bytes=5-` and `bytes=-5`. A header that is
//! not understood, or that asks for several ranges, is as if it were not there, which the standard
//! allows: the whole file is the answer.

/// What a `Range` header comes to, for a file of some length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All of it.
    Whole,
    /// From this byte to that one, both included.
    Part(u64, u64),
    /// Bytes that the file does not have.
    Outside,
}

/// Reads the header.
pub(crate) fn read(header: Option<&str>, length: u64) -> Asked {
    let Some(range) = header.and_then(single_range) else { return Asked::Whole };
    let last = length.saturating_sub(1);
    match range {
        // The last none bytes, or any of an empty file: there is nothing to give.
        (None, Some(0)) => Asked::Outside,
        (None, Some(_)) if length == 0 => Asked::Outside,
        (None, Some(suffix)) => Asked::Part(length.saturating_sub(suffix), last),
        (Some(first), _) if first >= length => Asked::Outside,
        (Some(first), None) => Asked::Part(first, last),
        (Some(first), Some(end)) if end < first => Asked::Whole,
        (Some(first), Some(end)) => Asked::Part(first, end.min(last)),
        (None, None) => Asked::Whole,
    }
}

/// First and last byte of a header with one range.
fn single_range(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.trim().split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    Some((number(first)?, number(last)?))
}

/// A number, or nothing at all; none where it is something else. More digits than a file can have
/// bytes are the greatest number.
fn number(text: &str) -> Option<Option<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(header: &str) -> Asked {
        read(Some(header), 100)
    }

    #[test]
    fn the_three_forms_of_a_range_are_understood() {
        assert_eq!(asked("bytes=5-9"), Asked::Part(5, 9));
        assert_eq!(asked("bytes=5-"), Asked::Part(5, 99));
        assert_eq!(asked("bytes=-5"), Asked::Part(95, 99));
        assert_eq!(asked("Bytes = 0-0"), Asked::Part(0, 0));
    }

    #[test]
    fn a_range_that_ends_behind_the_file_ends_with_it() {
        assert_eq!(asked("bytes=90-1000"), Asked::Part(90, 99));
        assert_eq!(asked("bytes=-1000"), Asked::Part(0, 99));
        assert_eq!(asked("bytes=0-99999999999999999999999999"), Asked::Part(0, 99));
    }

    #[test]
    fn bytes_that_are_not_there_are_outside() {
        assert_eq!(asked("bytes=100-"), Asked::Outside);
        assert_eq!(asked("bytes=99999999999999999999999999-"), Asked::Outside);
        assert_eq!(asked("bytes=-0"), Asked::Outside);
        assert_eq!(read(Some("bytes=-5"), 0), Asked::Outside);
        assert_eq!(read(Some("bytes=0-"), 0), Asked::Outside);
    }

    #[test]
    fn what_is_not_understood_is_as_if_it_were_not_there() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=9-5",
            "bytes=1-2,4-5",
            "pages=1-2",
        ] {
            assert_eq!(asked(header), Asked::Whole, "{header:?}");
        }
        assert_eq!(read(None, 100), Asked::Whole);
    }
}
