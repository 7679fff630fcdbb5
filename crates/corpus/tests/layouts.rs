//! Every layout, read from small files in the official formats: what is found, what is repaired,
//! what is dropped and why. The folders are recognised without being told what they hold.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::{Path, PathBuf};

use locvtp_corpus::layouts::Taxonomy;
use locvtp_corpus::{
    AnnotatedCorpus, Corpus, CorpusError, CorpusReader, DropReason, FileLookup, Layout,
    ManifestWriter, MediaCheck, NarratedVideo, NarrationCare, ReadReport, ReadSettings, Repair,
    ShardSettings, Subset, check_media,
};
use locvtp_video::{Seconds, TimeSpan, VideoOpener};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A source: its layout and file, and what was read from it.
struct Read {
    layout: Layout,
    file: String,
    videos: Vec<NarratedVideo>,
    report: ReadReport,
}

fn read_with(path: &Path, settings: &ReadSettings) -> Vec<Read> {
    let reader = CorpusReader::new(path, settings, FileLookup::WhereThereIsAFolder).unwrap();
    let read = |source: &locvtp_corpus::Source| {
        let mut videos = Vec::new();
        let report = reader.read(source, &mut videos).unwrap();
        let file = source.path.file_name().unwrap().to_string_lossy().into_owned();
        Read { layout: source.layout, file, videos, report }
    };
    reader.sources().iter().map(read).collect()
}

fn read(name: &str) -> Vec<Read> {
    read_with(&fixture(name), &ReadSettings::default())
}

/// (file, videos, captions) of every source.
fn counts(read: &[Read]) -> Vec<(&str, usize, usize)> {
    read.iter().map(|r| (r.file.as_str(), r.report.videos, r.report.captions)).collect()
}

fn video<'a>(read: &'a Read, id: &str) -> &'a NarratedVideo {
    let found = read.videos.iter().find(|video| video.id == id);
    found.unwrap_or_else(|| panic!("no {id} in {:?}", read.videos))
}

fn texts(video: &NarratedVideo) -> Vec<&str> {
    video.captions.iter().map(|caption| caption.text.as_str()).collect()
}

#[test]
fn howto100m_as_one_json() {
    let [read] = &read("howto100m")[..] else { panic!("one source") };
    assert_eq!((read.layout, read.file.as_str()), (Layout::HowTo100m, "caption.json"));
    // Captions: 4 + 2 + 2 + 1. One ends at its start, one is NaN, one has no end.
    assert_eq!((read.report.videos, read.report.captions, read.report.listed_captions), (3, 6, 9));
    assert_eq!(read.report.dropped[&DropReason::EndNotAfterStart], 1);
    assert_eq!(read.report.dropped[&DropReason::TextIsNoString], 1);
    assert_eq!(read.report.dropped[&DropReason::TimeIsNoNumber], 1);
    assert_eq!(read.report.dropped[&DropReason::VideoWithoutCaptions], 1);
    assert_eq!((read.report.sorted_videos, read.report.faults()), (1, 4));
    // 2.7 + 2.6 + 3.9 + 4.25 + 4 + 3 s; 4 + 3 + 3 + 3 + 2 + 2 words.
    assert!((read.report.captions_s - 20.45).abs() < 1e-9, "{}", read.report.captions_s);
    assert_eq!(read.report.words, 17);
    let sorted = video(read, "Kd8FEiDqz3Y");
    assert_eq!(texts(sorted), ["first coat", "second coat"]);
    assert_eq!(sorted.captions[0].id, 1, "the number is the place in the file");
}

#[test]
fn a_list_and_care_for_narration_choose_what_is_read_of_howto100m() {
    let settings = ReadSettings {
        list: Some(fixture("howto100m/mil_nce_list.csv")),
        narration: NarrationCare::rolling(),
        ..ReadSettings::default()
    };
    let [read] = &read_with(&fixture("howto100m"), &settings)[..] else { panic!("one source") };
    assert_eq!((read.report.videos, read.report.not_asked_for), (2, 2));
    let rolling = video(read, "nVbIUDjzWY4");
    assert_eq!(texts(rolling), ["hey guys today paint", "motorcycle", "motorcycle tank first"]);
    // "today paint" ends what was said; one word, "motorcycle", is chance. 3.0..5.6 lacks 1.4 s.
    assert_eq!(read.report.repaired[&Repair::RepeatRemoved], 1);
    let span = rolling.captions[1].span;
    assert!((span.start.0 - 2.3).abs() < 1e-9 && (span.end.0 - 6.3).abs() < 1e-9, "{span}");
}

#[test]
fn howto100m_as_one_csv_a_video_and_zipped() {
    let [read] = &read("howto100m_csv")[..] else { panic!("one source") };
    assert_eq!(counts(std::slice::from_ref(read)), [("howto100m_csv", 2, 3)]);
    assert_eq!(texts(video(read, "nVbIUDjzWY4"))[1], "today paint, motorcycle");
    assert_eq!(read.report.dropped[&DropReason::TextIsEmpty], 1);
    assert_eq!(read.report.dropped[&DropReason::TextIsNoString], 1);
    assert_eq!(read.report.dropped[&DropReason::TimeIsNoNumber], 1);

    let dir = tempfile::tempdir().unwrap();
    let zipped = dir.path().join("howto100m_captions.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&zipped).unwrap());
    for name in ["nVbIUDjzWY4.csv", "Kd8FEiDqz3Y.csv"] {
        let name_inside = format!("howto100m_captions/{name}");
        archive.start_file(name_inside, zip::write::SimpleFileOptions::default()).unwrap();
        let bytes = std::fs::read(fixture("howto100m_csv").join(name)).unwrap();
        std::io::Write::write_all(&mut archive, &bytes).unwrap();
    }
    archive.finish().unwrap();
    let [same] = &read_with(dir.path(), &ReadSettings::default())[..] else { panic!("one") };
    assert_eq!((same.layout, same.file.as_str()), (Layout::HowTo100m, "howto100m_captions.zip"));
    let mut videos = same.videos.clone();
    videos.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(videos, read.videos);
}

#[test]
fn webvid() {
    let read = read("webvid");
    assert_eq!(counts(&read), [("results_2M_train.csv", 3, 3), ("results_2M_val.csv", 1, 1)]);
    let fox = video(&read[0], "1066674784");
    assert_eq!(texts(fox), ["Red fox, running in \"deep\" snow"]);
    assert_eq!(fox.captions[0].span, TimeSpan::new(0.0, 19.0));
    assert_eq!((fox.subset, fox.task.as_deref()), (Some(Subset::Train), Some("000001_000050")));
    assert_eq!(video(&read[0], "21179416").captions[0].span.end.0, 70.0);
    assert!(video(&read[0], "6").captions[0].is_whole_video());
    assert_eq!(read[0].report.captions_s, 89.0, "an unknown length counts nothing");
    assert_eq!(read[0].report.dropped[&DropReason::TextIsEmpty], 1);
    assert_eq!(read[1].videos[0].subset, Some(Subset::Validation));
    assert_eq!(texts(&read[1].videos[0]), ["Café at night"]);
}

#[test]
fn cc3m() {
    let read = read("cc3m");
    assert_eq!(read.iter().map(|r| r.report.videos).collect::<Vec<_>>(), [2, 1]);
    // zlib.crc32(b"http://example.org/bus.jpg")
    let bus = video(&read[0], "4269213682");
    assert_eq!(texts(bus), ["a very typical bus station"]);
    assert!(bus.captions[0].is_whole_video());
    assert_eq!(read[0].report.dropped[&DropReason::NotUnderstood], 1);
    assert_eq!(read[1].videos[0].subset, Some(Subset::Validation));
    assert_eq!(texts(&read[1].videos[0]), ["author : a life in photography -- in \"pictures\""]);
}

#[test]
fn a_picture_is_a_video_of_one_frame_whatever_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let url = "http://example.org/bus.jpg";
    let list = dir.path().join("Train_GCC-training.tsv");
    std::fs::write(&list, format!("a bus station\t{url}\na gone picture\thttp://gone\n")).unwrap();
    let file = dir.path().join("training/4269213682");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    let mut encoder = png::Encoder::new(std::fs::File::create(&file).unwrap(), 40, 30);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[90; 40 * 30 * 3]).unwrap();
    let (corpus, report) = AnnotatedCorpus::open(&list, &ReadSettings::default()).unwrap();
    assert_eq!(report.dropped[&DropReason::VideoFileMissing], 1);
    let [picture] = corpus.videos() else { panic!("{report}") };
    assert_eq!(picture.media.path(), file);
    let found = check_media(picture, MediaCheck::All, &VideoOpener::default()).unwrap();
    let end = found.end;
    assert_eq!(found.video.captions[0].span, TimeSpan { start: Seconds(0.0), end });
    assert!(end.0 > 0.0 && end.0 < 1.0, "{end}");
}

#[test]
fn msrvtt_as_published() {
    let read = read("msrvtt");
    assert_eq!(
        counts(&read),
        [("test_videodatainfo.json", 1, 2), ("train_val_videodatainfo.json", 3, 9)]
    );
    let first = video(&read[1], "video0");
    assert_eq!((first.subset, first.task.as_deref()), (Some(Subset::Train), Some("9")));
    assert_eq!(video(&read[1], "video6513").subset, Some(Subset::Validation));
    assert_eq!(read[0].videos[0].subset, Some(Subset::Test));
    let caption = &first.captions[2];
    assert!((caption.span.end.0 - 11.72).abs() < 1e-9, "{}", caption.span);
    assert_eq!((caption.id, caption.text.as_str()), (2, "a person does thing 0 in way 2, slowly"));
}

#[test]
fn msrvtt_with_the_1k_a_split_and_frozens_pack() {
    let read = read("msrvtt_1ka");
    let expected = [
        ("MSRVTT_JSFUSION_test.csv", 2, 2),
        ("MSRVTT_train.7k.csv", 2, 4),
        ("MSRVTT_train.9k.csv", 4, 8),
    ];
    assert_eq!(counts(&read), expected);
    assert_eq!(
        texts(video(&read[0], "video9770")),
        ["a person is connecting something, to system"]
    );
    assert_eq!(read[0].videos[0].subset, Some(Subset::Test));
    assert!(read[2].videos.iter().all(|video| video.subset == Some(Subset::Train)));

    let settings = ReadSettings::default();
    let lists = read_with(&fixture("msrvtt_frozen/high-quality/structured-symlinks"), &settings);
    assert_eq!(
        counts(&lists),
        [("train_list_jsfusion.txt", 2, 4), ("val_list_jsfusion.txt", 1, 2)]
    );
    let all = read_with(&fixture("msrvtt_frozen/annotation"), &settings);
    assert_eq!(counts(&all), [("MSR_VTT.json", 3, 6)]);
}

#[test]
fn activitynet_captions() {
    let read = read("activitynet");
    assert_eq!(counts(&read), [("train.json", 2, 4), ("val_1.json", 1, 2), ("val_2.json", 1, 2)]);
    let dance = video(&read[0], "v_QOlSCBRmfWY");
    assert_eq!(dance.captions[2].span, TimeSpan::new(56.26, 82.73));
    assert_eq!(dance.captions[1].text, "The girl dances around the room.");
    assert_eq!(read[0].report.repaired[&Repair::EndClipped], 1);
    assert_eq!(read[0].report.repaired[&Repair::TextTrimmed], 2);
    assert_eq!(read[0].report.dropped[&DropReason::EndNotAfterStart], 1);
    let subsets: Vec<_> = read.iter().map(|read| read.videos[0].subset.unwrap()).collect();
    assert_eq!(subsets, [Subset::Train, Subset::Validation, Subset::Test]);
    assert_eq!(texts(&read[2].videos[0]), ["First.", "Second."]);
    assert_eq!(read[2].report.sorted_videos, 1);
}

#[test]
fn charades_sta_with_the_lengths_of_charades() {
    let read = read("charades");
    assert_eq!(counts(&read), [("charades_sta_test.txt", 1, 2), ("charades_sta_train.txt", 2, 3)]);
    assert_eq!(read[0].videos[0].captions[1].text, "person flipped the switch # twice.");
    assert_eq!(read[1].report.repaired[&Repair::EndClipped], 1);
    assert_eq!(video(&read[1], "Y6R7T").captions[1].span.end.0, 31.0);
    // 34 to 36 s of a video of 33.67 s.
    assert_eq!(read[1].report.dropped[&DropReason::AfterTheVideo], 1);
    assert!(read.iter().all(|read| read.report.notes.is_empty()));
}

#[test]
fn tacos_in_frames() {
    let read = read("tacos");
    assert_eq!(counts(&read), [("test.json", 1, 1), ("train.json", 1, 3)]);
    let cucumber = video(&read[1], "s17-d69.avi");
    assert!((cucumber.duration.unwrap().0 - 423.061_224).abs() < 1e-6);
    assert_eq!(cucumber.captions[2].span.end, cucumber.duration.unwrap());
    assert_eq!(read[1].report.repaired[&Repair::FramesToSeconds], 3);
    assert_eq!(read[1].report.repaired[&Repair::EndClipped], 1);
    assert_eq!(read[0].report.dropped[&DropReason::EndNotAfterStart], 1);
}

#[test]
fn crosstask_with_tasks_intervals_and_constraints() {
    let read = read("crosstask");
    assert_eq!(counts(&read), [("crosstask_constraints", 1, 1), ("annotations", 3, 5)]);
    let annotated = &read[1];
    let jello = video(annotated, "4Sqh-PlUzeo");
    assert_eq!(texts(jello), ["pour water", "stir mixture", "pour water"]);
    assert_eq!(jello.captions.iter().map(|caption| caption.id).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!((jello.subset, jello.task.as_deref()), (Some(Subset::Train), Some("23521")));
    assert_eq!(video(annotated, "F_RqIbDrXDc").subset, Some(Subset::Validation));
    // A step that the task has not, an interval backwards, a video of a related task.
    assert_eq!(annotated.report.dropped[&DropReason::NotUnderstood], 1);
    assert_eq!(annotated.report.dropped[&DropReason::EndNotAfterStart], 1);
    assert_eq!(annotated.report.dropped[&DropReason::VideoWithoutCaptions], 1);
    assert!(annotated.report.notes[0].contains("of 1 video in"), "{:?}", annotated.report.notes);

    let tasks = fixture("crosstask/crosstask_release/tasks_primary.txt");
    let (tasks, broken) = locvtp_corpus::layouts::read_tasks(&tasks).unwrap();
    assert_eq!((tasks.len(), broken.len()), (2, 0));
    assert_eq!(tasks[1].steps, ["cut shelve", "attach shelve"]);
}

#[test]
fn coin_and_its_taxonomy() {
    let read = read("coin");
    assert_eq!(counts(&read), [("COIN.json", 2, 3)]);
    let drive = video(&read[0], "OVv2Q1jZ5Jc");
    assert_eq!(drive.task.as_deref(), Some("ReplaceCDDriveWithSSD"));
    assert_eq!((drive.captions[1].id, drive.captions[1].span.end.0), (216, 69.36));
    assert_eq!(video(&read[0], "1aBcDeFgHiJ").subset, Some(Subset::Test));
    assert_eq!(read[0].report.dropped[&DropReason::VideoWithoutCaptions], 1);

    let taxonomy = Taxonomy::read(&fixture("coin/taxonomy.xlsx")).unwrap();
    assert_eq!((taxonomy.steps.len(), taxonomy.num_tasks()), (4, 2));
    assert_eq!(taxonomy.steps[&212].label, drive.captions[0].text);
    assert_eq!(taxonomy.steps[&5].label, "boil water & wait");
    assert_eq!(taxonomy.steps[&6].task_label, "MakeTea");
    let error = Taxonomy::read(&fixture("coin/COIN.json")).unwrap_err().to_string();
    assert!(error.contains("target_action_mapping"), "{error}");
}

#[test]
fn youcook2_and_the_clips_mil_nce_evaluates() {
    let read = read("youcook2");
    assert_eq!(counts(&read), [("youcookii_annotations_trainval.json", 2, 3)]);
    let bacon = video(&read[0], "xHr8X2Wpmno");
    assert_eq!((bacon.subset, bacon.task.as_deref()), (Some(Subset::Train), Some("113")));
    assert_eq!(bacon.captions[1].span, TimeSpan::new(84.0, 100.0));
    let settings = ReadSettings {
        list: Some(fixture("youcook2/splits/val_list.txt")),
        ..ReadSettings::default()
    };
    let chosen = read_with(&fixture("youcook2"), &settings);
    assert_eq!(chosen[0].videos[0].id, "GLd3aX16zBg");
    assert_eq!((chosen[0].report.videos, chosen[0].report.not_asked_for), (1, 1));
    let mil_nce = &self::read("youcook2_mil_nce")[0];
    assert_eq!((mil_nce.report.videos, mil_nce.report.captions), (1, 2));
    assert_eq!(texts(&mil_nce.videos[0])[1], "place cheese, on bread");
}

#[test]
fn qvhighlights_and_data_sets_in_its_form() {
    let [read] = &read("qvhighlights")[..] else { panic!("one source") };
    assert_eq!(read.layout, Layout::QvHighlights);
    // Windows: 3 + 1 + 1 + (1 of 3), each a caption; the line without a query is none.
    assert_eq!((read.report.videos, read.report.captions), (2, 6));
    for (reason, count) in [
        (DropReason::QueryWithoutWindows, 1),
        (DropReason::TimeIsNoNumber, 1),
        (DropReason::EndNotAfterStart, 1),
        (DropReason::NotUnderstood, 1),
    ] {
        assert_eq!(read.report.dropped[&reason], count, "{reason}");
    }
    let girl = video(read, "AbCdEfGhIjK_60.0_210.0");
    // `duration` says how long the video is, not the times in its name.
    assert_eq!((girl.duration, girl.subset), (Some(Seconds(20.0)), Some(Subset::Validation)));
    let captions: Vec<_> = girl.captions.iter().map(|it| (it.id, it.span.start.0)).collect();
    assert_eq!(captions, [(11, 0.0), (12, 2.0), (14, 2.0), (11, 8.0), (11, 16.0)]);
    assert_eq!(girl.captions[4].span.end, Seconds(20.0));
    assert!(girl.captions[4].repairs.contains(Repair::EndClipped));
    let [peels, dogs, broken] = &girl.queries[..] else { panic!("{:?}", girl.queries) };
    // As the line has them: its order, its ends.
    let windows = [(8.0, 12.0), (0.0, 4.0), (16.0, 24.0)].map(|(s, e)| TimeSpan::new(s, e));
    assert_eq!((peels.qid.as_str(), peels.id, &peels.windows[..]), ("11", 11, &windows[..]));
    assert_eq!((peels.saliency.len(), peels.saliency[1]), (6, (1, [4.0, 4.0, 2.0])));
    assert_eq!((dogs.text.as_str(), dogs.saliency.len()), ("Two dogs run.", 0));
    // Clip 10 begins where the video ends; its windows count all the same.
    assert_eq!((broken.windows.len(), broken.saliency.len()), (2, 0));
    assert!(
        read.report.notes.iter().any(|note| note.contains("line 6")),
        "{:?}",
        read.report.notes
    );
    let kiwi = video(read, "s30-d52");
    let window = TimeSpan::new(4.795_918_367_346_939, 12.040_816_326_530_614);
    assert_eq!((kiwi.queries[0].qid.as_str(), kiwi.queries[0].windows[0]), ("s30-d52_0", window));
    assert_eq!(kiwi.captions[0].span, window);
}

#[test]
fn the_form_of_qvhighlights_as_one_list_and_without_windows() {
    let dir = tempfile::tempdir().unwrap();
    let lines =
        std::fs::read_to_string(fixture("qvhighlights/highlight_val_release.jsonl")).unwrap();
    let objects: Vec<&str> = lines.lines().filter(|line| !line.is_empty()).collect();
    let list = dir.path().join("val.json");
    std::fs::write(&list, format!("[{}]", objects.join(",\n"))).unwrap();
    let [read] = &read_with(&list, &ReadSettings::default())[..] else { panic!("one source") };
    assert_eq!((read.layout, read.report.captions), (Layout::QvHighlights, 6));
    let test = dir.path().join("highlight_test_release.jsonl");
    let lines = r#"{"qid": 1, "query": "A girl cooks.", "duration": 150, "vid": "a_0.0_150.0"}"#;
    std::fs::write(&test, lines).unwrap();
    let [read] = &read_with(&test, &ReadSettings::default())[..] else { panic!("one source") };
    assert_eq!((read.layout, read.report.captions), (Layout::QvHighlights, 0));
    assert!(read.report.notes[0].contains("highlight_test_with_gt.jsonl"), "{:?}", read.report);
}

#[test]
fn a_manifest_as_a_table_and_as_lines() {
    let [table] = &read("manifest")[..] else { panic!("one source") };
    assert_eq!(
        (table.layout, table.report.videos, table.report.captions),
        (Layout::Manifest, 2, 3)
    );
    let eggs = video(table, "kitchen/eggs.mp4");
    assert_eq!(eggs.media.path(), fixture("manifest/kitchen/eggs.mp4"));
    assert_eq!((texts(eggs)[1], eggs.subset), ("now; whisk", Some(Subset::Train)));
    assert!(video(table, "fox.mp4").captions[0].is_whole_video());
    assert_eq!(table.report.dropped[&DropReason::NotUnderstood], 1);

    let [lines] = &read("manifest_lines")[..] else { panic!("one source") };
    assert_eq!((lines.report.videos, lines.report.captions, lines.report.faults()), (2, 2, 1));
    let second = video(lines, "b");
    assert_eq!((second.captions[0].id, second.captions[0].span), (7, TimeSpan::new(0.5, 1.5)));
    assert_eq!(second.task.as_deref(), Some("12"));
}

#[test]
fn subtitles_beside_videos() {
    let [plain] = &read("subtitles")[..] else { panic!("one source") };
    assert_eq!(
        (plain.layout, plain.report.videos, plain.report.captions),
        (Layout::Subtitles, 2, 5)
    );
    let dusk = video(plain, "dusk");
    assert_eq!(texts(dusk), ["watch the sky", "crème brûlée & tea"]);
    assert!(dusk.captions[1].repairs.contains(Repair::NotUtf8));
    assert_eq!(dusk.media.path(), fixture("subtitles/dusk.mkv"));

    let narration = NarrationCare { remove_repeats: true, ..NarrationCare::default() };
    let settings = ReadSettings { narration, ..ReadSettings::default() };
    let [care] = &read_with(&fixture("subtitles"), &settings)[..] else { panic!("one source") };
    assert_eq!(texts(video(care, "dawn")), ["watch the sky", "it gets light"]);
    assert_eq!(care.report.dropped[&DropReason::RepeatsTheOnesBefore], 1);
    assert_eq!(care.report.faults(), 0, "what was asked for is no fault");
}

#[test]
fn a_corpus_is_opened_with_its_files_and_by_subset() {
    let (corpus, report) =
        AnnotatedCorpus::open(&fixture("subtitles"), &ReadSettings::default()).unwrap();
    assert_eq!((corpus.name(), corpus.videos().len(), report.faults()), ("subtitles", 2, 0));

    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("downloads/deep");
    std::fs::create_dir_all(&files).unwrap();
    for name in ["QOlSCBRmfWY.mkv", "v_ehGHCYKzyZ8.mp4", "v_bXdq2zI1Ms0.mp4"] {
        std::fs::write(files.join(name), b"").unwrap();
    }
    let settings = ReadSettings {
        videos: Some(dir.path().to_owned()),
        subset: Some(Subset::Train),
        ..ReadSettings::default()
    };
    let (corpus, report) = AnnotatedCorpus::open(&fixture("activitynet"), &settings).unwrap();
    assert_eq!(corpus.videos()[0].media.path(), files.join("QOlSCBRmfWY.mkv"));
    assert_eq!((report.videos, report.not_asked_for), (2, 2));
    let missing = ReadSettings { subset: Some(Subset::Validation), ..settings };
    let error = AnnotatedCorpus::open(&fixture("activitynet"), &missing).unwrap_err();
    assert!(error.to_string().contains("video file missing: 1 (v_uqiMw7tQ1Cc)"), "{error}");

    let error = AnnotatedCorpus::open(&fixture(""), &ReadSettings::default()).unwrap_err();
    assert!(matches!(error, CorpusError::SeveralCorpora { .. }), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = AnnotatedCorpus::open(empty.path(), &ReadSettings::default()).unwrap_err();
    assert!(error.to_string().contains("path,start,end,text"), "{error}");
}

#[test]
fn the_list_of_what_was_read_is_a_manifest_of_the_same_spans() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["activitynet", "webvid", "coin", "subtitles"] {
        let path = dir.path().join(format!("{name}.jsonl"));
        let mut list = ManifestWriter::create(&path).unwrap();
        let settings = ReadSettings::default();
        let reader =
            CorpusReader::new(&fixture(name), &settings, FileLookup::WhereThereIsAFolder).unwrap();
        let mut captions = 0;
        for source in reader.sources() {
            captions += reader.read(source, &mut list).unwrap().captions;
        }
        list.finish().unwrap();
        let again = read_with(&path, &settings);
        assert_eq!(again[0].report.captions, captions, "{name}");
        assert!(again[0].report.dropped.is_empty(), "{name}: {}", again[0].report);
        let mut videos: Vec<_> = read(name).into_iter().flat_map(|read| read.videos).collect();
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        for (video, again) in videos.iter().zip(&again[0].videos) {
            let plain = |video: &NarratedVideo| -> Vec<_> {
                video.captions.iter().map(|c| (c.span, c.text.clone(), c.id)).collect()
            };
            assert_eq!(plain(video), plain(again), "{name}");
            assert_eq!((video.subset, &video.task), (again.subset, &again.task), "{name}");
        }
    }
}

#[test]
fn shards_of_video2dataset_with_what_lies_beside_them() {
    let cache = tempfile::tempdir().unwrap();
    let shards = ShardSettings { cache: Some(cache.path().to_owned()), ..Default::default() };
    let settings = ReadSettings { shards, ..ReadSettings::default() };
    // The second time from the index that was kept.
    for _ in 0..2 {
        let [read] = &read_with(&fixture("shards"), &settings)[..] else { panic!("one source") };
        assert_eq!((read.report.videos, read.report.captions), (4, 5));
        // The download that failed, and the picture without words.
        assert_eq!(read.report.dropped[&DropReason::VideoFileMissing], 1);
        assert_eq!(read.report.dropped[&DropReason::VideoWithoutCaptions], 1);
        assert_eq!(texts(video(read, "000000000")), ["Merida, mexico: tourists"]);
        assert!(video(read, "000000000").captions[0].is_whole_video());
        assert!(video(read, "000000002_00001").captions[0].is_whole_video());
        let told = video(read, "000000003");
        assert_eq!(texts(told), ["first cut", "then pour"]);
        assert_eq!(told.captions[0].span, TimeSpan::new(1.0, 2.5));
        let long = format!("{}000010000", "a folder with a long name/".repeat(6));
        assert_eq!(texts(video(read, &long)), ["ein Café"]);
        let mut bytes = Vec::new();
        let media = &told.media;
        std::io::Read::read_to_end(&mut media.open().unwrap().reader(), &mut bytes).unwrap();
        assert_eq!(bytes, b"stands for a video000000003");
        assert!(media.path().ends_with("shards/00000.tar/000000003.mp4"), "{media:?}");
    }
    let [one] = &read_with(&fixture("shards/{00001..00001}.tar"), &settings)[..] else {
        panic!("one source")
    };
    assert_eq!(one.report.videos, 1);
}
