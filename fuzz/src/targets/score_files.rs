//! What `locvtp score` reads: predictions of anybody, matrices, columns.

use std::path::Path;

use locvtp_corpus::Layout;
use locvtp_measure::score::{
    GroundingProtocol, Matrix, RetrievalProtocol, Truth, TruthSource, read_columns,
    score_grounding, score_matrix, score_rankings, score_segmentation, score_steps,
};
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::mutation;
use crate::targets::corpora::fixture;

/// Makes a file of predictions or of scores, and measures it.
pub(crate) fn run(choices: &mut Choices, folder: &Path) {
    let path = folder.join(choices.pick(&["answers.jsonl", "answers.txt", "matrix.csv"]));
    if choices.once_in(3) {
        std::fs::write(&path, matrix(choices)).unwrap();
        let _ = read_columns(&path);
        if let Ok(matrix) = Matrix::read_scores(&path) {
            let _ = score_matrix(matrix, None, RetrievalProtocol::default());
        }
        return;
    }
    std::fs::write(&path, answers(choices)).unwrap();
    let mut source = TruthSource::new(vec![fixture("qvhighlights/highlight_val_release.jsonl")]);
    source.layout = Some(Layout::QvHighlights);
    let truth = Truth::read(&source).unwrap();
    let _ = score_grounding(&path, &truth, &GroundingProtocol::usual(&truth));
    let _ = score_grounding(&path, &truth, &GroundingProtocol::default());
    let _ = score_segmentation(&path, &truth);
    let _ = score_steps(&path, &truth, &Default::default());
    let _ = score_rankings(&path, &truth, RetrievalProtocol::default());
}

fn answers(choices: &mut Choices) -> String {
    let text =
        std::fs::read_to_string(fixture("qvhighlights/highlight_val_release.jsonl")).unwrap();
    let mut lines = Vec::new();
    for line in text.lines() {
        // Some lines are broken on purpose.
        let Ok(mut line) = serde_json::from_str::<Value>(line) else { continue };
        let window = json!([choices.float(), choices.float(), choices.float()]);
        line["pred_relevant_windows"] = json!([window, [0, 2, 0.5]]);
        line["pred_saliency_scores"] = json!([choices.float(), 0.5]);
        let line = if choices.once_in(2) { mutation::json(choices, &line) } else { line };
        lines.push(line.to_string());
    }
    lines.join("\n")
}

fn matrix(choices: &mut Choices) -> String {
    let mut text = String::new();
    let columns = choices.below(6);
    for _ in 0..choices.below(6) {
        let row: Vec<String> = (0..columns).map(|_| choices.float().to_string()).collect();
        text += &row.join(*choices.pick(&[",", "\t", " "]));
        text.push('\n');
    }
    mutation::table(choices, &text)
}
