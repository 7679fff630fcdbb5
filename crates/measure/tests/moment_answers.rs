//! Lines of predicted moments against truth in the form of QVHighlights: which query a line answers, and
//! what a report counts and says of it. The numbers follow from the windows by hand.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use locvtp_measure::score::{
    GroundingProtocol, RankedBy, ScoreReport, Truth, TruthSource, score_grounding,
};
use locvtp_measure::{IouBoundary, MeasureError};
use serde_json::json;

fn truth(name: &str, lines: &str) -> Truth {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, lines).unwrap();
    Truth::read(&TruthSource::new(vec![path])).unwrap()
}

fn score(
    lines: &str,
    truth: &Truth,
    protocol: &GroundingProtocol,
) -> Result<ScoreReport, MeasureError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines).unwrap();
    score_grounding(file.path(), truth, protocol)
}

/// As QVHighlights is measured.
fn scored(lines: &str, truth: &Truth) -> ScoreReport {
    score(lines, truth, &GroundingProtocol::moment_retrieval()).unwrap()
}

fn assert_close(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}, {expected}");
}

/// Ten clips of 2 s in video a, of which two are highlights for the first sentence; the last window of the
/// first sentence ends with the video, that of the second 4 s after it, and the third is longer than 150 s.
const TRUTH: &str = r#"{"qid": 1, "query": "A girl cooks.", "vid": "a", "duration": 20, "relevant_windows": [[0, 8], [16, 20]], "relevant_clip_ids": [0, 1], "saliency_scores": [[4, 4, 4], [2, 2, 2]]}
{"qid": 2, "query": "A dog runs.", "vid": "a", "duration": 20, "relevant_windows": [[4, 24]]}
{"qid": 3, "query": "Rain falls.", "vid": "b", "duration": 200, "relevant_windows": [[0, 160]]}
{"qid": 4, "query": "Snow falls.", "vid": "b", "duration": 200, "relevant_windows": [[100, 110]]}
"#;

#[test]
fn windows_highlights_and_all_that_is_odd_are_in_the_report() {
    let lines = r#"{"qid": 1, "pred_relevant_windows": [[16, 20, 0.4], [0, 8, 0.9]], "pred_saliency_scores": [0.1, 0.9, 0.2, 0.3]}
{"qid": 2, "pred_relevant_windows": [[4, 24, 1]]}
{"qid": 3, "pred_relevant_windows": []}
"#;
    let report = scored(lines, &truth("highlight_val.jsonl", TRUTH));
    let number = |name: &str| report.metrics.get(name);
    // The first windows of two of four queries are exact; one list is empty, and one query is silent.
    for name in ["R@1,IoU@0.5", "R@1,IoU@0.7", "mR@1", "mIoU"] {
        assert_eq!(number(name), Some(50.0), "{name}");
    }
    // All true windows of the first two are found; the empty list is left out, the silent query is not.
    assert_close(number("mAP"), 200.0 / 3.0);
    // Short windows: all of the first query, none of the silent one. Middle: the 20 s of the second.
    assert_eq!((number("mAP, short"), number("mAP, middle")), (Some(50.0), Some(100.0)));
    assert_eq!(number("mAP, long"), None);
    // Fair from 2 on are clips 0 and 1. By falling score come 1 (of one seen all are good), 3, 2, then 0 (two
    // of four): (1 + 1/2) / 2. The levels above hold clip 0 alone, one of the four seen.
    for (level, mean_ap, hit1) in
        [("Fair", 75.0, 100.0), ("Good", 25.0, 0.0), ("VeryGood", 25.0, 0.0)]
    {
        assert_close(number(&format!("highlights, {level}: mAP")), mean_ap);
        assert_eq!(number(&format!("highlights, {level}: HIT@1")), Some(hit1), "{level}");
    }
    let standard = report.standard.unwrap();
    assert_eq!(standard["brief"]["MR-full-mAP"], 66.67);
    assert_eq!(standard["brief"]["HL-min-Fair-mAP"], 75.0);

    for (name, count) in [
        ("videos", 2),
        ("queries", 4),
        ("queries without a line", 1),
        ("queries with no span", 1),
        ("lines whose first window is not their best", 1),
        ("true windows end after their video", 1),
        ("queries with annotated highlights", 1),
        ("queries without pred_saliency_scores", 0),
    ] {
        assert_eq!(report.counts[name], count, "{name}");
    }
    for told in [
        "1 query without a line counts as a miss (first: \"b\", \"Snow falls.\")",
        // With the empty list as 0: (100 + 100 + 0 + 0) / 4.
        "1 query has a line without windows: R@n counts that as a miss, and mAP leaves it out, as the standard \
         evaluation does; with 0 instead mAP is 50.00",
        "queries without a line count as misses in all numbers; the standard evaluation refuses such a file",
        "1 true window is longer than 150 s, or without length: neither short, middle nor long, and counted in \
         the other numbers alone",
        "1 true window ends after its video and counts as it stands, as in the standard evaluation (first: \
         4.00-24.00 s of \"A dog runs.\", 20.00 s long)",
        "1 line, whose first window is not its best, is ranked as it is listed; --rank score ranks by score \
         (first: line 1)",
    ] {
        assert!(report.notes.iter().any(|note| note == told), "{told}: {:#?}", report.notes);
    }
    assert_eq!(report.notes.len(), 6, "{:#?}", report.notes);
    let protocol = json!({"boundary": "inclusive", "nms": "off", "rank": "as listed"});
    assert_eq!(serde_json::Value::from(report.protocol), protocol);
}

#[test]
fn where_nothing_is_odd_a_report_says_nothing() {
    let first = TRUTH.lines().next().unwrap();
    let truth = truth("highlight_val.jsonl", first);
    let windows = r#"{"qid": 1, "pred_relevant_windows": [[0, 8, 0.9], [16, 20, 0.4]]}"#;
    let report = scored(windows, &truth);
    assert_eq!(report.notes, [""; 0]);
    assert_eq!(report.counts["queries with no span"], 0);
    // A file without scores of clips is not asked for highlights.
    assert!(!report.counts.contains_key("queries with annotated highlights"));
    assert!(report.metrics.iter().all(|(name, _)| !name.contains("highlights")));
    assert!(report.standard.is_some());
    let mut strict = GroundingProtocol::moment_retrieval();
    strict.boundary = IouBoundary::Strict;
    let report = score(windows, &truth, &strict).unwrap();
    assert_eq!(report.standard, None, "another boundary has no numbers of the standard evaluation");
}

#[test]
fn highlights_are_measured_only_where_both_sides_have_them() {
    // The truth says nothing of highlights.
    let bare = truth("highlight_val.jsonl", TRUTH.lines().nth(3).unwrap());
    let line = r#"{"qid": 4, "pred_relevant_windows": [[100, 110]], "pred_saliency_scores": [1]}"#;
    let report = scored(line, &bare);
    let told = "1 line has pred_saliency_scores, which are not measured: the truth says nothing of highlights";
    assert_eq!(report.notes, [told]);
    assert!(!report.counts.contains_key("queries with annotated highlights"));
    // Only mAP and highlights go together: without them such a line says nothing.
    let line = r#"{"qid": 4, "pred_saliency_scores": [1]}"#;
    let error = score(line, &bare, &GroundingProtocol::default()).unwrap_err().to_string();
    assert!(error.contains("line 1: the line has no \"spans\""), "{error}");
}

#[test]
fn a_qid_of_two_videos_is_the_one_that_the_line_names_and_else_the_first() {
    let lines = r#"{"qid": 7, "query": "A girl cooks.", "vid": "a", "duration": 90, "relevant_windows": [[0, 10]]}
{"qid": 7, "query": "A girl cooks.", "vid": "b", "duration": 90, "relevant_windows": [[20, 30]]}
{"qid": 8, "query": "A dog runs.", "vid": "b", "duration": 90, "relevant_windows": [[40, 50]]}
"#;
    let truth = truth("highlight_val.jsonl", lines);
    let lines = r#"{"qid": 7, "vid": "b", "pred_relevant_windows": [[20, 30]]}
{"qid": 7, "pred_relevant_windows": [[0, 5]]}
{"qid": 8, "vid": "a", "pred_relevant_windows": [[40, 50]]}
"#;
    let report = scored(lines, &truth);
    // 1, 5 s of 10, and 1: the last counts by its qid, and is told.
    assert_close(report.metrics.get("mIoU"), 250.0 / 3.0);
    assert_eq!(report.counts["queries without a line"], 0);
    let told = "1 line has the qid of another video in the truth and counts by its qid; is it of this split? \
                (first: line 3, qid 8 is of \"a\" here and of \"b\" there)";
    assert_eq!(report.notes, [told]);
}

#[test]
fn of_two_lines_of_a_qid_the_last_has_the_first_window_and_the_windows_of_both_count_for_mean_ap() {
    let query = r#"{"qid": 1, "query": "A girl cooks.", "vid": "a", "duration": 50, "relevant_windows": [[0, 10], [20, 30]]}"#;
    let truth = truth("highlight_val.jsonl", query);
    let lines = r#"{"qid": 1, "pred_relevant_windows": [[0, 10, 0.9]]}
{"qid": 1, "pred_relevant_windows": [[20, 24, 0.8]]}
"#;
    let report = scored(lines, &truth);
    // 4 s of 10. One of two true windows is found, by the best of all predictions: 1/2.
    assert_eq!((report.metrics.get("mIoU"), report.metrics.get("mAP")), (Some(40.0), Some(50.0)));
    assert_eq!(report.counts["lines of answered queries"], 1);
    assert!(report.notes[0].contains("the last line of a qid counts"), "{:?}", report.notes);
}

/// A sentence that is annotated three times, as a list of ActivityNet Captions has it.
const THRICE: &str = r#"{"v": {"duration": 9, "timestamps": [[0, 4], [2, 6], [5, 9]], "sentences": ["a", "a", "a"]}}"#;

#[test]
fn what_is_wrong_with_a_line_that_answers_three_queries_is_counted_once() {
    let truth = truth("val.json", THRICE);
    let line =
        r#"{"video": "v", "sentence": "a", "pred_relevant_windows": [[5, 1, 0.1], [0, 4, 0.9]]}"#;
    let report = score(line, &truth, &GroundingProtocol::default()).unwrap();
    assert_eq!(report.counts["queries without a line"], 0);
    assert_eq!(report.counts["spans that end before they start"], 1);
    assert_eq!(report.counts["lines whose first window is not their best"], 1);
    // By score the second is the first: 1, then 2 s of 6, then nothing.
    assert_close(report.metrics.get("mIoU"), 100.0 * (1.0 + 1.0 / 3.0) / 3.0);
}

#[test]
fn a_list_that_does_not_begin_with_its_best_is_told_where_its_order_could_be_meant_as_the_rank() {
    let truth = truth("val.json", THRICE);
    let (best_first, best_last) = ("[[0, 4, 0.9], [5, 9, 0.1]]", "[[5, 9, 0.1], [0, 4, 0.9]]");
    let unordered = |key: &str, windows: &str, rank| {
        let mut protocol = GroundingProtocol::default();
        protocol.rank = rank;
        let line = format!("{{\"video\": \"v\", \"sentence\": \"a\", \"{key}\": {windows}}}");
        let report = score(&line, &truth, &protocol).unwrap();
        report.counts["lines whose first window is not their best"].as_u64().unwrap()
    };
    for rank in [RankedBy::Score, RankedBy::Listed] {
        // In QVHighlights' form the order is the rank for its evaluation, whatever is asked for here.
        assert_eq!(unordered("pred_relevant_windows", best_last, rank), 1);
        assert_eq!(unordered("pred_relevant_windows", best_first, rank), 0);
        assert_eq!(unordered("spans", best_first, rank), 0);
    }
    assert_eq!(unordered("spans", best_last, RankedBy::Score), 0);
    assert_eq!(unordered("spans", best_last, RankedBy::Listed), 1);
}
