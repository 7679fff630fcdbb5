//! The settings of a segmentation task, their defaults, and what contradicts what.

use serde::{Deserialize, Serialize};
use toml::Table;

use super::annotations::SegmentationData;
use super::classifier::{ClassifierSettings, TunedPart};
use super::encoder_settings::EncoderSettings;
use super::zero_shot::ZeroShotSegmentation;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::fit::training::TrainingSection;
use crate::inputs::FeatureSection;
use crate::setting_error::SettingError;
use crate::tasks::defaults::Defaults;
use crate::tasks::task_kind::TaskKind;
use crate::tasks::task_settings::TaskSettings;

/// The settings of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SegmentationTask {
    /// `segmentation`
    pub task: TaskKind,
    /// The annotations, and the part for validation.
    pub data: SegmentationData,
    /// The clip features, one a second; with `classifier.tune = "all"` the model and the videos of which
    /// they would be made, and no file is read or written.
    pub features: FeatureSection,
    /// The head that is trained; this, when `zero_shot` is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierSettings>,
    /// How the encoder is tuned with it; this, with `classifier.tune = "all"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderSettings>,
    /// How it is trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingSection>,
    /// Labels by the most similar text, without training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShotSegmentation>,
}

/// How the file says that seconds are labelled.
pub(super) enum SegmentationHead<'a> {
    /// By the most similar text.
    ZeroShot(&'a ZeroShotSegmentation),
    /// By a classifier that is trained on frozen features.
    Frozen { classifier: &'a ClassifierSettings, training: &'a TrainingSection },
    /// By a classifier that is trained together with the video encoder.
    Tuned {
        classifier: &'a ClassifierSettings,
        encoder: &'a EncoderSettings,
        training: &'a TrainingSection,
    },
}

impl TaskSettings for SegmentationTask {
    fn defaults(given: &Table) -> Table {
        let defaults = Defaults::default()
            .with("data.validation", 0.1)
            .with("data.split_seed", 0)
            .with("features.stride_s", 1.0);
        let classifier = given.get("classifier");
        let tune = classifier.and_then(|classifier| classifier.get("tune")?.as_str());
        let is_zero_shot = given.contains_key("zero_shot");
        let defaults = match (classifier, tune) {
            // Of the augmentation and the loader the types know what is left out.
            (_, Some("all")) => defaults
                .with("features.file", "")
                .with("classifier", ClassifierSettings::default())
                .with("encoder.learning_rate", EncoderSettings::default().learning_rate)
                .with("encoder.one_second_of", EncoderSettings::default().one_second_of)
                .with("training", EncoderSettings::training()),
            (None, _) if is_zero_shot => defaults,
            _ => defaults
                .with("classifier", ClassifierSettings::default())
                .with("training", ClassifierSettings::training()),
        };
        // Beside what contradicts it too: the check then says what is wanted.
        let mut defaults = defaults;
        if is_zero_shot {
            defaults = defaults.with("zero_shot.normalise", false);
        }
        if given.contains_key("encoder") {
            defaults = defaults
                .with("encoder.learning_rate", EncoderSettings::default().learning_rate)
                .with("encoder.one_second_of", EncoderSettings::default().one_second_of);
        }
        if classifier.is_none() && is_zero_shot && given.contains_key("training") {
            defaults = defaults.with("training", ClassifierSettings::training());
        }
        defaults.into_table()
    }

    fn check(&self) -> Result<(), TransferError> {
        self.head().map(drop)
    }
}

impl SegmentationTask {
    /// The head that the file gives, with its settings.
    ///
    /// # Errors
    /// When a setting is out of its range, or two contradict each other.
    pub(super) fn head(&self) -> Result<SegmentationHead<'_>, TransferError> {
        self.data.check()?;
        let setting = |key, found: &str, expected| {
            Err(SettingError { key, found: found.to_owned(), expected }.into())
        };
        let head = match (&self.classifier, &self.training, &self.zero_shot) {
            (Some(_), _, Some(_)) => {
                return setting("zero_shot", "given beside classifier", "one of the two");
            }
            (None, Some(_), _) => {
                return setting(
                    "training",
                    "given without classifier",
                    "a head to train: write [classifier], empty for the default one",
                );
            }
            (Some(classifier), Some(training), None) => {
                training.check()?;
                match (classifier.tune, &self.encoder) {
                    (TunedPart::All, Some(encoder)) => {
                        self.check_tuned()?;
                        encoder.check()?;
                        return Ok(SegmentationHead::Tuned { classifier, encoder, training });
                    }
                    (TunedPart::All, None) => {
                        let expected = "given: how the encoder is tuned";
                        return setting("encoder", "missing", expected);
                    }
                    (TunedPart::Head, _) => SegmentationHead::Frozen { classifier, training },
                }
            }
            (None, None, Some(zero_shot)) => {
                if let Some(background) = zero_shot.background
                    && !background.is_finite()
                {
                    let found = background.to_string();
                    return setting("zero_shot.background", &found, "a finite number");
                }
                SegmentationHead::ZeroShot(zero_shot)
            }
            (_, None, None) => return setting("training", "missing", "how the head is trained"),
        };
        match &self.encoder {
            None => Ok(head),
            Some(_) => setting(
                "encoder",
                "given",
                "classifier.tune = \"all\", or no [encoder]: it is frozen",
            ),
        }
    }

    /// An encoder is tuned on videos; features alone are not enough.
    fn check_tuned(&self) -> Result<(), SettingError> {
        let setting = |key, found: &str, expected| {
            Err(SettingError { key, found: found.to_owned(), expected })
        };
        let missing = "not given, with classifier.tune = \"all\"";
        if self.features.model.is_none() {
            let expected = "the model directory whose encoder is tuned; or classifier.tune = \"head\", \
                            which learns on the features of features.file";
            return setting("features.model", missing, expected);
        }
        if self.features.videos.is_empty() {
            let expected = "the video files: an encoder learns from videos and not from features; or \
                            classifier.tune = \"head\", which learns on the features of features.file";
            return setting("features.videos", missing, expected);
        }
        if self.features.space == Some(FeatureSpace::MeanColour) {
            let expected = "backbone or projected: mean colours have nothing to tune";
            return setting("features.space", "mean_colour", expected);
        }
        self.features.extract_settings().check()
    }
}
