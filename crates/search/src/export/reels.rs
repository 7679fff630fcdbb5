//! Reel names for EDLs: `[A-Z0-9_]{1,8}`, one for each source, never empty.

use std::collections::BTreeMap;
use std::path::Path;

use super::hit::Hit;

/// The most letters of a reel.
const MOST: usize = 8;

/// Names that mean something else: black, bars, no reel.
const TAKEN: [&str; 4] = ["BL", "BLACK", "BARS", "AX"];

/// A reel for each source of the hits, by the order in which they come.
pub(super) fn reels(hits: &[Hit]) -> BTreeMap<&Path, String> {
    let mut reels: BTreeMap<&Path, String> = BTreeMap::new();
    for hit in hits {
        if reels.contains_key(hit.path.as_path()) {
            continue;
        }
        let wanted = letters(&hit.path);
        let is_free =
            |name: &str| !TAKEN.contains(&name) && !reels.values().any(|reel| reel == name);
        let mut candidates = std::iter::once(wanted.clone()).chain((2u32..).map(|number| {
            let number = number.to_string();
            let kept: String = wanted.chars().take(MOST - number.len()).collect();
            kept + &number
        }));
        let reel = candidates.find(|name| is_free(name)).unwrap_or(wanted.clone());
        reels.insert(&hit.path, reel);
    }
    reels
}

/// What of a file's name without its ending may stand in a reel. Of a long one the first and the last letters:
/// cameras and programs count at the end.
fn letters(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
    let letters: Vec<char> =
        stem.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '_').collect();
    match letters.len() {
        0 => "CLIP".into(),
        1..=MOST => letters.into_iter().collect(),
        all => letters[..MOST / 2].iter().chain(&letters[all - MOST / 2..]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use locvtp_video::TimeSpan;

    use super::*;
    use crate::Sureness;
    use crate::export::Evidence;

    #[test]
    fn reels_are_short_unique_and_never_empty() {
        let names = [
            "a/C0001.MP4",
            "b/C0001.MP4",
            "b/C0001.MP4",
            "厨房.mp4",
            "台所.mp4",
            "my clip.mov",
            "PXL_20231125_1.mp4",
            "PXL_20231125_2.mp4",
            "bl.mov",
            "-.mp4",
            "seen-000006.mp4",
            "seen-000015.mp4",
        ];
        let hits = names.map(|name| Hit {
            path: name.into(),
            span: TimeSpan::new(0.0, 1.0),
            score: Some(0.0),
            sure: Some(Sureness::Found),
            evidence: Some(Evidence::Seen),
            query: String::new(),
            label: String::new(),
        });
        let reels = reels(&hits);
        let of = |name: &str| reels[Path::new(name)].as_str();
        assert_eq!((of("a/C0001.MP4"), of("b/C0001.MP4")), ("C0001", "C00012"));
        assert_eq!((of("厨房.mp4"), of("台所.mp4"), of("-.mp4")), ("CLIP", "CLIP2", "CLIP3"));
        assert_eq!((of("my clip.mov"), of("bl.mov")), ("MYCLIP", "BL2"));
        assert_eq!((of("PXL_20231125_1.mp4"), of("PXL_20231125_2.mp4")), ("PXL_25_1", "PXL_25_2"));
        assert_eq!((of("seen-000006.mp4"), of("seen-000015.mp4")), ("SEEN0006", "SEEN0015"));
    }
}
