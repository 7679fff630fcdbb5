//! `locvtp score`: numbers of prediction files, and what is said of bad ones.

use std::path::{Path, PathBuf};

use crate::tiny::{refused, run, says, stderr, str, succeeded};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/tests/fixtures").join(name)
}

fn file(name: &str, text: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// The report of `locvtp score .. --json`.
fn scored(task: &str, predictions: &Path, more: &[&str]) -> serde_json::Value {
    let given = ["score", task, "--predictions", str(predictions), "--json"];
    serde_json::from_str(&succeeded(&run(&[&given[..], more].concat()))).unwrap()
}

#[test]
fn grounding_is_measured_against_the_published_file() {
    let lines = b"\
{\"video\": \"3MSZA\", \"sentence\": \"Person turn a light on\", \"spans\": [[0, 5, 0.2], [24.3, 30.4, 0.9]]}
{\"video\": \"XXXXX\", \"query\": 1, \"spans\": []}
";
    let (_folder, predictions) = file("p.jsonl", lines);
    let truth = fixture("charades/charades_sta_test.txt");
    let report = scored("grounding", &predictions, &["--truth", str(&truth)]);
    assert_eq!(report["metrics"]["R@1,IoU@0.7"], 50.0);
    assert_eq!(report["metrics"]["mIoU"], 50.0);
    assert_eq!(report["counts"]["queries"], 2);
    assert_eq!(report["counts"]["queries without a line"], 1);
    assert_eq!(report["counts"]["lines of unknown videos"], 1);
    // For people: the numbers on standard output, what was left out beside it.
    let output = run(&[
        "score",
        "grounding",
        "--predictions",
        str(&predictions),
        "--truth",
        str(&truth),
        "--iou",
        "0.5",
        "--top",
        "1",
    ]);
    says(&succeeded(&output), &["R@1,IoU@0.5", "50.00", "queries without a line: 1", "strict"]);
    says(&stderr(&output), &["flipped the switch", "line 2", "XXXXX"]);
}

#[test]
fn predictions_that_cannot_be_measured_are_refused_with_their_line() {
    let truth = fixture("charades/charades_sta_test.txt");
    for (text, pieces) in [
        (
            &b"{\"video\": \"3MSZA\", \"query\": 0, \"spans\": [[0, 5, NaN]]}\n"[..],
            &["line 1", "NaN"][..],
        ),
        (b"{\"video\": \"zebra\", \"query\": 0, \"spans\": []}\n", &["zebra", "3MSZA"]),
        (b"\n", &["line 1", "empty"]),
        (b"[1, 2]\n", &["line 1", "expected an object", "docs/score.md"]),
    ] {
        let (_folder, predictions) = file("p.jsonl", text);
        let given = ["score", "grounding", "--predictions", str(&predictions), "--truth"];
        says(&refused(&run(&[&given[..], &[str(&truth)]].concat())), pieces);
    }
    let (_folder, predictions) = file("p.jsonl", b"{}\n");
    let given = ["score", "grounding", "--predictions", str(&predictions), "--truth"];
    let message = refused(&run(&[&given[..], &["no-such-file.json"]].concat()));
    says(&message, &["no-such-file.json"]);
    let message = refused(&run(&[&given[..], &[str(&truth), "--iou", "1.5"]].concat()));
    says(&message, &["iou", "1.5"]);
}

#[test]
fn retrieval_is_measured_from_a_matrix_or_from_lists() {
    let (_folder, matrix) = file("s.jsonl", b"[0.9, 0.1]\n[0.8, 0.7]\n");
    let report = scored("retrieval", &matrix, &["--dual-softmax", "10"]);
    assert_eq!(report["metrics"]["text-to-video R@1"], 50.0);
    assert_eq!(report["metrics"]["text-to-video R@1, dual softmax"], 100.0);
    let (_columns, columns) = file("columns.txt", b"0\n0\n");
    let report = scored("retrieval", &matrix, &["--truth", str(&columns), "--ties", "frozen"]);
    assert_eq!(report["metrics"]["text-to-video R@1"], 100.0);
    assert_eq!(report["protocol"]["ties"], serde_json::json!(["optimistic", "mean_place"]));

    let lists =
        b"{\"sentence\": \"a little girl does gymnastics\", \"ranked\": [\"video4\", \"x\"]}\n";
    let (_folder, lists) = file("r.jsonl", lists);
    let truth = fixture("msrvtt_1ka/MSRVTT_JSFUSION_test.csv");
    let report = scored("retrieval", &lists, &["--truth", str(&truth)]);
    assert_eq!(report["metrics"]["text-to-video R@1"], 50.0);
    assert_eq!(report["counts"]["texts without a line"], 1);
    assert_eq!(report["counts"]["unknown videos in lists"], 1);

    let given = ["score", "retrieval", "--predictions", str(&lists)];
    says(&refused(&run(&given)), &["--truth"]);
    let (_folder, odd) = file("s.jsonl", b"[0.9, 0.1]\n[0.8, 0.7]\n[1, 2]\n");
    says(&refused(&run(&["score", "retrieval", "--predictions", str(&odd)])), &["3 texts of 2"]);
    let (_folder, npy) = file("s.npy", b"\x93NUMPY");
    says(&refused(&run(&["score", "retrieval", "--predictions", str(&npy)])), &["s.npy"]);
}

#[test]
fn steps_and_segments_are_measured_against_the_published_files() {
    // Task 23521: steps 1 and 2 of one video (21.5 to 25 s and 50 to 52 s; 30 to 41.25 s), 3 of the
    // other. The seconds 24 and 29 hit step 1 alone. Intervals from narration are no truth.
    let lines = b"{\"video\": \"4Sqh-PlUzeo\", \"seconds\": [24, 29, 1]}\n";
    let (_folder, predictions) = file("p.jsonl", lines);
    let release = fixture("crosstask/crosstask_release");
    let report = scored("steps", &predictions, &["--truth", str(&release)]);
    let recall = report["metrics"]["recall of task 23521"].as_f64().unwrap();
    assert!((recall - 100.0 / 3.0).abs() < 1e-9, "{report}");
    assert_eq!(report["counts"]["videos without a line"], 2);
    let message = refused(&run(&["score", "steps", "--predictions", "x", "--truth", "nowhere"]));
    says(&message, &["nowhere"]);

    let labels = format!("{{\"video\": \"1aBcDeFgHiJ\", \"labels\": {:?}}}\n", [5; 30]);
    let (_folder, predictions) = file("p.jsonl", labels.as_bytes());
    let truth = fixture("coin/COIN.json");
    let report = scored("segmentation", &predictions, &["--truth", str(&truth)]);
    // Step 5 fills the seconds 1 to 4 of 30.
    let accuracy = report["metrics"]["frame accuracy"].as_f64().unwrap();
    assert!((accuracy - 400.0 / 30.0).abs() < 1e-9, "{report}");
    assert_eq!(report["counts"]["seconds"], 30);
}
