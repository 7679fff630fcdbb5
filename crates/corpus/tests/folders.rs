//! Folders of videos as people have them: every ending, files without captions, captions past the end.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::Path;

use locvtp_corpus::{
    AnnotatedCorpus, Corpus, CorpusReader, FileLookup, Layout, ManifestWriter, ReadSettings,
};

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

/// The taken layouts of a folder, and the notes.
fn looked_through(path: &Path, layout: Option<Layout>) -> (Vec<Layout>, String) {
    let settings = ReadSettings { layout, ..ReadSettings::default() };
    let reader = CorpusReader::new(path, &settings, FileLookup::WhereThereIsAFolder).unwrap();
    let mut notes = Vec::new();
    for source in reader.sources() {
        notes.extend(reader.read(source, &mut Vec::new()).unwrap().notes);
    }
    (reader.sources().iter().map(|source| source.layout).collect(), notes.join("\n"))
}

/// Writes the list of a folder, as `corpus check --list` does.
fn list(corpus: &Path, list: &Path) {
    let settings = ReadSettings::default();
    let reader = CorpusReader::new(corpus, &settings, FileLookup::WhereThereIsAFolder).unwrap();
    let mut writer = ManifestWriter::create(list).unwrap();
    for source in reader.sources() {
        reader.read(source, &mut writer).unwrap();
    }
    writer.left_out("c.mp4", "video without captions");
    writer.finish().unwrap();
}

#[test]
fn a_list_that_this_program_wrote_into_a_corpus_is_not_taken_for_it() {
    let dir = folder(&[("a.mp4", ""), ("a.srt", SRT), ("b.mp4", ""), ("b.srt", SRT)]);
    let path = dir.path().join("l.jsonl");
    list(dir.path(), &path);
    // Since then more was said.
    std::fs::write(dir.path().join("b.srt"), SRT.replace("hello", "later")).unwrap();
    let (layouts, notes) = looked_through(dir.path(), None);
    assert_eq!(layouts, [Layout::Subtitles]);
    assert!(notes.contains("taken: words beside videos; passed over: l.jsonl (a list"), "{notes}");
    let (corpus, report) = AnnotatedCorpus::open(dir.path(), &ReadSettings::default()).unwrap();
    assert_eq!(corpus.videos()[1].captions[0].text, "later");
    assert!(report.to_string().contains("passed over: l.jsonl"), "{report}");
    // Named itself it is a manifest.
    let (layouts, notes) = looked_through(&path, None);
    assert_eq!((layouts, notes.as_str()), (vec![Layout::Manifest], ""));
    // A list of nothing but what was dropped, and one in a folder of its own.
    let lines = "{\"dropped\":\"text is empty\",\"video\":\"a\",\"caption\":0}\n";
    std::fs::write(&path, lines).unwrap();
    assert_eq!(looked_through(dir.path(), None).0, [Layout::Subtitles]);
    let alone = folder(&[("l.jsonl", lines)]);
    for layout in [None, Some(Layout::Manifest)] {
        let settings = ReadSettings { layout, ..ReadSettings::default() };
        let error = CorpusReader::new(alone.path(), &settings, FileLookup::Never).unwrap_err();
        assert!(error.to_string().contains("l.jsonl: is a list that `locvtp"), "{error}");
    }
}

#[test]
fn what_else_this_program_writes_is_no_corpus_either() {
    let dir = folder(&[
        ("a.mp4", ""),
        ("a.srt", SRT),
        ("runs/x/log.jsonl", "{\"step\": 1, \"loss\": 2.5}\n"),
        ("predictions.jsonl", "{\"video\":\"a\",\"sentence\":\"x\",\"spans\":[[0.0,1.0]]}\n"),
        (
            "answers.jsonl",
            "{\"qid\":1,\"query\":\"x\",\"vid\":\"a\",\"pred_relevant_windows\":[]}\n",
        ),
        ("shards/00000.tar", ""),
    ]);
    let (layouts, notes) = looked_through(dir.path(), None);
    assert_eq!(layouts, [Layout::Subtitles]);
    assert!(notes.contains("passed over: shards (shards)"), "{notes}");
    assert!(!notes.contains("jsonl"), "{notes}");
    assert_eq!(looked_through(dir.path(), Some(Layout::Shards)).0, [Layout::Shards]);
}

#[test]
fn of_several_layouts_in_a_folder_it_is_told_which_was_taken() {
    let manifest = "path,start,end,text\na.mp4,0,1,cut\n";
    let lines = "{\"path\": \"a.mp4\", \"start\": 0, \"end\": 1, \"text\": \"stir\"}\n";
    let dir = folder(&[
        ("a.mp4", ""),
        ("a.srt", SRT),
        ("spans.csv", manifest),
        ("mine.jsonl", lines),
        ("0.tar", ""),
    ]);
    let (layouts, notes) = looked_through(dir.path(), None);
    assert_eq!(layouts, [Layout::Manifest, Layout::Manifest]);
    let told = "taken: mine.jsonl (manifest), spans.csv (manifest); passed over: ";
    assert!(notes.contains(told) && notes.contains("words beside videos"), "{notes}");
    assert!(notes.contains("(shards)"), "{notes}");
    assert_eq!(
        looked_through(dir.path(), Some(Layout::Subtitles)),
        (vec![Layout::Subtitles], String::new())
    );
    // HowTo100M's caption file goes before everything else.
    let captions = r#"{"a": {"start": [0], "end": [1], "text": ["x"]}}"#;
    std::fs::write(dir.path().join("caption.json"), captions).unwrap();
    let (layouts, notes) = looked_through(dir.path(), None);
    assert_eq!(layouts, [Layout::HowTo100m]);
    for other in ["spans.csv (manifest)", "mine.jsonl (manifest)", "words beside videos"] {
        assert!(notes.contains(other), "{notes}");
    }
    assert_eq!(looked_through(dir.path(), Some(Layout::Manifest)).0, [Layout::Manifest; 2]);
    // Deeper ones, too.
    let deep = folder(&[("a/x.mp4", ""), ("a/x.srt", SRT), ("b/spans.csv", manifest)]);
    let (layouts, notes) = looked_through(deep.path(), None);
    assert_eq!(layouts, [Layout::Manifest]);
    assert!(notes.contains("b/spans.csv (manifest); passed over: words beside videos"), "{notes}");
    // Words in several folders are said once.
    std::fs::write(deep.path().join("b/y.mp4"), "").unwrap();
    std::fs::write(deep.path().join("b/y.srt"), SRT).unwrap();
    let (_, notes) = looked_through(deep.path(), None);
    assert_eq!(notes.matches("words beside videos").count(), 1, "{notes}");
}

#[test]
fn a_manifest_without_the_names_of_its_columns_is_named_and_not_passed_over_without_a_word() {
    let rows = ("spans.csv", "a.mp4,0,1,cut\n");
    let dir = folder(&[("a.mp4", ""), rows]);
    let error = CorpusReader::new(dir.path(), &ReadSettings::default(), FileLookup::Always);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("spans.csv") && error.contains("path,start,end,text"), "{error}");
    let dir = folder(&[("a.mp4", ""), ("a.srt", SRT), rows]);
    let (layouts, notes) = looked_through(dir.path(), None);
    assert_eq!(layouts, [Layout::Subtitles]);
    assert!(notes.contains("passed over: spans.csv (a table without the names"), "{notes}");
}
