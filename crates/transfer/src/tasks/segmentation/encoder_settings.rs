//! How the video encoder is tuned: `[encoder]` of a segmentation task.

use locvtp_train::augmentation;
use locvtp_train::experiment::LoaderSection;
use locvtp_video::{Augmentation, SidePolicy};
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::fit::training::TrainingSection;
use crate::setting_error::SettingError;

/// `[encoder]` of a segmentation task, with `classifier.tune = "all"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EncoderSettings {
    /// The encoder's learning rate at its highest. That of the classifier, which begins anew, is
    /// `training.optimizer.learning_rate`; both follow one schedule. Default: 3e-5, as retrieval is tuned.
    pub learning_rate: f64,
    /// An epoch takes one of so many neighbouring seconds, drawn anew in each; 1 takes all. Default: 8.
    #[schemars(range(min = 1))]
    pub one_second_of: usize,
    /// What is changed at random in the pictures it learns from; a step whose label mentions sides or
    /// colours is treated as a sentence that does. Default: nothing.
    #[serde(default)]
    pub augmentation: Augmentation,
    /// Threads and memory of the loader; changes no result.
    #[serde(default)]
    pub loader: LoaderSection,
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self {
            learning_rate: 3e-5,
            one_second_of: 8,
            augmentation: Augmentation::default(),
            loader: LoaderSection::default(),
        }
    }
}

impl EncoderSettings {
    /// How it is trained together with the classifier, by default: cross-entropy of 32 seconds a step
    /// in 8 epochs, the window and the epochs that MMPT (VideoCLIP) takes for COIN. The paper says
    /// nothing of it, and the rates are ours.
    pub fn training() -> TrainingSection {
        TrainingSection::constant_rate(1e-3, 8, 32, vec![0, 1, 2])
    }

    /// # Errors
    /// When a setting cannot be used; the message names it.
    pub fn check(&self) -> Result<(), TransferError> {
        let setting =
            |key, found: String, expected| Err(SettingError { key, found, expected }.into());
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let found = self.learning_rate.to_string();
            return setting("encoder.learning_rate", found, "a number above 0");
        }
        if self.one_second_of == 0 {
            return setting("encoder.one_second_of", "0".into(), "1 or more");
        }
        if self.augmentation.sides == SidePolicy::SwapWords {
            let expected = "skip or keep: a label has no words to change places";
            return setting("encoder.augmentation.sides", "swap_words".into(), expected);
        }
        let checked = self.loader.check().and_then(|()| augmentation::check(&self.augmentation));
        Ok(checked.map_err(|error| error.in_section("encoder"))?)
    }
}
