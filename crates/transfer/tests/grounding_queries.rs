//! Queries from annotation files joined with features: what is asked, and what is left out and
//! counted.

#![expect(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use locvtp_transfer::TaskObserver;
use locvtp_transfer::TransferError;
use locvtp_transfer::inputs::{ClipFeatures, FeatureSection};
use locvtp_transfer::tasks::Task;
use locvtp_transfer::tasks::TaskFile;
use locvtp_transfer::tasks::grounding::GroundingError;
use locvtp_transfer::tasks::grounding::QueryParts;
use locvtp_transfer::tasks::grounding::QuerySection;
use locvtp_transfer::tasks::grounding::{SentenceWords, WordSection};
use locvtp_video::{Seconds, TimeSpan};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Features in 2D-TAN's layout of ActivityNet Captions: a group a video; `(id, clips, width)`.
    fn features(&self, videos: &[(&str, usize, usize)]) -> ClipFeatures {
        let path = self.0.path().join("features.hdf5");
        let file = hdf5::File::create(&path).unwrap();
        for (id, clips, width) in videos {
            let group = file.create_group(id).unwrap();
            let dataset = group.new_dataset::<f32>().shape([*clips, *width]);
            let dataset = dataset.create("c3d_features").unwrap();
            dataset.write_raw(&vec![0.5f32; clips * width]).unwrap();
        }
        drop(file);
        open(&path)
    }

    fn words(&self, vectors: &str, parts: &QueryParts) -> SentenceWords {
        let glove = Some(self.write("glove.txt", vectors));
        let section = WordSection { glove, ..WordSection::default() };
        section.read(&parts.sentences(), &Device::flex()).unwrap()
    }
}

fn open(path: &Path) -> ClipFeatures {
    let section = FeatureSection { file: path.to_owned(), ..FeatureSection::default() };
    section.open(&Device::flex(), &mut ()).unwrap()
}

#[derive(Default)]
struct Warnings(Vec<String>);

impl TaskObserver for Warnings {
    fn warning(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

/// Two videos with features (one called without `v_` there), one without, one without clips; a span of
/// no length, one that ends after its video, a repeated query, and one of unknown words.
const ANNOTATIONS: &str = r#"{
    "v_a": {"duration": 10.0, "timestamps": [[1, 4], [5, 5], [6, 20], [1, 4]],
            "sentences": ["a red disc", "nothing", " it grows\n", "a red disc"]},
    "v_b": {"duration": 8.0, "timestamps": [[0, 2], [2, 3]], "sentences": ["zyx wvu", "a disc"]},
    "v_missing": {"duration": 8.0, "timestamps": [[0, 2], [1, 2]], "sentences": ["one", "two"]},
    "v_empty": {"duration": 8.0, "timestamps": [[0, 2]], "sentences": ["three"]}
}"#;

const VECTORS: &str = "red 1 0\ndisc 0 1\nit 1 1\n";

fn count(parts: &QueryParts, name: &str) -> Option<usize> {
    parts.counts.iter().find(|(known, _)| known == name).map(|(_, count)| *count)
}

#[test]
fn what_cannot_be_asked_is_left_out_and_counted() {
    let folder = Folder::new();
    let features = folder.features(&[("v_a", 3, 4), ("b", 2, 4), ("v_empty", 0, 4)]);
    let test = Some(folder.write("val_2.json", ANNOTATIONS));
    let section = QuerySection { test, ..QuerySection::default() };
    let mut warnings = Warnings::default();
    let parts = QueryParts::read(&section, &features, &mut warnings).unwrap();
    let words = folder.words(VECTORS, &parts);
    let parts = parts.keep_known_words(&words).unwrap();
    let asked: Vec<(&str, &str)> =
        parts.test.iter().map(|query| (query.features.as_str(), query.sentence.as_str())).collect();
    let expected =
        [("v_a", "a red disc"), ("v_a", "a red disc"), ("v_a", "it grows"), ("b", "a disc")];
    assert_eq!(asked, expected);
    assert_eq!(parts.test[2].windows, [TimeSpan::new(6.0, 10.0)], "cut to the video");
    assert_eq!((parts.test[3].video.as_str(), parts.test[3].duration), ("v_b", Seconds(8.0)));
    for (name, expected) in [
        ("test: left out, end not after start", 1),
        ("test: left out, no features", 2),
        ("test: left out, features of no clip", 1),
        ("test: left out, no known word", 1),
        ("test: stand there more than once, and stay", 1),
        ("test: queries", 4),
    ] {
        assert_eq!(count(&parts, name), Some(expected), "{name}: {:?}", parts.counts);
    }
    assert_eq!(parts.counts.len(), 6, "{:?}", parts.counts);
    assert!(warnings.0[0].contains("v_missing"), "{:?}", warnings.0);
}

#[test]
fn parts_are_given_told_by_their_subset_or_drawn() {
    let folder = Folder::new();
    let features = folder.features(&[("a", 3, 4), ("b", 2, 4), ("c", 2, 4), ("d", 2, 4)]);
    let line = |id: &str, subset: &str| {
        format!(
            "{{\"path\": \"{id}.mp4\", \"start\": 1, \"end\": 2, \"text\": \"a disc\", \"duration\": 9, \"subset\": \"{subset}\"}}\n"
        )
    };
    let lines = [("a", "train"), ("b", "val"), ("c", "test"), ("d", "train")];
    let all: String = lines.iter().map(|(id, subset)| line(id, subset)).collect();
    let file = folder.write("mine.jsonl", &all);
    let videos = |queries: &[locvtp_transfer::tasks::grounding::Query]| -> Vec<String> {
        queries.iter().map(|query| query.features.clone()).collect()
    };
    // One file for several parts: its own word for each video decides.
    let section = QuerySection {
        train: Some(file.clone()),
        validation: Some(file.clone()),
        test: Some(file.clone()),
        ..QuerySection::default()
    };
    let parts = QueryParts::read(&section, &features, &mut ()).unwrap();
    assert_eq!(videos(&parts.train), ["a", "d"]);
    assert_eq!(
        (videos(&parts.validation), videos(&parts.test)),
        (vec!["b".into()], vec!["c".into()])
    );
    // One file for one part: all of it; shares of its videos are drawn, the same each time.
    let section = QuerySection {
        train: Some(file),
        validation_share: 0.25,
        test_share: 0.25,
        ..QuerySection::default()
    };
    let read = || QueryParts::read(&section, &features, &mut ()).unwrap();
    let parts = read();
    assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (2, 1, 1));
    let mut together =
        [videos(&parts.train), videos(&parts.validation), videos(&parts.test)].concat();
    together.sort();
    assert_eq!(together, ["a", "b", "c", "d"]);
    assert_eq!(parts, read());
}

#[test]
fn a_part_without_queries_and_features_of_two_widths_are_errors() {
    let folder = Folder::new();
    let test = Some(folder.write("val_2.json", ANNOTATIONS));
    let section = QuerySection { test, ..QuerySection::default() };
    let none = folder.features(&[("somebody", 3, 4)]);
    let error = QueryParts::read(&section, &none, &mut ()).unwrap_err();
    assert!(
        matches!(error, TransferError::Grounding(GroundingError::NoQueries { part: "test", .. })),
        "{error}"
    );
    assert!(error.to_string().contains("no features: 8"), "{error}");
    drop(none);
    let folder = Folder::new();
    let two = folder.features(&[("v_a", 3, 4), ("v_b", 3, 5)]);
    let error = QueryParts::read(&section, &two, &mut ()).unwrap_err().to_string();
    for piece in ["features.hdf5", "v_a", "v_b", "4", "5"] {
        assert!(error.contains(piece), "{error}");
    }
}

#[test]
fn every_grounding_task_file_of_the_repository_can_be_used() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/tasks");
    let mut heads = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("grounding_") {
            let file = TaskFile::read(&path, &[]).unwrap();
            let task = file.task().unwrap_or_else(|e| panic!("{name}: {e}"));
            let Task::Grounding(task) = task else { panic!("{name} is of another task") };
            heads.push(format!("{:?} {:?}", task.grounding.head, task.grounding.dataset));
            let first = std::fs::read_to_string(&path).unwrap().lines().next().unwrap().to_owned();
            let command = format!("# locvtp transfer configs/tasks/{name} --run ");
            assert!(first.starts_with(&command), "{name} opens with the command that uses it");
        }
    }
    heads.sort();
    heads.dedup();
    assert!(heads.len() >= 9, "{heads:?}");
}
