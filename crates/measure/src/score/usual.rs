//! Predictions against annotations, each a file, with what is usual for such annotations.

use std::path::Path;

use super::ScoreReport;
use super::grounding::score_grounding;
use super::grounding_protocol::GroundingProtocol;
use super::truth::{Truth, TruthSource};
use crate::error::MeasureError;

/// Measures the moments in the JSON lines `predictions` against `annotations`, a file or folder of any
/// data set that is known here, with the protocol that is usual for it.
///
/// # Errors
/// When a file cannot be read, or no predicted video is annotated.
///
/// # Example
/// ```
/// use locvtp_measure::score;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let at = |name: &str| folder.path().join(name);
/// # let annotations = r#"{"v_one": {"duration": 10.0, "timestamps": [[2.0, 6.0]], "sentences": ["A disc grows."]}}"#;
/// # std::fs::write(at("val_1.json"), annotations)?;
/// # let line = r#"{"video": "v_one", "sentence": "A disc grows.", "spans": [[2.0, 7.0, 0.9]]}"#;
/// # std::fs::write(at("mine.jsonl"), line)?;
/// let report = score::grounding(at("mine.jsonl"), at("val_1.json"))?;
/// for (name, value) in report.metrics.iter() {
///     println!("{name} {value:.2}");
/// }
/// # assert_eq!(report.metrics.iter().find(|(name, _)| *name == "mIoU").map(|found| found.1), Some(80.0));
/// # Ok(())
/// # }
/// ```
pub fn grounding(
    predictions: impl AsRef<Path>,
    annotations: impl AsRef<Path>,
) -> Result<ScoreReport, MeasureError> {
    let paths = vec![annotations.as_ref().to_owned()];
    let truth = Truth::read(&TruthSource::new(paths))?;
    score_grounding(predictions.as_ref(), &truth, &GroundingProtocol::usual(&truth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotations_say_which_protocol_is_usual() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let one = r#"{"v": {"duration": 10, "timestamps": [[2, 6]], "sentences": ["It grows."]}}"#;
        let several = r#"{"qid": 1, "query": "It grows.", "vid": "v", "duration": 10, "relevant_windows": [[2, 6]]}"#;
        let answer = r#"{"video": "v", "sentence": "It grows.", "spans": [[2, 4]]}"#;
        let answer = file("mine.jsonl", answer);
        let scored = |annotations| {
            let report = grounding(&answer, file("val.json", annotations)).unwrap();
            let number = |name| report.metrics.get(name);
            (number("mIoU"), number("R@1,IoU@0.5"), number("mAP@0.5"))
        };
        // 2 s of 4: an IoU of exactly 1/2 is no hit as ActivityNet Captions is measured, and is one, with
        // mAP beside it, as QVHighlights is.
        assert_eq!(scored(one), (Some(50.0), Some(0.0), None));
        assert_eq!(scored(several), (Some(50.0), Some(100.0), Some(100.0)));
    }
}
