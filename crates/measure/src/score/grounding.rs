//! Ranked moments of sentences against annotated ones: R@n,IoU@m and mIoU; where a sentence has several
//! windows also what `moment_retrieval` measures.
//!
//! A line of the predictions is one query (`moment_answers`). A query without a
//! line, or with an empty one, is a miss.

use std::path::Path;

use locvtp_video::TimeSpan;

use super::ScoreReport;
use super::grounding_protocol::{GroundingProtocol, Suppression};
use super::json_lines::read_lines;
use super::moment_answers::{Answer, Matched, Queries};
use super::moment_retrieval::Measured;
use super::truth::Truth;
use crate::error::MeasureError;
use crate::metrics::RankedMoments;

/// Measures the moments in `predictions`.
///
/// # Errors
/// When a line is broken or holds a number that is not finite, no predicted video is annotated, or a
/// setting cannot be used.
pub fn score_grounding(
    predictions: &Path,
    truth: &Truth,
    protocol: &GroundingProtocol,
) -> Result<ScoreReport, MeasureError> {
    protocol.check()?;
    let queries = Queries::of(truth);
    let lines = read_lines(predictions, |line| Answer::parse(line, protocol))?;
    let matched = queries.match_up(lines, truth)?;
    let mut report = ScoreReport::new("grounding");
    // A file of highlights alone has no windows to measure.
    let has_windows = matched.answers.iter().flatten().any(|answer| answer.counted.is_some());
    if has_windows {
        recalls(&mut report, &matched, &queries, protocol)?;
    }
    if protocol.mean_ap {
        let measured = Measured::of(&matched, &queries, has_windows, &mut report);
        measured.add_to(&mut report.metrics);
        if protocol.is_standard() {
            report.standard = Some(measured.by_their_names());
        }
    }
    matched.describe(&mut report, truth, &queries, protocol.rank);
    protocol.describe(&mut report);
    report.truth = truth.sources.clone();
    Ok(report)
}

/// R@n,IoU@m and mIoU.
fn recalls(
    report: &mut ScoreReport,
    matched: &Matched,
    queries: &Queries<'_>,
    protocol: &GroundingProtocol,
) -> Result<(), MeasureError> {
    let lists = match protocol.suppression {
        Suppression::BelowEach(_) => protocol.iou.len(),
        _ => 1,
    };
    let truths = queries.truths();
    let per_list: Vec<Vec<Vec<TimeSpan>>> = (0..lists)
        .map(|list| {
            let of = |answer: &Option<Answer>| {
                let counted = answer.as_ref().and_then(|answer| answer.counted.as_ref());
                counted.map_or_else(Vec::new, |counted| counted[list].clone())
            };
            matched.answers.iter().map(of).collect()
        })
        .collect();
    let numbers = RankedMoments {
        answers: &per_list.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        truths: &truths,
        ranks: &protocol.top,
        ious: &protocol.iou,
        boundary: protocol.boundary,
        mean_recall: protocol.mean_ap,
    };
    let numbers = numbers.measure()?;
    report.metrics.append(numbers.recalls);
    report.metrics.append(numbers.firsts);
    Ok(())
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::{Caption, NarratedVideo};
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::IouBoundary;

    fn truth() -> Truth {
        use locvtp_corpus::VideoSink;
        let caption = |id, start, end, text: &str| {
            let mut caption = Caption::new(TimeSpan::new(start, end), text);
            caption.id = id;
            caption
        };
        let mut truth = Truth::default();
        // Sorted by time; the file had "b" (4) before "b" (7).
        let first =
            vec![caption(7, 0.0, 4.0, "b."), caption(3, 1.0, 5.0, "a"), caption(4, 6.0, 8.0, "B")];
        truth.video(NarratedVideo::new("one.avi", "", first));
        truth.video(NarratedVideo::new("two", "", vec![caption(0, 0.0, 10.0, "c")]));
        truth
    }

    fn score(lines: &str, protocol: &GroundingProtocol) -> Result<ScoreReport, MeasureError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        score_grounding(file.path(), &truth(), protocol)
    }

    fn loose() -> GroundingProtocol {
        let (top, iou) = (vec![1, 2], vec![0.5]);
        GroundingProtocol { top, iou, boundary: IouBoundary::Strict, ..Default::default() }
    }

    fn of(report: &ScoreReport, name: &str) -> f64 {
        report.metrics.get(name).unwrap()
    }

    #[test]
    fn queries_are_found_by_number_or_sentence_and_scores_rank() {
        let lines = "\
{\"video\": \"one\", \"query\": 3, \"spans\": [[9, 10, 0.1], [1, 5, 0.9]]}
{\"vid\": \"one.mp4\", \"query\": \"B .\", \"pred_relevant_windows\": [[6, 8]]}
{\"video\": \"one\", \"sentence\": \" b\", \"spans\": [[6, 8], [0, 4]]}
";
        let report = score(lines, &loose()).unwrap();
        // Query 3: IoU 1. The lines of "b" answer query 4 (IoU 1), then 7 (0, the second 1).
        assert_eq!((of(&report, "R@1,IoU@0.5"), of(&report, "R@2,IoU@0.5")), (50.0, 75.0));
        assert_eq!(of(&report, "mIoU"), 50.0);
        assert_eq!(report.counts["queries without a line"], 1);
        assert!(report.notes.iter().any(|note| note.contains("\"two\", \"c\"")), "{report:?}");
    }

    #[test]
    fn one_line_answers_every_query_of_its_sentence() {
        let lines = r#"{"video": "one", "sentence": "b", "spans": [[0, 4], [6, 8]]}"#;
        let report = score(lines, &loose()).unwrap();
        assert_eq!((of(&report, "R@1,IoU@0.5"), of(&report, "R@2,IoU@0.5")), (25.0, 50.0));
        assert_eq!(report.counts["queries without a line"], 2);
    }

    #[test]
    fn what_does_not_belong_is_counted_and_left_out() {
        let lines = "\
{\"video\": \"one\", \"query\": 3, \"spans\": []}

{\"video\": \"one\", \"query\": 3, \"spans\": [[1, 5]]}
{\"video\": \"one\", \"query\": 9, \"spans\": [[1, 5]]}
{\"video\": \"one\", \"sentence\": \"zebra\", \"spans\": [[1, 5]]}
{\"video\": \"six\", \"query\": 0, \"spans\": [[1, 5]]}
{\"video\": \"two\", \"query\": 0, \"spans\": [[5, 1]]}
";
        let report = score(lines, &loose()).unwrap();
        let counts = |name: &str| report.counts[name].as_u64().unwrap();
        assert_eq!(counts("lines of answered queries"), 1);
        assert_eq!(counts("lines of unknown queries"), 2);
        assert_eq!(counts("lines of unknown videos"), 1);
        assert_eq!(counts("queries with no span"), 1);
        assert_eq!(counts("spans that end before they start"), 1);
        assert_eq!((of(&report, "R@2,IoU@0.5"), of(&report, "mIoU")), (0.0, 0.0));
        assert!(report.notes.iter().any(|note| note.contains("line 6, \"six\"")), "{report:?}");
    }

    #[test]
    fn what_cannot_be_measured_names_its_line() {
        let refused = |lines: &str| score(lines, &loose()).unwrap_err().to_string();
        let good = r#"{"video": "one", "query": 3, "spans": []}"#;
        for (bad, reason) in [
            (r#"{"video": "one", "query": 3, "spans": [[0, 1, NaN]]}"#, "NaN"),
            (r#"{"video": "one", "query": 3, "spans": [[0, 1, 2], [0, 1]]}"#, "some spans have"),
            (r#"{"video": "one", "spans": [[0, 1, 2]]}"#, "\"sentence\""),
            (r#"{"query": 3, "spans": []}"#, "no \"video\""),
            (r#"{"video": "one", "query": 3}"#, "no \"spans\""),
        ] {
            let error = refused(&format!("{good}\n{bad}\n"));
            assert!(error.contains("line 2") && error.contains(reason), "{error}");
        }
        let error = refused(r#"{"video": "six", "query": 3, "spans": []}"#);
        assert!(error.contains("six") && error.contains("one.avi"), "{error}");
        assert!(refused("").contains("empty"));
        let none = GroundingProtocol { top: vec![], ..loose() };
        assert!(score(good, &none).unwrap_err().to_string().contains("top"));
    }

    #[test]
    fn suppression_and_boundary_follow_the_protocol() {
        // IoU of the two first 9/10; of the third with the truth (0..10) exactly 1/2.
        let line = r#"{"video": "two", "query": 0, "spans": [[10, 20], [11, 20], [0, 5]]}"#;
        let with = |suppression, boundary| {
            let protocol = GroundingProtocol { suppression, boundary, ..loose() };
            of(&score(line, &protocol).unwrap(), "R@2,IoU@0.5")
        };
        use IouBoundary::{Inclusive, Strict};
        assert_eq!(with(Suppression::Off, Inclusive), 0.0);
        assert_eq!(with(Suppression::Above(0.5), Inclusive), 25.0);
        assert_eq!(with(Suppression::Above(0.5), Strict), 0.0);
        assert_eq!(with(Suppression::Above(0.95), Inclusive), 0.0);
        assert_eq!(with(Suppression::BelowEach(0.05), Inclusive), 25.0);
    }

    proptest! {
        #[test]
        fn the_order_of_lines_and_of_scored_spans_changes_nothing(
            (spans, order) in (
                prop::collection::vec(
                    prop::collection::vec((0.0..9.0f64, 0.1..9.0f64), 0..6), 4..=4,
                ),
                Just(vec![0usize, 1, 2, 3]).prop_shuffle(),
            )
        ) {
            let queries = [("one", 7), ("one", 3), ("one", 4), ("two", 0)];
            let line = |place: usize, turned: bool| {
                let mut rows: Vec<String> = spans[place]
                    .iter()
                    .enumerate()
                    .map(|(rank, (start, length))| {
                        format!("[{start}, {}, {}]", start + length, -(rank as f64))
                    })
                    .collect();
                if turned {
                    rows.reverse();
                }
                let (video, query) = queries[place];
                let rows = rows.join(", ");
                format!("{{\"video\": \"{video}\", \"query\": {query}, \"spans\": [{rows}]}}\n")
            };
            let plain: String = (0..4).map(|place| line(place, false)).collect();
            let turned: String = order.iter().map(|&place| line(place, true)).collect();
            prop_assert_eq!(score(&plain, &loose()).unwrap(), score(&turned, &loose()).unwrap());
        }

        #[test]
        fn a_query_that_is_not_answered_never_raises_a_number(
            spans in prop::collection::vec((0.0..9.0f64, 0.1..9.0f64), 1..6), silent in 0usize..4,
        ) {
            let rows: Vec<String> =
                spans.iter().map(|(start, length)| format!("[{start}, {}]", start + length)).collect();
            let rows = rows.join(", ");
            let lines: Vec<String> = [("one", 7), ("one", 3), ("one", 4), ("two", 0)]
                .iter()
                .map(|(video, query)| {
                    format!("{{\"video\": \"{video}\", \"query\": {query}, \"spans\": [{rows}]}}\n")
                })
                .collect();
            let mut fewer = lines.clone();
            fewer.remove(silent);
            let all = score(&lines.concat(), &loose()).unwrap();
            let fewer = score(&fewer.concat(), &loose()).unwrap();
            for (name, value) in all.metrics.iter() {
                prop_assert!(of(&fewer, name) <= value, "{}", name);
            }
        }
    }
}
