//! Retrieval from a matrix and from ranked lists: where the right video stands, and what a report says of
//! pairs without a score, of equal scores and of lists that leave it out.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::path::Path;

use locvtp_corpus::{Caption, NarratedVideo, VideoSink};
use locvtp_measure::score::{
    Matrix, RetrievalProtocol, ScoreReport, Truth, read_columns, score_matrix, score_rankings,
};
use locvtp_measure::{MeasureError, Ties};
use locvtp_video::TimeSpan;
use serde_json::json;

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn measured<const C: usize>(
    rows: &[[f32; C]],
    video_of_text: Option<Vec<usize>>,
) -> Result<ScoreReport, MeasureError> {
    let matrix = Matrix { values: rows.concat(), rows: rows.len(), columns: C };
    score_matrix(matrix, video_of_text, RetrievalProtocol::default())
}

/// The mean rank of texts' videos, but for the last bits: it is summed up from ranks that begin at 0.
fn assert_mean_rank(report: &ScoreReport, expected: f64) {
    let found = report.metrics.get("text-to-video MnR").unwrap();
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn pairs_without_a_score_are_told_and_stand_last() {
    const NONE: f32 = f32::NEG_INFINITY;
    // Three pairs are left out, one of them of text 1 and its own video, which has one video ahead of it.
    let rows = [[0.9, NONE, 0.1], [NONE, NONE, 0.3], [0.2, 0.4, 0.5]];
    let report = measured(&rows, None).unwrap();
    let told = "3 scores are -inf, so these pairs stand behind all others; 1 of them of a text and its own video";
    assert_eq!(report.notes, [told]);
    assert_eq!(report.counts["scores of -inf"], 3);
    // Ranks 1, 2 and 1.
    assert_mean_rank(&report, 4.0 / 3.0);
    assert_eq!(report.protocol["ties"], json!(["optimistic", "optimistic"]));

    let whole = measured(&[[0.9, 0.8], [0.7, 0.6]], None).unwrap();
    assert_eq!(whole.notes, [""; 0]);
    assert!(!whole.counts.contains_key("scores of -inf"));
    // A file of empty lists.
    let error = measured(&[[0.0; 0]; 2], None).unwrap_err().to_string();
    assert!(error.contains("2 texts of 0 videos"), "{error}");
}

#[test]
fn a_file_says_the_column_of_every_text() {
    let columns = file("1\n\n0\n1\n");
    let columns = read_columns(columns.path()).unwrap();
    assert_eq!(columns, [1, 0, 1]);
    let report = measured(&[[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], Some(columns)).unwrap();
    assert_eq!(report.metrics.get("text-to-video R@1"), Some(100.0));
    let broken = file("1\n-1\n");
    let error = read_columns(broken.path()).unwrap_err().to_string();
    assert!(error.contains("line 2: expected a column, from 0, found -1"), "{error}");
}

/// Ranked lists of a red, a green and a blue video; each is called by its letter.
fn ranked(predictions: &Path, ties: Ties) -> ScoreReport {
    let mut truth = Truth::default();
    for (id, text) in [("r", "red"), ("g", "green"), ("b", "blue")] {
        let caption = Caption::new(TimeSpan::new(0.0, 9.0), text);
        truth.video(NarratedVideo::new(id, "", vec![caption]));
    }
    let mut protocol = RetrievalProtocol::default();
    protocol.ties = [ties; 2];
    score_rankings(predictions, &truth, protocol).unwrap()
}

#[test]
fn scores_rank_a_list_that_has_them_and_equal_ones_are_ties() {
    let lists = file(
        "\
{\"query\": \"red\", \"ranked\": [[\"b\", 0.1], [\"r\", 0.9], [\"g\", 0.5]]}
{\"query\": \"green\", \"ranked\": [[\"r\", 0.1], [\"b\", 0.5], [\"g\", 0.5]]}
{\"query\": \"blue\", \"ranked\": [\"r\", \"g\", \"b\"]}
",
    );
    // Red is the first by its score, green is tied with one other for the first place, blue is the third of
    // a list without scores.
    for (ties, ranks) in [
        (Ties::Optimistic, 1.0 + 1.0 + 3.0),
        (Ties::Averaged, 1.0 + 1.5 + 3.0),
        (Ties::Pessimistic, 1.0 + 2.0 + 3.0),
    ] {
        let report = ranked(lists.path(), ties);
        assert_mean_rank(&report, ranks / 3.0);
        assert_eq!(report.counts["texts whose video is not in their list"], 0);
        assert_eq!(report.notes, [""; 0]);
        assert_eq!(report.protocol["ties"], json!([ties, ties]));
    }
}

#[test]
fn a_text_whose_video_is_not_in_its_list_makes_mean_ranks_bounds() {
    let lists = file(
        "\
{\"query\": \"red\", \"ranked\": [\"r\"]}
{\"query\": \"green\", \"ranked\": [\"g\"]}
{\"query\": \"blue\", \"ranked\": [\"r\"]}
",
    );
    let report = ranked(lists.path(), Ties::Optimistic);
    // Ranks 1, 1, and the last of three.
    assert_mean_rank(&report, 5.0 / 3.0);
    assert_eq!(report.counts["texts whose video is not in their list"], 1);
    let told =
        "1 text, whose video is not in its list, counts as last; MdR and MnR are upper bounds then";
    assert_eq!(report.notes, [told]);
}
