//! The name that stands for the place of a video whose path was lost.

use std::path::PathBuf;

/// Where nothing lies.
pub(super) const LOST: &str = "/place not known/";

/// Of the file with this number. It is shown like a path, can be typed like one, and gives way to the real one.
pub(super) fn lost_place(file: i64) -> PathBuf {
    PathBuf::from(format!("{LOST}video {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_no_place_of_this_machine() {
        assert!(!lost_place(7).exists());
        assert!(lost_place(7).starts_with(LOST));
    }
}
