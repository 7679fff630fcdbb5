//! Texts of labels in the joint space, for tasks that are asked without training.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_model::{Device, ModelDirectory};

use crate::embedding::{Embedder, JointVector};
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::inputs::FeatureSection;
use crate::inputs::WordOrigin;
use crate::inputs::input_error::InputError;
use crate::model_fingerprint::ModelIdentity;
use crate::model_location::locate_model;
use crate::setting_error::SettingError;

/// A model whose text encoder reads labels.
pub(crate) struct TextModel {
    embedder: Embedder,
    identity: ModelIdentity,
}

impl TextModel {
    /// The model that is named, or the one that makes the features.
    ///
    /// # Errors
    /// When neither is named, or it cannot be read.
    pub(crate) fn read(
        named: Option<&Path>,
        features: &FeatureSection,
        device: &Device,
    ) -> Result<Self, TransferError> {
        let Some(model) = named.or(features.model.as_deref()) else {
            return Err(SettingError {
                key: "zero_shot.model",
                found: "not given, as features.model is not".into(),
                expected: "the model directory whose text encoder reads the labels",
            }
            .into());
        };
        let place = locate_model(model);
        let directory = ModelDirectory::read(&place, device)?;
        let identity = ModelIdentity::of(&place)?;
        Ok(Self { embedder: Embedder::new(directory, device.clone()), identity })
    }

    /// Which model it is.
    pub(crate) fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// The same, for the result of a task.
    pub(crate) fn origin(&self) -> WordOrigin {
        let space = FeatureSpace::Projected.name().to_owned();
        WordOrigin::Model { model: self.identity.clone(), space }
    }
}

/// Different texts in the joint space.
pub(crate) struct LabelTexts {
    texts: BTreeMap<String, TextVectors>,
    width: usize,
}

struct TextVectors {
    unit: JointVector,
    /// The mean of the words as the projection gives them.
    raw: JointVector,
}

impl LabelTexts {
    /// Embeds each text once.
    ///
    /// # Errors
    /// When a text has no words, or the model has no text encoder.
    pub(crate) fn embed<'a>(
        model: &TextModel,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, TransferError> {
        let different: std::collections::BTreeSet<&str> = texts.into_iter().collect();
        let different: Vec<&str> = different.into_iter().collect();
        let embedded = model.embedder.embed_sentences(&different)?;
        let mut width = 0;
        let texts = different.into_iter().zip(embedded).map(|(text, embedding)| {
            width = embedding.sentence.len();
            let count = embedding.raw_words.len() as f32;
            let mut raw = vec![0.0; width];
            for word in &embedding.raw_words {
                raw.iter_mut().zip(word).for_each(|(sum, x)| *sum += x / count);
            }
            (text.to_owned(), TextVectors { unit: embedding.sentence, raw })
        });
        Ok(Self { texts: texts.collect(), width })
    }

    /// The unit vector of a text.
    ///
    /// # Panics
    /// For a text that was not embedded.
    pub(crate) fn unit(&self, text: &str) -> &[f32] {
        &self.texts[text].unit
    }

    /// The vector of a text as the projection gives it.
    ///
    /// # Panics
    /// For a text that was not embedded.
    pub(crate) fn raw(&self, text: &str) -> &[f32] {
        &self.texts[text].raw
    }

    /// # Errors
    /// When features are of another width than these, so that they are no neighbours in one space.
    pub(crate) fn check_width(
        &self,
        file: &Path,
        id: &str,
        width: usize,
    ) -> Result<(), TransferError> {
        if width == self.width {
            return Ok(());
        }
        Err(InputError::TextWidth {
            path: file.to_owned(),
            id: id.to_owned(),
            width,
            expected: self.width,
        }
        .into())
    }
}
