//! Segmentation without training: a second is the step whose text is most similar to it, or background
//! when none is more similar than texts are to each other (VideoCLIP, §D.4).
//!
//! `logits_tc = h_t . e_c` over the texts of the steps, and the second is step `argmax` if `max >
//! lambda_bg`, with `lambda_bg` the greatest `e_c . e_c'` of two different texts. In COIN 25 texts belong
//! to more than one step; a text beside itself would make `lambda_bg` its own length squared, with unit
//! vectors 1, and everything background. So texts are compared once each, and a text of several steps
//! stands for the one with the least number.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::second_labels::SecondLabels;
use super::videos::SegmentationVideos;
use crate::embedding::dot;
use crate::error::TransferError;
use crate::inputs::label_texts::LabelTexts;
use crate::inputs::per_second::PerSecondFeatures;
use crate::results::predictions::Tested;
use locvtp_measure::metrics::{BACKGROUND, FrameTally};

/// `[zero_shot]` of a segmentation task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZeroShotSegmentation {
    /// The model whose text encoder reads the labels; that of the features when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// Whether clips and texts have unit length. VideoCLIP compares them as they are: false.
    pub normalise: bool,
    /// What a second must be more similar than, to be a step; `lambda_bg` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<f64>,
}

/// The steps as vectors.
struct LabelVectors<'a> {
    /// Number and vector of each different text.
    texts: Vec<(u32, &'a [f32])>,
    background: f64,
}

impl<'a> LabelVectors<'a> {
    fn new(
        steps: &BTreeMap<u32, String>,
        texts: &'a LabelTexts,
        settings: &ZeroShotSegmentation,
    ) -> Self {
        let vector =
            |text: &str| if settings.normalise { texts.unit(text) } else { texts.raw(text) };
        let mut first: BTreeMap<&str, u32> = BTreeMap::new();
        for (number, text) in steps {
            first.entry(text).or_insert(*number);
        }
        let texts: Vec<(u32, &[f32])> =
            first.into_iter().map(|(text, number)| (number, vector(text))).collect();
        let background = settings.background.unwrap_or_else(|| lambda_bg(&texts));
        Self { texts, background }
    }

    /// The label of a second; with `always` never background.
    fn of(&self, second: &[f32], always: bool) -> u32 {
        let mut best = (BACKGROUND, if always { f64::NEG_INFINITY } else { self.background });
        for (number, text) in &self.texts {
            let similarity = f64::from(dot(second, text));
            if similarity > best.1 {
                best = (*number, similarity);
            }
        }
        best.0
    }
}

/// The greatest similarity of two different texts.
fn lambda_bg(texts: &[(u32, &[f32])]) -> f64 {
    let mut greatest = f64::NEG_INFINITY;
    for (place, (_, a)) in texts.iter().enumerate() {
        for (_, b) in &texts[..place] {
            greatest = greatest.max(f64::from(dot(a, b)));
        }
    }
    greatest
}

/// The numbers on the test part, and the labels that were given.
///
/// # Errors
/// When features are of another space than the texts.
pub(super) fn measure(
    settings: &ZeroShotSegmentation,
    videos: &SegmentationVideos,
    texts: &LabelTexts,
    features: &PerSecondFeatures,
    file: &std::path::Path,
) -> Result<Tested, TransferError> {
    let labels = LabelVectors::new(&videos.steps, texts, settings);
    let mut all = SecondLabels::default();
    let (mut tally, mut steps_alone) = (FrameTally::default(), FrameTally::default());
    for video in &videos.test {
        let seconds = features.read(&video.id)?.expect("it had features before");
        texts.check_width(file, &video.id, seconds.width)?;
        let predicted: Vec<u32> = seconds.rows().map(|second| labels.of(second, false)).collect();
        tally.add(&predicted, &video.labels);
        all.push(&video.id, predicted);
        let steps = seconds.rows().zip(&video.labels).filter(|(_, label)| **label != BACKGROUND);
        let (predicted, truth): (Vec<u32>, Vec<u32>) =
            steps.map(|(second, label)| (labels.of(second, true), *label)).unzip();
        steps_alone.add(&predicted, &truth);
    }
    let mut found = tally.accuracy()?.named();
    if let Ok(steps) = steps_alone.accuracy() {
        found.add("accuracy among the steps, where one is done", steps.accuracy);
    }
    Ok(all.tested(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_background_unless_it_is_more_similar_than_texts_are() {
        let (a, b, c) = ([1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]);
        let texts: Vec<(u32, &[f32])> = vec![(7, &a), (9, &b), (11, &c)];
        // a.b = .6, a.c = -1, b.c = -.6
        let background = lambda_bg(&texts);
        assert!((background - 0.6).abs() < 1e-6);
        let labels = LabelVectors { texts, background };
        assert_eq!(labels.of(&[0.9, 0.1], false), 7);
        assert_eq!(labels.of(&[0.0, 0.5], false), BACKGROUND); // b: .4
        assert_eq!(labels.of(&[0.0, 0.5], true), 9);
        assert_eq!(labels.of(&[0.0, 1.0], false), 9); // b: .8
    }
}
