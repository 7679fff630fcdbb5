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
    let labels = format!("{{\"video\": \"1aBcDeFgHiJ\", \"labels\": {:?}}}\n", [5; 30]);
    let (_folder, predictions) = file("p.jsonl", labels.as_bytes());
    let truth = fixture("coin/COIN.json");
    let report = scored("segmentation", &predictions, &["--truth", str(&truth)]);
    // Step 5 fills the seconds 1 to 4 of 30.
    let accuracy = report["metrics"]["frame accuracy"].as_f64().unwrap();
    assert!((accuracy - 400.0 / 30.0).abs() < 1e-9, "{report}");
    assert_eq!(report["counts"]["seconds"], 30);
}

/// A file of moment retrieval and answers in the same form.
const MOMENTS: &[u8] = b"\
{\"qid\": 1, \"query\": \"A girl cooks.\", \"duration\": 150, \"vid\": \"AAAAAAAAAAA_210.0_360.0\", \"relevant_windows\": [[0, 16], [40, 60]], \"relevant_clip_ids\": [0, 1], \"saliency_scores\": [[1, 1, 2], [4, 3, 0]]}
{\"qid\": \"b\", \"query\": \"A dog runs.\", \"duration\": 150, \"vid\": \"AAAAAAAAAAA_210.0_360.0\", \"relevant_windows\": [[10, 20]], \"relevant_clip_ids\": [5], \"saliency_scores\": [[2, 2, 2]]}
";
const ANSWERS: &[u8] = b"\
{\"qid\": 1, \"query\": \"A girl cooks.\", \"vid\": \"AAAAAAAAAAA_210.0_360.0\", \"pred_relevant_windows\": [[42, 58, 0.5], [1, 15, 0.9]], \"pred_saliency_scores\": [0, 0.5]}
{\"qid\": \"b\", \"query\": \"A dog runs.\", \"vid\": \"AAAAAAAAAAA_210.0_360.0\", \"pred_relevant_windows\": [[10, 15, 0.9]], \"pred_saliency_scores\": [1, 0]}
";

#[test]
fn qvhighlights_is_measured_as_it_is_published() {
    let (_truth_folder, truth) = file("highlight_val.jsonl", MOMENTS);
    let (_folder, predictions) = file("p.jsonl", ANSWERS);
    let report = scored("grounding", &predictions, &["--truth", str(&truth)]);
    let brief = &report["standard"]["brief"];
    // IoUs of the first windows: 16 of 20, and 5 of 10, which is a hit.
    assert_eq!((&brief["MR-full-R1@0.5"], &brief["MR-full-R1@0.7"]), (&100.0.into(), &50.0.into()));
    assert_eq!(report["metrics"]["mIoU"], 65.0);
    // Both windows of the girl are found at IoU 0.8 (14 of 16 is .875), the dog's at 0.5 alone.
    assert_eq!(
        (&brief["MR-full-mAP@0.5"], &brief["MR-full-mAP@0.75"]),
        (&100.0.into(), &50.0.into())
    );
    assert_eq!(brief["MR-short-mAP"], 10.0);
    assert_eq!(
        (&brief["HL-min-Good-Hit1"], &brief["HL-min-Fair-Hit1"]),
        (&50.0.into(), &50.0.into())
    );
    assert_eq!(report["truth"][0]["layout"], "qvhighlights");
    assert_eq!(report["protocol"]["boundary"], "inclusive");
    // For people: the same numbers, the file, and what is odd about an answer.
    let given = ["score", "grounding", "--predictions", str(&predictions), "--truth", str(&truth)];
    let output = run(&given);
    says(
        &succeeded(&output),
        &["mAP, short", "10.00", "mR@1", "highlight_val.jsonl (qvhighlights"],
    );
    says(
        &stderr(&output),
        &["1 line, whose first window is not its best", "line 1", "--rank score"],
    );
    let by_score =
        run(&[&given[..], &["--rank", "score", "--boundary", "strict", "--json"]].concat());
    let by_score: serde_json::Value = serde_json::from_str(&succeeded(&by_score)).unwrap();
    assert_eq!(by_score["metrics"]["R@1,IoU@0.5"], 50.0);
    assert!(by_score["standard"].is_null(), "another protocol has no numbers of that evaluation");
}

#[test]
fn a_truth_is_named_with_its_layout_whatever_is_wrong() {
    let (_folder, predictions) = file("p.jsonl", ANSWERS);
    let measured = |truth: &Path, more: &[&str]| {
        let given =
            ["score", "grounding", "--predictions", str(&predictions), "--truth", str(truth)];
        run(&[&given[..], more].concat())
    };
    // Without windows, as the test part of a challenge; of another part; of no known layout.
    let bare = b"{\"qid\": 1, \"query\": \"A girl cooks.\", \"duration\": 150, \"vid\": \"a\"}\n";
    let (_a, truth) = file("highlight_test_release.jsonl", bare);
    let pieces =
        ["highlight_test_release.jsonl", "qvhighlights", "query without windows: 1", "--format"];
    says(&refused(&measured(&truth, &[])), &pieces);
    let (_b, truth) = file("highlight_val.jsonl", MOMENTS);
    let message = refused(&measured(&truth, &["--subset", "test"]));
    says(&message, &["highlight_val.jsonl (qvhighlights), subset test", "another part"]);
    let (_c, truth) = file("truth.jsonl", b"{\"video\": \"a\"}\n");
    says(&refused(&measured(&truth, &[])), &["truth.jsonl (manifest)", "not understood: 1"]);
    let (_d, truth) = file("truth.json", b"{\"a\": 1}");
    says(&refused(&measured(&truth, &[])), &["truth.json", "layout is not known", "--format"]);
    // Another split, and a broken line.
    let other = String::from_utf8(MOMENTS.to_vec()).unwrap().replace("AAAA", "BBBB");
    let other = other.replace("\"qid\": 1", "\"qid\": 2").replace("\"b\"", "\"c\"");
    let (_e, truth) = file("highlight_train.jsonl", other.as_bytes());
    says(&refused(&measured(&truth, &[])), &["highlight_train.jsonl (qvhighlights)", "qid 1"]);
    let (_f, broken) = file("p.jsonl", b"{\"qid\": 1, \"pred_relevant_windows\": [[0, NaN]]}\n");
    let (_g, truth) = file("highlight_val.jsonl", MOMENTS);
    let given = ["score", "grounding", "--predictions", str(&broken), "--truth", str(&truth)];
    says(&refused(&run(&given)), &["highlight_val.jsonl (qvhighlights)", "line 1", "NaN"]);
}

#[test]
fn a_score_that_is_no_number_names_file_row_and_column() {
    let (folder, _) = file("x", b"");
    let path = folder.path().join("s.npy");
    let matrix = |values: [f32; 4]| {
        std::fs::write(&path, locvtp_features::npy_bytes(2, 2, values)).unwrap();
    };
    let given = ["score", "retrieval", "--predictions", str(&path)];
    matrix([0.9, 0.1, f32::NAN, 0.8]);
    says(&refused(&run(&given)), &["s.npy", "row 1", "column 0", "NaN"]);
    matrix([0.9, 0.1, f32::INFINITY, 0.8]);
    says(&refused(&run(&given)), &["s.npy", "row 1", "inf"]);
    matrix([0.9, 0.1, f32::NEG_INFINITY, 0.8]);
    let output = run(&given);
    succeeded(&output);
    says(&stderr(&output), &["1 score is -inf, so this pair stands", "0 of them"]);
    says(&refused(&run(&[&given[..], &["--dual-softmax"]].concat())), &["s.npy", "--dual-softmax"]);
}

#[test]
fn a_file_that_does_not_exist_is_said_to_be_so_at_every_door_and_before_anything_else() {
    let truth = fixture("charades/charades_sta_test.txt");
    let (_folder, lines) =
        file("p.jsonl", b"{\"video\": \"3MSZA\", \"query\": 0, \"spans\": []}\n");
    let (_folder, matrix) = file("s.jsonl", b"[0.9, 0.1]\n[0.8, 0.7]\n");
    let (truth, lines, matrix) = (str(&truth), str(&lines), str(&matrix));
    for (task, predictions, more) in [
        ("grounding", "no.such", vec!["--truth", truth]),
        ("grounding", lines, vec!["--truth", "no.such"]),
        ("grounding", lines, vec!["--truth", truth, "--only", "no.such"]),
        ("retrieval", "no.such", vec![]),
        ("retrieval", matrix, vec!["--truth", "no.such"]),
        ("steps", lines, vec!["--truth", "no.such"]),
        ("segmentation", lines, vec!["--truth", "no.such"]),
        ("segmentation", "no.such", vec!["--truth", "no.such"]),
    ] {
        let given = ["score", task, "--predictions", predictions];
        let message = refused(&run(&[&given[..], &more].concat()));
        assert_eq!(
            message.trim(),
            "error: no.such: does not exist; check the path",
            "{task} {more:?}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let given = ["score", "grounding", "--predictions", str(folder.path()), "--truth", truth];
    says(&refused(&run(&given)), &["is a folder; give a file in it"]);
    // The real cause is first, and the truth is named behind it.
    let (_folder, broken) = file("p.jsonl", b"[1, 2]\n");
    let message =
        refused(&run(&["score", "grounding", "--predictions", str(&broken), "--truth", truth]));
    assert!(
        message.starts_with(&format!("error: {}, line 1: expected an object", str(&broken))),
        "{message}"
    );
    says(&message, &["charades_sta_test.txt (charades-sta)"]);
}

#[test]
fn one_thing_is_not_called_many() {
    let truth = fixture("charades/charades_sta_test.txt");
    let (_folder, lines) = file(
        "p.jsonl",
        b"{\"video\": \"3MSZA\", \"query\": 0, \"spans\": []}\n{\"video\": \"x\", \"query\": 0, \"spans\": []}\n",
    );
    let output = run(&["score", "grounding", "--predictions", str(&lines), "--truth", str(&truth)]);
    let said = format!("{}{}", succeeded(&output), stderr(&output));
    says(&said, &["1 line of an unknown video is left out"]);
    for noun in ["videos", "queries", "lines", "windows", "sentences"] {
        assert!(!said.contains(&format!(" 1 {noun}")), "{noun}: {said}");
    }
}
