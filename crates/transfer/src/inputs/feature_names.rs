//! What videos are called in a feature file, where annotations call them otherwise.
//!
//! ActivityNet's ids have a `v_` before them in some files and not in others; ids may carry the file's
//! ending (`a.mp4`) or its folder (`train/a`). A name that is there as it stands is always taken; else
//! these are set aside, on both sides, where one video alone fits then.

use std::collections::HashMap;
use std::path::Path;

use locvtp_video::media_endings::is_video;

/// The names of a feature file.
#[derive(Clone, Debug, Default)]
pub(super) struct FeatureNames {
    /// Sorted.
    ids: Vec<String>,
    /// The place of each by its bare name; none where two videos have it.
    by_bare: HashMap<String, Option<usize>>,
}

impl FeatureNames {
    /// Of ids that are sorted.
    pub(super) fn of(ids: Vec<String>) -> Self {
        let mut by_bare: HashMap<String, Option<usize>> = HashMap::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate() {
            by_bare
                .entry(bare(id).to_owned())
                .and_modify(|known| *known = None)
                .or_insert(Some(place));
        }
        Self { ids, by_bare }
    }

    /// What a video is called here; none when it is not there, or two may be meant.
    pub(super) fn find(&self, id: &str) -> Option<&str> {
        let place = self.ids.binary_search_by(|known| known.as_str().cmp(id)).ok();
        let place = place.or_else(|| *self.by_bare.get(bare(id))?)?;
        Some(&self.ids[place])
    }

    /// All of them, sorted.
    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }
}

/// A video's id without folder, ending and ActivityNet's `v_`.
fn bare(id: &str) -> &str {
    let name = id.rsplit_once('/').map_or(id, |(_, name)| name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let name = if is_video(Path::new(name)) { stem } else { name };
    name.strip_prefix("v_").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(ids: &[&str]) -> FeatureNames {
        FeatureNames::of(ids.iter().map(|id| (*id).to_owned()).collect())
    }

    #[test]
    fn prefix_ending_and_folder_are_set_aside_on_both_sides() {
        for (there, asked) in [
            ("a", "v_a"),
            ("v_a", "a"),
            ("a.mp4", "a"),
            ("a", "a.avi"),
            ("train/a", "a"),
            ("a", "videos/train/a.mkv"),
            ("train/v_a.webm", "a"),
        ] {
            assert_eq!(names(&[there, "z"]).find(asked), Some(there), "{asked}");
        }
        // A dot that begins no ending of a video is part of the name.
        assert_eq!(names(&["s13-d21", "s13-d21.cam-002"]).find("s13-d21"), Some("s13-d21"));
        assert_eq!(names(&["clip.v1"]).find("clip"), None);
    }

    #[test]
    fn what_is_there_as_it_stands_is_taken_and_nothing_is_guessed_of_two() {
        let found = names(&["a", "test/a", "train/a"]);
        assert_eq!(found.find("a"), Some("a"));
        assert_eq!(found.find("train/a"), Some("train/a"));
        assert_eq!(found.find("v_a"), None);
        assert_eq!(found.find("b"), None);
    }
}
