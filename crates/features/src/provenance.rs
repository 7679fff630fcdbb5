//! What made the features of a file: with other answers, features do not belong together.

use locvtp_video::TimeSpan;
use serde::{Deserialize, Serialize};

/// What made the features of a file. In HDF5 these are attributes of the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The model directory, as it was named.
    pub model: String,
    /// Fingerprint of the model's files; the same model elsewhere has the same.
    pub weights: String,
    /// `backbone` or `projected`.
    pub space: String,
    /// What a clip is, as in `16 consecutive frames`.
    pub clip: String,
    /// From the start of a clip to that of the next, as in `16 frames`.
    pub stride: String,
}

impl Provenance {
    /// Names and values, as they stand in a file.
    pub fn attributes(&self) -> [(&'static str, &str); 5] {
        [
            ("model", &self.model),
            ("weights", &self.weights),
            ("space", &self.space),
            ("clip", &self.clip),
            ("stride", &self.stride),
        ]
    }

    /// From the attributes of a file; none where one is missing.
    pub fn from_attributes(value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self {
            model: value("model")?,
            weights: value("weights")?,
            space: value("space")?,
            clip: value("clip")?,
            stride: value("stride")?,
        })
    }

    /// The first thing that differs from `other`, as (name, here, there). Where the model lies does
    /// not matter.
    pub fn difference<'a>(&'a self, other: &'a Self) -> Option<(&'static str, &'a str, &'a str)> {
        let pairs = self.attributes().into_iter().zip(other.attributes()).skip(1);
        pairs
            .map(|((name, here), (_, there))| (name, here, there))
            .find(|(_, here, there)| here != there)
    }
}

/// The file that a video's features are of. In HDF5 these are attributes of the video's group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VideoSource {
    /// The file, as it was named.
    pub path: String,
    /// Its size: a file of another size has changed.
    pub bytes: u64,
    /// When its last frame ends, seconds.
    pub duration_s: f64,
    /// Where its pictures are missing or damaged. Clips that touch these spans may have been left out,
    /// and then no clip's span covers them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<TimeSpan>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_place_is_the_same_model_and_another_stride_is_named() {
        let here =
            Provenance { model: "a".into(), stride: "16 frames".into(), ..Default::default() };
        let moved = Provenance { model: "b".into(), ..here.clone() };
        assert_eq!(here.difference(&moved), None);
        let other = Provenance { stride: "1 s".into(), ..here.clone() };
        assert_eq!(here.difference(&other), Some(("stride", "16 frames", "1 s")));
    }
}
