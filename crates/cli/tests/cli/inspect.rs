//! `locvtp inspect` of files of text and of clip features.

use std::path::{Path, PathBuf};

use locvtp_features::{FeatureStore, Provenance, VideoSource, npy_bytes};
use locvtp_model::Preprocessing;
use locvtp_video::TimeSpan;

use crate::tiny::{refused, run, says, str, succeeded};

fn inspected(path: &Path) -> String {
    succeeded(&run(&["inspect", str(path)]))
}

#[test]
fn settings_of_a_synthetic_corpus_are_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corpus.toml");
    std::fs::write(&path, "train_videos = 3\nseed = 8\n").unwrap();
    let told = inspected(&path);
    let command = format!("locvtp synthesize --config {} --out FOLDER", path.display());
    says(&told, &["settings of a synthetic corpus", "3 to train on", "seed", "8", &command]);
    std::fs::write(&path, "train_videos = 3\nnum_colours = 99\n").unwrap();
    says(&inspected(&path), &["cannot be made", "`num_colours` is 99; expected 2 to 8"]);
}

#[test]
fn a_file_of_text_is_told_for_what_it_is_and_never_a_video() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/tests/fixtures");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let highlights = r#"{"qid": 1, "query": "a dog runs", "vid": "a_0.0_9.0", "duration": 9,
        "relevant_windows": [[0, 2], [4, 6]], "relevant_clip_ids": [0, 2],
        "saliency_scores": [[1, 2, 3], [1, 1, 1]]}"#;
    let highlights = highlights.replace('\n', " ");
    let other = highlights.replace("\"qid\": 1", "\"qid\": 2").replace("a_0.0_9.0", "b_0.0_9.0");
    let files = [
        (
            fixtures.join("charades/charades_sta_test.txt"),
            vec!["annotations", "charades-sta", "2 sentences over", "score grounding"],
        ),
        (
            fixtures.join("activitynet/train.json"),
            vec!["annotations", "activitynet", "sentences over", "score grounding"],
        ),
        (fixtures.join("tacos/train.json"), vec!["annotations", "tacos", "score grounding"]),
        (fixtures.join("coin/COIN.json"), vec!["annotations", "coin", "score segmentation"]),
        (
            fixtures.join("msrvtt_1ka/MSRVTT_JSFUSION_test.csv"),
            vec!["annotations", "msrvtt", "score retrieval"],
        ),
        (fixtures.join("manifest/spans.csv"), vec!["annotations", "manifest", "corpus check"]),
        (
            file("highlight_val.jsonl", &format!("{highlights}\n{other}\n")),
            vec![
                "qvhighlights",
                "2 queries over 2 videos, with 4 windows",
                "locvtp corpus check",
                "locvtp score grounding --predictions FILE --truth",
            ],
        ),
        (file("one.jsonl", &highlights), vec!["1 query over 1 video, with 2 windows"]),
        (
            file("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nhello there\n\n"),
            vec!["annotations", "subtitles", "1 caption over 1 video", "corpus check"],
        ),
        (
            file(
                "activity_net.json",
                r#"{"database": {"a": {"annotations": [{"segment": [0, 2], "label": "x"}]}}}"#,
            ),
            vec!["labels of actions", "ActivityNet Captions"],
        ),
        (
            file("Charades_v1_test.csv", "id,subject,script,actions,length\n"),
            vec!["Charades' table of scripts", "charades_sta_test.txt"],
        ),
        (
            file("predicted.jsonl", "{\"video\": \"a\", \"query\": 0, \"spans\": [[0, 1]]}\n"),
            vec!["predictions", "grounding", "1 line\n", "score grounding --predictions"],
        ),
        (
            file("ranked.jsonl", "{\"sentence\": \"a\", \"ranked\": [\"b\"]}\n{}\n"),
            vec!["predictions", "retrieval", "2 lines"],
        ),
    ];
    for (path, pieces) in files {
        let said = inspected(&path);
        says(&said, &pieces);
        assert!(!said.contains(": video\n") && !said.contains("pixels"), "{said}");
    }
    let text = file("notes.txt", &"A line of notes.\n".repeat(500));
    says(&refused(&run(&["inspect", str(&text)])), &["notes.txt", "no kind that is known"]);
}

#[test]
fn features_that_cannot_be_used_are_told_and_the_names_are_of_those_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("good.npy", &npy_bytes(2, 2, [1.0, 2.0, 3.0, 4.0]));
    says(&inspected(folder.path()), &["1: good\n", "2, 2 a video"]);
    let cut = npy_bytes(2, 2, [0.0; 4]);
    write("a_cut.npy", &cut[..cut.len() - 3]);
    write("b_nan.npy", &npy_bytes(1, 2, [f32::NAN; 2]));
    write("c_empty.npy", &npy_bytes(0, 2, []));
    let said = inspected(folder.path());
    says(&said, &["1: good\n", "2, 2 a video", "3 videos; the first: ", "a_cut.npy", "cut off"]);
    // One of them alone.
    let nan = folder.path().join("b_nan.npy");
    says(&inspected(&nan), &["an .npy of one video", "none that can be used", "1 video; ", "NaN"]);
}

#[test]
fn two_files_of_one_video_in_a_folder_are_told_as_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("a.npy", &npy_bytes(2, 2, [1.0, 2.0, 3.0, 4.0]));
    write("a.npz", b"PK");
    write("readme.txt", b"x");
    let said = refused(&run(&["inspect", str(folder.path())]));
    says(&said, &["a.npy", "a.npz", "of the same video", "leave one of them out"]);
    assert!(!said.contains("looked for"), "{said}");
}

#[test]
fn damaged_spans_of_a_feature_file_are_told_and_its_pixels_are_in_words() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["made.h5", "made.safetensors"] {
        let out = folder.path().join(name);
        let provenance = Provenance {
            model: "models/mine".into(),
            preprocessing: serde_json::to_string(&Preprocessing::default()).unwrap(),
            ..Provenance::default()
        };
        let mut store = FeatureStore::open(&out, "c3d_features", provenance, false).unwrap();
        for (id, damaged) in [("a", vec![]), ("b", vec![TimeSpan::new(1.0, 2.5)])] {
            store.push(id, &[TimeSpan::new(0.0, 1.0)], &[0.5, 0.25]).unwrap();
            store.video_done(id, VideoSource { damaged, ..VideoSource::default() }).unwrap();
        }
        store.finish().unwrap();
        let said = inspected(&out);
        says(
            &said,
            &[
                "2: a, b\n",
                "1 video, 1.50 s missing or damaged: b at 1.00-2.50 s",
                "short side to 256, bilinear",
            ],
        );
        assert!(!said.contains('{'), "{said}");
    }
}
