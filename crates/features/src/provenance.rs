//! What made the features of a file: with other answers, features do not belong together.

use locvtp_video::TimeSpan;
use locvtp_video::json_size::{self, MOST_VALUES};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What made the features of a file. In HDF5 these are attributes of the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The model directory, as it was named. Not compared: a model may be moved.
    pub model: String,
    /// Fingerprint of the model's sizes and parameters; the same model elsewhere has the same.
    pub weights: String,
    /// `backbone`, `projected` or `mean-colour`.
    pub space: String,
    /// What a clip is, as in `16 consecutive frames`.
    pub clip: String,
    /// From the start of a clip to that of the next, as in `16 frames`.
    pub stride: String,
    /// How frames become the encoder's numbers: the keys of `preprocessor_config.json`, as JSON.
    /// Empty in files of versions before it was noted.
    #[serde(default)]
    pub preprocessing: String,
    /// The type of the numbers that the encoder computes with, as in `f32`. Empty as above.
    #[serde(default)]
    pub precision: String,
}

/// The first thing in which the features of a file and those that are asked for differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub key: String,
    /// In the file.
    pub there: String,
    /// As it is asked for.
    pub here: String,
}

impl Provenance {
    /// `weights` of features that no model has a part in.
    pub const NO_WEIGHTS: &str = "none";

    /// Names and values, as they stand in a file.
    pub fn attributes(&self) -> [(&'static str, &str); 7] {
        [
            ("model", &self.model),
            ("weights", &self.weights),
            ("space", &self.space),
            ("clip", &self.clip),
            ("stride", &self.stride),
            ("preprocessing", &self.preprocessing),
            ("precision", &self.precision),
        ]
    }

    /// From the attributes of a file; none where one is missing that every version wrote.
    pub fn from_attributes(value: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self {
            model: value("model")?,
            weights: value("weights")?,
            space: value("space")?,
            clip: value("clip")?,
            stride: value("stride")?,
            preprocessing: value("preprocessing").unwrap_or_default(),
            precision: value("precision").unwrap_or_default(),
        })
    }

    /// Whether an earlier version wrote it, which did not note preprocessing and precision. Its
    /// `weights` are a fingerprint of other files, too.
    pub fn is_of_before(&self) -> bool {
        self.preprocessing.is_empty()
    }

    /// The model as people are told of it: where it lay, and its fingerprint.
    pub fn model_and_weights(&self) -> String {
        format!("{} (weights {})", self.model, self.weights)
    }

    /// The first thing that differs in a file whose provenance is `there`. Where the model lies does
    /// not matter.
    pub fn difference(&self, there: &Self) -> Option<Difference> {
        let of_no_model = [self, there].iter().any(|made| made.weights == Self::NO_WEIGHTS);
        // Colours are no model's: it is the space that differs then.
        if self.weights != there.weights && !of_no_model {
            let (there, here) = (there.model_and_weights(), self.model_and_weights());
            return Some(Difference { key: "model".to_owned(), there, here });
        }
        let pairs = self.attributes().into_iter().zip(there.attributes()).skip(2);
        let mut pairs = pairs.map(|((name, here), (_, there))| (name, here, there));
        let (name, here, there) = pairs.find(|(_, here, there)| here != there)?;
        let inner = (name == "preprocessing").then(|| first_key(here, there)).flatten();
        Some(inner.unwrap_or_else(|| Difference {
            key: name.to_owned(),
            there: there.to_owned(),
            here: here.to_owned(),
        }))
    }

    /// In a few words: the model, the features, the clips.
    pub fn summary(&self) -> String {
        let Self { space, clip, stride, .. } = self;
        let model = self.model_and_weights();
        format!("made by {model}, {space}, clips of {clip}, one every {stride}")
    }
}

/// The first key in which two JSON objects differ.
fn first_key(here: &str, there: &str) -> Option<Difference> {
    let read = |text: &str| {
        json_size::check(text.as_bytes(), MOST_VALUES).ok()?;
        serde_json::from_str::<Map<String, Value>>(text).ok()
    };
    let (here, there) = (read(here)?, read(there)?);
    let key = here.keys().chain(there.keys()).find(|key| here.get(*key) != there.get(*key))?;
    let value = |map: &Map<String, Value>| map.get(key).map_or("nothing".into(), Value::to_string);
    let key = format!("preprocessing.{key}");
    let (there, here) = (value(&there), value(&here));
    Some(Difference { key, there, here })
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
    /// What is said of a file that is cut short: that its pictures end before the length that it states. None of a whole
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(here: &Provenance, there: &Provenance) -> Option<(String, String, String)> {
        here.difference(there).map(|found| (found.key, found.there, found.here))
    }

    #[test]
    fn another_place_is_the_same_model_and_every_other_difference_is_named() {
        let here = Provenance {
            model: "a".into(),
            weights: "77".into(),
            stride: "16 frames".into(),
            preprocessing: r#"{"short_side":36,"mean":[0.5]}"#.into(),
            precision: "f32".into(),
            ..Default::default()
        };
        let moved = Provenance { model: "b".into(), ..here.clone() };
        assert_eq!(here.difference(&moved), None);
        let other = Provenance { weights: "78".into(), ..moved.clone() };
        let said = ("model".into(), "b (weights 78)".into(), "a (weights 77)".into());
        assert_eq!(difference(&here, &other), Some(said));
        let other = Provenance { stride: "1 s".into(), ..here.clone() };
        let said = ("stride".into(), "1 s".into(), "16 frames".into());
        assert_eq!(difference(&here, &other), Some(said));
        let preprocessing = r#"{"short_side":40,"mean":[0.5]}"#.into();
        let other = Provenance { preprocessing, ..here.clone() };
        let said = ("preprocessing.short_side".into(), "40".into(), "36".into());
        assert_eq!(difference(&here, &other), Some(said));
        // A key that only one of the two has is a difference as well.
        let preprocessing = r#"{"short_side":36}"#.into();
        let other = Provenance { preprocessing, ..here.clone() };
        let said = ("preprocessing.mean".into(), "nothing".into(), "[0.5]".into());
        assert_eq!(difference(&here, &other), Some(said));
        // The colours of a clip are no model's, so they differ from features in the space.
        let colours = Provenance {
            weights: Provenance::NO_WEIGHTS.into(),
            space: "mean-colour".into(),
            ..here.clone()
        };
        let features = Provenance { space: "projected".into(), ..here.clone() };
        for (here, there) in [(&features, &colours), (&colours, &features)] {
            let said = ("space".into(), there.space.clone(), here.space.clone());
            assert_eq!(difference(here, there), Some(said));
        }
        let other = Provenance { precision: "bf16".into(), ..here.clone() };
        assert_eq!(difference(&here, &other).unwrap().0, "precision");
    }
}
