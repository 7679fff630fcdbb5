//! Cards and tables of the page.

use locvtp_measure::metrics::{GroundingMetrics, RetrievalMetrics};
use locvtp_report::{
    Headline, HeadlineReference, ResultsColumn, ResultsRow, ResultsTable, RowKind,
};
use locvtp_video::counted::counted;

use super::MeasuredSplit;

/// The cards of a split.
pub(super) fn headlines(split: &MeasuredSplit) -> Vec<Headline> {
    let card = |label: &str, given: &str, value, references: &[(&str, f64)]| Headline {
        label: label.into(),
        context: split.title.to_lowercase() + given,
        value,
        unit: "%".into(),
        decimals: 1,
        full_scale: 100.0,
        references: references
            .iter()
            .map(|&(label, value)| HeadlineReference { label: label.into(), value })
            .collect(),
    };
    let results = &split.results;
    let (references, retrieval) = (&results.references, &results.retrieval.text_to_video);
    vec![
        card(
            "Finding the moment, mean IoU",
            "",
            results.grounding.miou,
            &[
                ("chance", references.random_interval.miou),
                ("knowing the colour", references.colour_oracle.miou),
                ("colour and shape", references.colour_shape_oracle.miou),
            ],
        ),
        card(
            "Finding the moment, IoU over 0.5",
            "",
            results.grounding.r1_iou50,
            &[
                ("chance", references.random_interval.r1_iou50),
                ("knowing the colour", references.colour_oracle.r1_iou50),
                ("colour and shape", references.colour_shape_oracle.r1_iou50),
            ],
        ),
        card(
            "Finding the video, R@5",
            "",
            retrieval.measured.r5,
            &[("chance", retrieval.chance.r5)],
        ),
        card(
            "Choosing the action word",
            "; interval, colour and shape given",
            results.action_choice.accuracy,
            &[
                ("chance", results.action_choice.chance),
                ("the most frequent", results.action_choice.most_frequent),
            ],
        ),
    ]
}

/// Grounding beside all references.
pub(super) fn grounding(split: &MeasuredSplit) -> ResultsTable {
    let results = &split.results;
    let references = &results.references;
    let row = |label: &str, explanation: &str, kind, metrics: &GroundingMetrics| ResultsRow {
        label: label.into(),
        explanation: explanation.into(),
        kind,
        values: [metrics.r1_iou30, metrics.r1_iou50, metrics.r1_iou70, metrics.miou]
            .map(Some)
            .to_vec(),
    };
    let group = "R@1 at IoU over";
    ResultsTable {
        title: format!("Finding the moment: {}", split.title.to_lowercase()),
        caption: format!(
            "{}, each looked for in its untrimmed video; all rows answer the same ones.",
            counted(results.grounding.queries, "sentence")
        ),
        columns: vec![
            percent(group, "0.3"),
            percent(group, "0.5"),
            percent(group, "0.7"),
            percent("Mean", "IoU"),
        ],
        rows: vec![
            row("LocVTP", "clip with sentence", RowKind::Model, &results.grounding),
            row(
                "LocVTP, by words",
                "clip with the words that fit it best",
                RowKind::Model,
                &results.grounding_by_words,
            ),
            row(
                "Wrong sentence",
                "the model, asked a sentence of another video",
                RowKind::Chance,
                &references.wrong_query,
            ),
            row("Chance", "a random interval", RowKind::Chance, &references.random_interval),
            row("Knows colour", "oracle", RowKind::Oracle, &references.colour_oracle),
            row("Knows shape", "oracle", RowKind::Oracle, &references.shape_oracle),
            row("Knows action", "oracle", RowKind::Oracle, &references.action_oracle),
            row(
                "Knows colour and shape",
                "oracle",
                RowKind::Oracle,
                &references.colour_shape_oracle,
            ),
            row(
                "Knows everything",
                "oracle: the ceiling of clips of this length",
                RowKind::Oracle,
                &references.all_oracle,
            ),
        ],
    }
}

/// Retrieval in both directions beside chance.
pub(super) fn retrieval(split: &MeasuredSplit) -> ResultsTable {
    let (to_video, to_text) =
        (&split.results.retrieval.text_to_video, &split.results.retrieval.video_to_text);
    let columns = |group: &str| {
        let median = ResultsColumn {
            group: group.into(),
            label: "MdR".into(),
            decimals: 1,
            full_scale: None,
        };
        [percent(group, "R@1"), percent(group, "R@5"), percent(group, "R@10"), median]
    };
    let values = |a: &RetrievalMetrics, b: &RetrievalMetrics| {
        let four = |m: &RetrievalMetrics| [m.r1, m.r5, m.r10, m.median_rank].map(Some);
        [four(a), four(b)].concat()
    };
    ResultsTable {
        title: format!("Finding the video: {}", split.title.to_lowercase()),
        caption: format!(
            "One text a video, among {}: the plain sentences of its true events, joined; \
             not its narration. MdR is the median rank; 1 is best.",
            counted(to_video.measured.num_candidates, "video")
        ),
        columns: [columns("Text to video"), columns("Video to text")].concat(),
        rows: vec![
            ResultsRow {
                label: "LocVTP".into(),
                explanation: String::new(),
                kind: RowKind::Model,
                values: values(&to_video.measured, &to_text.measured),
            },
            ResultsRow {
                label: "Chance".into(),
                explanation: "a random order".into(),
                kind: RowKind::Chance,
                values: values(&to_video.chance, &to_text.chance),
            },
        ],
    }
}

/// Action choice on all splits.
pub(super) fn action_choice(splits: &[MeasuredSplit]) -> ResultsTable {
    let choices = || splits.iter().map(|split| &split.results.action_choice);
    let row = |label: &str, explanation: &str, kind, values: Vec<f64>| ResultsRow {
        label: label.into(),
        explanation: explanation.into(),
        kind,
        values: values.into_iter().map(Some).collect(),
    };
    ResultsTable {
        title: "Choosing the action word".into(),
        caption: "The event's true interval, colour and shape are given: of sentences that differ \
                  in the action word alone, which one fits best. One frame cannot tell, so this \
                  is the number that speaks of time."
            .into(),
        columns: splits.iter().map(|split| percent(split.title, "right")).collect(),
        rows: vec![
            row("LocVTP", "", RowKind::Model, choices().map(|choice| choice.accuracy).collect()),
            row(
                "The most frequent",
                "always the same word",
                RowKind::Chance,
                choices().map(|choice| choice.most_frequent).collect(),
            ),
            row("Chance", "", RowKind::Chance, choices().map(|choice| choice.chance).collect()),
        ],
    }
}

fn percent(group: &str, label: &str) -> ResultsColumn {
    ResultsColumn { group: group.into(), label: label.into(), decimals: 1, full_scale: Some(100.0) }
}
