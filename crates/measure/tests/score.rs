//! Numbers of prediction files equal those of the independent scripts in `reference/`.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

#[path = "../../../tests/support/not_run.rs"]
mod not_run;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use locvtp_measure::SameSentence;
use locvtp_measure::metrics::{
    IouBoundary, RetrievalMetrics, ScoreMatrix, Ties, dual_softmax, two_ways,
};
use locvtp_measure::score::{GroundingProtocol, Suppression, Truth, TruthSource, score_grounding};
use serde_json::Value;

use not_run::genuine_annotations;

fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/score").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Knuth's MMIX generator, as in `reference/score_grounding.py`.
struct Generator(u64);

impl Generator {
    fn below(&mut self, count: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % count
    }
}

/// The prediction file of `reference/score_grounding.py`, by the same rule.
fn predictions(truth: &Truth, seed: u64) -> (String, usize) {
    let random = &mut Generator(seed);
    let (mut lines, mut seen, mut count) = (String::new(), std::collections::HashSet::new(), 0);
    for video in &truth.videos {
        for caption in &video.captions {
            let silent = random.below(40) == 0;
            let empty = random.below(50) == 0;
            let mut spans = Vec::new();
            let eighths = |seconds: f64| (seconds * 8.0).round_ties_even() as i64;
            for place in 0..12 {
                let (start, end) = if place % 3 == 0 {
                    let start = (eighths(caption.span.start.0) + random.below(41) - 20).max(0);
                    (start, eighths(caption.span.end.0) + random.below(41) - 20)
                } else {
                    let begin = random.below(240);
                    (begin, begin + 8 + random.below(160))
                };
                let score = random.below(997) as f64 / 1024.0;
                spans.push(format!("[{}, {}, {score}]", start as f64 / 8.0, end as f64 / 8.0));
            }
            let plain = caption.text.trim_end_matches('.').to_lowercase();
            if silent || !seen.insert((video.id.clone(), plain)) {
                continue;
            }
            let spans = if empty { String::new() } else { spans.join(", ") };
            let sentence = serde_json::to_string(&caption.text).unwrap();
            writeln!(
                lines,
                "{{\"video\": \"{}\", \"sentence\": {sentence}, \"spans\": [{spans}]}}",
                video.id
            )
            .unwrap();
            count += 1;
        }
    }
    (lines, count)
}

#[test]
fn the_numbers_of_the_genuine_charades_sta_test_split_equal_the_references_to_the_last_bit() {
    let Some(folder) = genuine_annotations() else { return };
    let annotations = folder.join("Charades-STA_charades_sta_test.txt");
    let truth = Truth::read(&TruthSource::new(vec![annotations])).unwrap();
    let golden = golden("charades_sta.json");
    let (lines, count) = predictions(&truth, golden["seed"].as_u64().unwrap());
    assert_eq!(count, golden["lines"].as_u64().unwrap() as usize);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines).unwrap();

    for (name, boundary, suppression) in [
        ("2D-TAN, without suppression", IouBoundary::Strict, Suppression::Off),
        ("2D-TAN", IouBoundary::Strict, Suppression::Above(0.5)),
        ("CSMGAN", IouBoundary::Inclusive, Suppression::BelowEach(0.05)),
    ] {
        let mut protocol = GroundingProtocol::default();
        (protocol.boundary, protocol.suppression) = (boundary, suppression);
        let report = score_grounding(file.path(), &truth, &protocol).unwrap();
        assert_eq!(report.counts["queries"], golden["queries"]);
        let expected = golden["protocols"][name].as_object().unwrap();
        for (metric, expected) in expected {
            assert_eq!(report.metrics.get(metric), expected.as_f64(), "{name}, {metric}");
        }
        assert_eq!(report.metrics.iter().count(), expected.len(), "{name}");
    }
}

/// The files of `reference/score_moments.py`.
fn moments(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/score/moments").join(name)
}

fn moment_truth(path: PathBuf) -> Truth {
    Truth::read(&TruthSource::new(vec![path])).unwrap()
}

#[test]
fn several_windows_and_highlights_are_measured_as_the_reference_prints_them() {
    let truth = moment_truth(moments("truth.jsonl"));
    let protocol = GroundingProtocol::usual(&truth);
    assert_eq!(protocol, GroundingProtocol::moment_retrieval());
    let report = score_grounding(&moments("predictions.jsonl"), &truth, &protocol).unwrap();
    assert_eq!(report.standard.unwrap(), golden("moments/expected.json"));
    assert_eq!(report.counts["queries"], 24);
    assert!(report.notes.iter().any(|note| note.contains("1 query has a line without windows")));
}

#[test]
fn the_order_of_queries_changes_nothing_and_that_of_windows_does() {
    let truth = moment_truth(moments("truth.jsonl"));
    let text = std::fs::read_to_string(moments("predictions.jsonl")).unwrap();
    let of = |text: String| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let protocol = GroundingProtocol::moment_retrieval();
        score_grounding(file.path(), &truth, &protocol).unwrap()
    };
    let backwards: Vec<&str> = text.lines().rev().collect();
    let plain = of(text.clone());
    assert_eq!(of(backwards.join("\n")).standard, plain.standard);
    // The first of the list counts, not the best score; the ten first count, not the ten best.
    let turned: String = text
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["pred_relevant_windows"].as_array_mut().unwrap().reverse();
            format!("{line}\n")
        })
        .collect();
    let turned = of(turned);
    let first = |report: &locvtp_measure::score::ScoreReport| report.metrics.get("R@1,IoU@0.5");
    assert_ne!(first(&turned), first(&plain));
    assert_ne!(turned.metrics.get("mAP"), plain.metrics.get("mAP"));
}

#[test]
fn a_line_for_each_window_is_told_and_joined_when_asked() {
    let joined = moment_truth(moments("truth.jsonl"));
    let text = std::fs::read_to_string(moments("truth.jsonl")).unwrap();
    // The same as a manifest, a line for each window.
    let mut lines = String::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for window in line["relevant_windows"].as_array().unwrap() {
            let row = serde_json::json!({
                "video": line["vid"], "start": window[0], "end": window[1], "text": line["query"],
                "duration": line["duration"],
            });
            writeln!(lines, "{row}").unwrap();
        }
    }
    let file = tempfile::NamedTempFile::with_suffix(".jsonl").unwrap();
    std::fs::write(file.path(), lines).unwrap();
    let read = |same_sentence| {
        let paths = vec![file.path().to_owned()];
        let mut source = TruthSource::new(paths);
        source.same_sentence = same_sentence;
        Truth::read(&source).unwrap()
    };
    let score = |truth: &Truth| {
        let protocol = GroundingProtocol::usual(truth);
        score_grounding(&moments("predictions.jsonl"), truth, &protocol).unwrap()
    };
    let apart = read(SameSentence::Apart);
    let told = apart.told_repeats().unwrap();
    assert!(told.contains("manifest") && told.contains("--same-sentence joined"), "{told}");
    let number = |truth: &Truth, name: &str| score(truth).metrics.get(name).unwrap();
    let hits = "R@1,IoU@0.5";
    assert!(number(&apart, hits) < number(&joined, hits));
    let as_one = read(SameSentence::Joined);
    assert_eq!(as_one.told_repeats(), None);
    for name in [hits, "R@1,IoU@0.7", "mR@1", "mAP", "mAP@0.75", "mAP, short", "mAP, long"] {
        // Sums over queries in another order.
        let difference = (number(&as_one, name) - number(&joined, name)).abs();
        assert!(difference < 1e-9, "{name}: {difference}");
    }
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn compare(found: &RetrievalMetrics, expected: &Value, what: &str) {
    for (name, found) in [
        ("r1", found.r1),
        ("r5", found.r5),
        ("r10", found.r10),
        ("median_rank", found.median_rank),
        ("mean_rank", found.mean_rank),
    ] {
        let expected = expected[name].as_f64().unwrap();
        // Sums of fractions in another order; ranks and shares are exact otherwise.
        assert!((found - expected).abs() < 1e-9, "{what} {name}: {found} is not {expected}");
    }
}

#[test]
fn retrieval_ranks_with_ties_and_several_captions_equal_the_references() {
    for (place, case) in golden("retrieval.json").as_array().unwrap().iter().enumerate() {
        let videos = case["videos"].as_u64().unwrap() as usize;
        let per_video = case["texts_per_video"].as_u64().unwrap() as usize;
        let texts = videos * per_video;
        let scores = ScoreMatrix::new(numbers(&case["scores"]), texts, videos).unwrap();
        let video_of_text: Vec<usize> = (0..texts).map(|text| text / per_video).collect();
        for (name, ties) in [
            ("optimistic", [Ties::Optimistic; 2]),
            ("pessimistic", [Ties::Pessimistic; 2]),
            ("averaged", [Ties::Averaged; 2]),
            ("frozen", [Ties::Optimistic, Ties::MeanPlace]),
        ] {
            let expected = &case[name];
            if expected.is_null() {
                continue;
            }
            let found = two_ways(&scores, &video_of_text, ties).unwrap();
            let what = format!("case {place}, {name}");
            compare(&found.text_to_video.measured, &expected["text_to_video"], &what);
            compare(&found.video_to_text.measured, &expected["video_to_text"], &what);
        }
        let temperature = case["dual_softmax"]["temperature"].as_f64().unwrap();
        let revised = dual_softmax(&scores, temperature).unwrap();
        for (text, expected) in numbers(&case["dual_softmax"]["scores"]).chunks(videos).enumerate()
        {
            for (found, expected) in revised.row(text).iter().zip(expected) {
                // One rounding to f32 of numbers computed in f64.
                assert!((found - expected).abs() <= 1e-7 * expected.abs(), "{found} {expected}");
            }
        }
    }
}
