//! Counts with commas, for people: `1,238,911 videos`.

use locvtp_video::counted::{counted, several};

/// A count with commas, and its noun.
pub(crate) fn counted_grouped(count: usize, noun: &str) -> String {
    if count == 1 { counted(1, noun) } else { format!("{} {}", grouped(count), several(noun)) }
}

/// A count with commas.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        assert_eq!(
            [0, 999, 1000, 37_417, 1_238_911].map(grouped),
            ["0", "999", "1,000", "37,417", "1,238,911"]
        );
        let videos = [0, 1, 1000].map(|count| counted_grouped(count, "video"));
        assert_eq!(videos, ["0 videos", "1 video", "1,000 videos"]);
    }
}
