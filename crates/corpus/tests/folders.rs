//! Folders of videos as people have them: every ending, files without captions, captions past the end.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::Path;

use locvtp_corpus::{AnnotatedCorpus, Corpus, CorpusReader, FileLookup, Layout, ReadSettings};

const SRT: &str = "1\n00:00:00,500 --> 00:00:02,000\nhello\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn left(path: &Path, settings: &ReadSettings, lookup: FileLookup) -> String {
    let reader = CorpusReader::new(path, settings, lookup).unwrap();
    for source in reader.sources() {
        reader.read(source, &mut Vec::new()).unwrap();
    }
    reader.left_files().map_or(String::new(), |left| left.to_string())
}

#[test]
fn captions_find_their_video_whatever_a_camera_calls_it() {
    for ending in ["MTS", "m2ts", "ogv", "vob", "asf", "3g2", "mxf", "dv", "mod", "rmvb", "F4V"] {
        let dir = folder(&[(&format!("clip1.{ending}"), ""), ("clip1.srt", SRT)]);
        let (corpus, _) = AnnotatedCorpus::open(dir.path(), &ReadSettings::default()).unwrap();
        assert_eq!(corpus.videos()[0].media.path(), dir.path().join(format!("clip1.{ending}")));
    }
}

#[test]
fn what_is_left_of_a_folder_is_named_and_counted() {
    let dir = folder(&[
        ("a.mp4", ""),
        ("a.srt", SRT),
        ("b.MTS", ""),
        ("deep/c.ogv", ""),
        ("song.mp3", ""),
        ("cover.jpg", ""),
        ("._a.mp4", ""),
    ]);
    let settings = ReadSettings::default();
    let expected = "2 videos without captions (b.MTS, c.ogv); passed over: 1 .jpg, 1 .mp3";
    assert_eq!(left(dir.path(), &settings, FileLookup::WhereThereIsAFolder), expected);
    let (_, report) = AnnotatedCorpus::open(dir.path(), &settings).unwrap();
    assert!(report.to_string().ends_with(expected), "{report}");
}

#[test]
fn videos_that_annotations_do_not_describe_are_named_unless_a_part_was_asked_for() {
    let dir = folder(&[
        ("val_1.json", r#"{"v_a": {"duration": 9, "timestamps": [[0, 1]], "sentences": ["x"]}}"#),
        ("videos/a.mkv", ""),
        ("videos/b.mkv", ""),
        ("videos/notes.pdf", ""),
    ]);
    let whole = ReadSettings::default();
    let expected = "1 video without captions (b.mkv); passed over: 1 .pdf";
    assert_eq!(left(dir.path(), &whole, FileLookup::Always), expected);
    let part = ReadSettings { subset: Some(locvtp_corpus::Subset::Validation), ..whole };
    assert_eq!(left(dir.path(), &part, FileLookup::Always), "passed over: 1 .pdf");
}

#[test]
fn a_folder_of_videos_alone_is_a_corpus_without_captions() {
    let dir = folder(&[("clip1.MTS", ""), ("b/clip2.mp4", ""), ("song.mp3", "")]);
    let settings = ReadSettings::default();
    let reader = CorpusReader::new(dir.path(), &settings, FileLookup::Always).unwrap();
    assert_eq!(reader.sources()[0].layout, Layout::Subtitles);
    let expected = "2 videos without captions (clip2.mp4, clip1.MTS); passed over: 1 .mp3";
    assert_eq!(left(dir.path(), &settings, FileLookup::Always), expected);
    let error = AnnotatedCorpus::open(dir.path(), &settings).unwrap_err().to_string();
    assert!(error.contains(expected) && error.contains(".srt"), "{error}");
    let error = CorpusReader::new(&dir.path().join("clip1.MTS"), &settings, FileLookup::Always);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("is a video") && error.contains("its folder"), "{error}");

    let pictures = folder(&[("a.jpg", ""), ("b.mp3", "")]);
    let error = CorpusReader::new(pictures.path(), &settings, FileLookup::Always).unwrap_err();
    assert!(error.to_string().contains("no corpus is recognised"), "{error}");
}
