//! The settings of a segmentation task, their defaults, and what contradicts what.

use serde::{Deserialize, Serialize};
use toml::Table;

use super::annotations::SegmentationData;
use super::classifier::{ClassifierSettings, Tune};
use super::encoder_settings::EncoderSettings;
use super::zero_shot::ZeroShotSegmentation;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::fit::training::TrainingSection;
use crate::inputs::feature_section::FeatureSection;
use crate::tasks::task::TaskKind;

/// The settings of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
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
    /// Without training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShotSegmentation>,
}

const DATA_DEFAULTS: &str = "
[data]
validation = 0.1
split_seed = 0
[features]
stride_s = 1.0
";

/// The paper says a linear classifier and no more; how it is trained is ours.
const CLASSIFIER_DEFAULTS: &str = "
[classifier]
normalise = false
[training]
seeds = [0, 1, 2]
epochs = 20
batch = 16
keep = 'best'
[training.optimizer]
learning_rate = 1e-3
schedule = { shape = 'constant' }
";

/// Cross-entropy of 32 seconds a step in 8 epochs: the window and the epochs that MMPT (VideoCLIP) takes
/// for COIN. The paper says nothing of it, and the rates are ours.
const ENCODER_DEFAULTS: &str = "
[features]
file = ''
[classifier]
normalise = false
[encoder]
learning_rate = 3e-5
one_second_of = 8
[training]
seeds = [0, 1, 2]
epochs = 8
batch = 32
keep = 'best'
[training.optimizer]
learning_rate = 1e-3
schedule = { shape = 'constant' }
";

const ZERO_SHOT_DEFAULTS: &str = "
[zero_shot]
normalise = false
";

/// What the file may leave out, given what it says.
pub(super) fn defaults(given: &Table) -> Table {
    let classifier = given.get("classifier");
    let tune = classifier.and_then(|classifier| classifier.get("tune")?.as_str());
    let head = match (classifier, tune) {
        (_, Some("all")) => ENCODER_DEFAULTS,
        (None, _) if given.contains_key("zero_shot") => ZERO_SHOT_DEFAULTS,
        _ => CLASSIFIER_DEFAULTS,
    };
    let mut defaults: Table = toml::from_str(DATA_DEFAULTS).expect("the defaults are TOML");
    let head: Table = toml::from_str(head).expect("the defaults are TOML");
    for (section, keys) in head {
        match (defaults.get_mut(&section).and_then(toml::Value::as_table_mut), keys) {
            (Some(there), toml::Value::Table(keys)) => there.extend(keys),
            (_, keys) => drop(defaults.insert(section, keys)),
        }
    }
    if given.contains_key("zero_shot") {
        // Beside a classifier too: the check then says that one of the two is wanted.
        let zero_shot: Table = toml::from_str(ZERO_SHOT_DEFAULTS).expect("the defaults are TOML");
        defaults.extend(zero_shot);
    }
    defaults
}

impl SegmentationTask {
    /// That no setting is out of its range and no two contradict each other.
    pub(super) fn check_settings(&self) -> Result<(), TransferError> {
        self.data.check()?;
        let setting = |key, found: &str, expected| {
            Err(TransferError::Setting { key, found: found.to_owned(), expected })
        };
        match (&self.classifier, &self.training, &self.zero_shot) {
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
            (_, Some(training), None) => training.check()?,
            (_, None, zero_shot) => {
                if let Some(background) = zero_shot.as_ref().and_then(|zero| zero.background)
                    && !background.is_finite()
                {
                    let found = background.to_string();
                    return setting("zero_shot.background", &found, "a finite number");
                }
            }
        }
        match (self.tune(), &self.encoder) {
            (Tune::Head, None) => Ok(()),
            (Tune::Head, Some(_)) => setting(
                "encoder",
                "given",
                "classifier.tune = \"all\", or no [encoder]: it is frozen",
            ),
            (Tune::All, encoder) => {
                self.check_tuned()?;
                encoder.as_ref().map_or(Ok(()), EncoderSettings::check)
            }
        }
    }

    fn tune(&self) -> Tune {
        self.classifier.as_ref().map_or(Tune::Head, |classifier| classifier.tune)
    }

    /// An encoder is tuned on videos; features alone are not enough.
    fn check_tuned(&self) -> Result<(), TransferError> {
        let setting = |key, found: &str, expected| {
            Err(TransferError::Setting { key, found: found.to_owned(), expected })
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
