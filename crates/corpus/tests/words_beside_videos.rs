//! Subtitles and transcripts as people find them beside their videos: whose words they are, in which
//! language, which of several files is read, and what is told of the rest.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

#[path = "../../../tests/support/not_run.rs"]
mod not_run;

use std::path::Path;

use locvtp_corpus::{
    AnnotatedCorpus, Corpus, CorpusError, CorpusReader, DropReason, FileLookup, Layout,
    NarratedVideo, ReadReport, ReadSettings, Repair, subtitles_beside,
};
use locvtp_video::{Encoder, EncoderSettings, TimeSpan};

use not_run::shared_case;

/// A folder with empty videos, and files beside them.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// Subtitles of one caption.
fn srt(text: &str) -> String {
    format!("1\n00:00:00,500 --> 00:00:02,000\n{text}\n")
}

fn in_language(language: &str) -> ReadSettings {
    let language = Some(language).filter(|language| !language.is_empty());
    let language = language.map(|language| language.parse().unwrap());
    ReadSettings { language, ..ReadSettings::default() }
}

fn try_read(
    path: &Path,
    settings: &ReadSettings,
) -> Result<(Vec<NarratedVideo>, ReadReport), CorpusError> {
    let reader = CorpusReader::new(path, settings, FileLookup::WhereThereIsAFolder)?;
    let [source] = reader.sources() else { panic!("{:?}", reader.sources()) };
    assert_eq!(source.layout, Layout::Subtitles);
    let mut videos = Vec::new();
    let report = reader.read(source, &mut videos)?;
    videos.sort_by(|a, b| a.id.cmp(&b.id));
    Ok((videos, report))
}

fn read(path: &Path) -> (Vec<NarratedVideo>, ReadReport) {
    try_read(path, &ReadSettings::default()).unwrap()
}

/// `id: first caption` of every video.
fn said(videos: &[NarratedVideo]) -> Vec<String> {
    videos.iter().map(|video| format!("{}: {}", video.id, video.captions[0].text)).collect()
}

/// What is taken of a video `clip.mp4` with these files, each of which says its own name.
fn taken(names: &[&str], language: &str) -> String {
    let texts: Vec<String> = names.iter().map(|name| srt(name)).collect();
    let files = names.iter().zip(&texts).map(|(name, text)| (*name, text.as_str()));
    let dir = folder(&files.chain([("clip.mp4", "")]).collect::<Vec<_>>());
    match try_read(dir.path(), &in_language(language)) {
        Ok((videos, _)) => {
            videos.first().map_or("nothing".into(), |video| video.captions[0].text.clone())
        }
        Err(error) => format!("refused: {error}"),
    }
}

#[test]
fn english_is_taken_however_its_name_is_written() {
    for (names, expected) in [
        (&["clip.de.srt", "clip.en.srt"][..], "clip.en.srt"),
        (&["clip.deu.srt", "clip.eng.srt"], "clip.eng.srt"),
        (&["clip.de.srt", "clip.en_US.srt"], "clip.en_US.srt"),
        (&["clip.Deutsch.srt", "clip.English.srt"], "clip.English.srt"),
        (&["clip.de.srt", "clip.en.sdh.srt"], "clip.en.sdh.srt"),
        (&["clip.en.sdh.srt"], "clip.en.sdh.srt"),
        (&["clip.de.srt", "clip.EN.HI.srt"], "clip.EN.HI.srt"),
        (&["clip.en-orig.srt", "clip.de.srt", "clip.de-en.srt"], "clip.en-orig.srt"),
        (&["clip.en-orig.srt", "clip.en.srt"], "clip.en.srt"),
        (&["clip.en-US.srt", "clip.en.srt"], "clip.en.srt"),
        (&["clip.en.sdh.srt", "clip.en-GB.srt"], "clip.en-GB.srt"),
        (&["clip.srt", "clip.de.srt"], "clip.srt"),
        (&["clip.en.forced.srt", "clip.en.srt"], "clip.en.srt"),
        (&["clip.default.en.forced.srt", "clip.eng.sdh.srt"], "clip.eng.sdh.srt"),
        (&["clip.en.commentary.srt", "clip.en.sdh.srt"], "clip.en.sdh.srt"),
        (&["clip.en.commentary.srt", "clip.en.forced.srt"], "clip.en.commentary.srt"),
        // What is forced is no narration, so the only language is German.
        (&["clip.en.forced.srt", "clip.de.srt"], "clip.de.srt"),
        (&["clip_track3_[eng].srt", "clip_track4_[ger].srt"], "clip_track3_[eng].srt"),
        (&["clip.mp4.en.srt", "clip.mp4.fr.srt"], "clip.mp4.en.srt"),
        (&["clip.fr.srt"], "clip.fr.srt"),
        (&["clip.en.vtt", "clip.en.srt"], "clip.en.srt"),
    ] {
        assert_eq!(taken(names, ""), expected, "{names:?}");
    }
}

#[test]
fn the_language_that_is_asked_for_is_taken_and_where_nobody_can_know_all_are_listed() {
    let names = ["clip.de.srt", "clip.en.srt", "clip.pt-BR.srt", "clip.zh-Hant.srt"];
    for (language, expected) in [
        ("de", "clip.de.srt"),
        ("German", "clip.de.srt"),
        ("pt", "clip.pt-BR.srt"),
        ("zh-TW", "clip.zh-Hant.srt"),
        ("eng", "clip.en.srt"),
    ] {
        assert_eq!(taken(&names, language), expected, "{language}");
    }
    for language in ["zh-Hans", "pt-PT", "fr"] {
        let refused = taken(&names, language);
        assert!(
            refused.contains("German (de): 1 video") && refused.contains("--language"),
            "{refused}"
        );
    }
    let refused = taken(&["clip.de.srt", "clip.fr.srt"], "");
    assert!(refused.contains("French (fr)") && refused.contains("--language de"), "{refused}");
    assert_eq!(taken(&["clip.srt"], "de"), "clip.srt");
}

#[test]
fn a_corpus_is_read_in_one_language_and_what_is_left_out_is_told() {
    let words = srt("words");
    let dir = folder(&[
        ("a.mp4", ""),
        ("a.en.srt", &words),
        ("a.de.srt", &words),
        ("b/b.mkv", ""),
        ("b/b.English.srt", &words),
        ("c.mp4", ""),
        ("c.de.srt", &words),
        ("d.mp4", ""),
        ("d.srt", &words),
        ("silent.mp4", ""),
        ("poster.jpg", ""),
    ]);
    let (videos, report) = read(dir.path());
    assert_eq!(said(&videos), ["a: words", "b/b: words", "d: words"]);
    assert_eq!(report.languages["English (en)"], 2);
    assert_eq!(report.languages["not told"], 1);
    assert_eq!(report.dropped[&DropReason::OtherLanguage], 1);
    assert_eq!(report.faults(), 0, "another language is no fault: {report}");
    let notes = report.notes.join("\n");
    assert!(notes.contains("German (de): 1 video") && notes.contains("--language"), "{notes}");
    let (videos, report) = try_read(dir.path(), &in_language("de")).unwrap();
    assert_eq!((videos.len(), report.languages["German (de)"]), (3, 2));
    assert!(report.to_string().contains("language German (de): 2"), "{report}");
}

#[test]
fn a_forced_track_alone_is_taken_and_told() {
    let words = srt("words");
    let dir = folder(&[("a.mp4", ""), ("a.en.forced.srt", &words)]);
    let (videos, report) = read(dir.path());
    assert_eq!(videos.len(), 1);
    assert!(report.notes[0].contains("forced") && report.notes[0].contains("a.en.forced.srt"));
}

#[test]
fn hi_is_hindi_or_for_the_hearing_impaired_by_what_else_is_there() {
    for (files, language) in [
        // Its letters are Hindi's.
        (&[("Video.HI.srt", "अंडे फेंटो")][..], "Hindi (hi)"),
        // The others have languages for names.
        (&[("Video.hi.srt", "ande phento"), ("Video.fr.srt", "les oeufs")], "refused"),
        // The same words twice, or alone.
        (&[("Video.HI.srt", "[music] whisk"), ("Video.srt", "whisk")], "not told"),
        (&[("Video.HI.srt", "[music] whisk")], "not told"),
        (&[("Video.en.HI.srt", "[music] whisk"), ("Video.fr.srt", "fouettez")], "English (en)"),
    ] {
        let texts: Vec<_> = files.iter().map(|(name, text)| (*name, srt(text))).collect();
        let files = texts.iter().map(|(name, text)| (*name, text.as_str()));
        let dir = folder(&files.chain([("Video.mp4", "")]).collect::<Vec<_>>());
        match try_read(dir.path(), &ReadSettings::default()) {
            Ok((videos, report)) => {
                assert_eq!(report.languages[language], 1, "{report}");
                let is_alone = texts.len() == 1 || videos[0].captions[0].text == "whisk";
                assert!(is_alone || language == "English (en)", "{report}");
                let told = report.notes.iter().any(|note| note.contains("`hi`"));
                assert_eq!(told, language != "English (en)", "{:?}", report.notes);
            }
            Err(error) => {
                assert!(
                    language == "refused" && error.to_string().contains("Hindi (hi)"),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_file_named_after_another_video_is_none_of_this_one_and_named() {
    let words = srt("part two, another video");
    let dir = folder(&[("lecture.mp4", ""), ("lecture.part2.srt", &words)]);
    let (videos, report) = read(dir.path());
    assert!(videos.is_empty());
    assert!(report.notes[0].contains("lecture.part2.srt"), "{:?}", report.notes);
    std::fs::write(dir.path().join("lecture.part2.mp4"), "").unwrap();
    let (videos, _) = read(dir.path());
    assert_eq!(said(&videos), ["lecture.part2: part two, another video"]);
    std::fs::write(dir.path().join("lecture.sbv"), "0:00:01.000,0:00:02.000").unwrap();
    let (_, report) = read(dir.path());
    assert!(report.notes[0].contains("lecture.sbv"), "{:?}", report.notes);
}

const JSON: &str = r#"{"text": " she whisks he pours", "segments": [
    {"id": 0, "start": 0.0, "end": 1.5, "text": " she whisks", "tokens": [1], "temperature": 0.0},
    {"id": 1, "start": 1.5, "end": 3.0, "text": " he pours", "tokens": [1]}], "language": "en"}"#;
const TSV: &str = "start\tend\ttext\n0\t1500\tshe whisks\n1500\t3000\the pours\n";
const SRT: &str = "1\n00:00:00,000 --> 00:00:01,500\nshe whisks\n\n2\n00:00:01,500 --> 00:00:03,000\nhe pours\n\n";
const CSV: &str = "start,end,text\n0,1500,\" she whisks\"\n1500,3000,\" he pours\"\n";
const WORDS: &str = r#"{"segments": [{"start": 0.0, "end": 1.5, "text": " she whisks",
    "words": [{"word": "she", "start": 0.125, "end": 0.5, "score": 0.9},
              {"word": "whisks", "start": 0.5, "end": 1.25}]}], "language": "en"}"#;
const SRV3: &str = r#"<?xml version="1.0" encoding="utf-8" ?><timedtext format="3"><body>
    <p t="0" d="4000"><s>she</s><s t="400"> whisks</s></p>
    <p t="1500" d="1500"><s>he</s><s t="90"> pours</s></p></body></timedtext>"#;
const JSON3: &str = r#"{"wireMagic": "pb3", "events": [{"tStartMs": 0, "dDurationMs": 4000,
    "segs": [{"utf8": "she"}, {"utf8": " whisks", "tOffsetMs": 400}]},
    {"tStartMs": 1500, "dDurationMs": 1500, "segs": [{"utf8": "he pours", "tOffsetMs": 0}]}]}"#;
const INFO: &str = r#"{"id": "x", "title": "t", "description": "a -> b", "duration": 4,
    "formats": [{"url": "http://x", "ext": "mp4"}], "chapters": [{"start_time": 0, "title": "c"}],
    "subtitles": {"en": [{"ext": "json3", "url": "http://x"}]}, "comments": [{"text": "x"}]}"#;
const TXT: &str = "she whisks\nhe pours\n";

#[test]
fn whatever_a_transcriber_or_downloader_wrote_beside_a_video_gives_its_two_captions() {
    let srt_bom = format!("\u{feff}{SRT}");
    let vtt = format!("WEBVTT\nKind: captions\nLanguage: en\n\n{}", SRT.replace(',', "."));
    for files in [
        // Whisper's five
        &[("v.json", JSON), ("v.srt", SRT), ("v.tsv", TSV), ("v.txt", TXT), ("v.vtt", &vtt)][..],
        // Each alone
        &[("v.json", JSON)],
        &[("v.tsv", TSV), ("v.txt", TXT)],
        &[("v.en.vtt", &vtt)],
        &[("v.srt", &srt_bom)],
        // whisper.cpp's, named after the sound
        &[("v.wav.csv", CSV), ("v.wav.txt", TXT), ("v.wav.lrc", "[00:00.00] she")],
        &[("v.csv", CSV), ("v.wav.srt", SRT)],
        // yt-dlp's
        &[
            ("v.en.json3", JSON3),
            ("v.info.json", INFO),
            ("v.description", "x --> y"),
            ("v.webp", ""),
        ],
        &[("v.en.srv3", SRV3), ("v.live_chat.json", "{\"replay\": 1}\n{\"replay\": 2}\n")],
        // A text that looks like a list of shards, or of Charades-STA, and an empty one
        &[("v.txt", "a.tar\n"), ("v.srt", SRT)],
        &[("v.txt", "AO8RW 0.0 6.9##a person is putting\n"), ("v.srt", SRT)],
        &[("v.txt", ""), ("v.srt", SRT)],
    ] {
        let dir = folder(&files.iter().copied().chain([("v.mp4", "")]).collect::<Vec<_>>());
        let (videos, report) = read(dir.path());
        let [video] = &videos[..] else { panic!("{files:?}: {report}") };
        let told: Vec<_> = video.captions.iter().map(|c| (c.span, c.text.as_str())).collect();
        let expected =
            [(TimeSpan::new(0.0, 1.5), "she whisks"), (TimeSpan::new(1.5, 3.0), "he pours")];
        assert_eq!((told.as_slice(), report.faults()), (&expected[..], 0), "{files:?}: {report}");
    }
}

#[test]
fn a_file_with_the_times_of_words_goes_before_subtitles() {
    let dir = folder(&[("v.mp4", ""), ("v.json", WORDS), ("v.en.srt", SRT), ("v.tsv", TSV)]);
    let (videos, report) = read(dir.path());
    assert_eq!(videos[0].captions[0].span, TimeSpan::new(0.125, 1.25));
    assert_eq!(report.languages["English (en)"], 1);
    // Of another language it does not.
    let german = WORDS.replace("\"language\": \"en\"", "\"language\": \"de\"");
    std::fs::write(dir.path().join("v.json"), german).unwrap();
    let (videos, _) = read(dir.path());
    assert_eq!(videos[0].captions[0].span, TimeSpan::new(0.0, 1.5));
}

#[test]
fn one_bad_file_costs_only_itself_and_the_next_best_is_read() {
    let dir = folder(&[
        ("a.mp4", ""),
        ("a.json", "{\"segments\": [{\"start\": 0"),
        ("a.srt", SRT),
        ("b.mp4", ""),
        ("b.srt", "this is no subtitle file\n"),
        ("c.mp4", ""),
        ("c.srv3", "<timedtext><body>"),
        ("c.tsv", TSV),
        ("d.mp4", ""),
        ("d.vtt", "WEBVTT\n\n"),
        ("e.mp4", ""),
        ("e.json", INFO),
        ("e.srt", SRT),
    ]);
    let (videos, report) = read(dir.path());
    assert_eq!(said(&videos), ["a: she whisks", "c: she whisks", "e: she whisks"]);
    assert_eq!(report.dropped[&DropReason::NotUnderstood], 3);
    assert_eq!(report.dropped[&DropReason::VideoWithoutCaptions], 2);
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("a.json: ")
            && notes.contains("b.srt: was passed over: has no line with times"),
        "{notes}"
    );
}

#[test]
fn a_manifest_that_is_named_like_a_video_is_no_transcript_of_it() {
    let rows = "path,start,end,text\na.mp4,0,1,about a\nb.mp4,0,1,about b\n";
    let objects = r#"[{"path": "a.mp4", "start": 0, "end": 1, "text": "about a"},
        {"path": "b.mp4", "start": 0, "end": 1, "text": "about b"}]"#;
    for (name, text) in [
        ("a.tsv", rows.replace(',', "\t")),
        ("a.csv", rows.to_owned()),
        ("a.json", objects.to_owned()),
    ] {
        let dir = folder(&[("a.mp4", ""), ("b.mp4", ""), (name, &text)]);
        for path in [dir.path().to_owned(), dir.path().join(name)] {
            let settings = ReadSettings::default();
            let reader = CorpusReader::new(&path, &settings, FileLookup::Always).unwrap();
            assert_eq!(reader.sources()[0].layout, Layout::Manifest, "{name}");
            let mut videos = Vec::new();
            reader.read(&reader.sources()[0], &mut videos).unwrap();
            assert_eq!(said(&videos), ["a.mp4: about a", "b.mp4: about b"], "{name}");
        }
    }
}

#[test]
fn json_beside_a_video_that_is_no_transcript_is_named() {
    let dir = folder(&[
        ("a.mp4", ""),
        ("a.json", "{\"title\": \"a fox\"}"),
        ("a.srt", SRT),
        ("b.mp4", ""),
        ("b.json", INFO),
        ("c.mp4", ""),
        ("c.jsonl", "{\"step\": 1}\n"),
        ("other.jsonl", "{\"step\": 1}\n"),
    ]);
    let (videos, report) = read(dir.path());
    assert_eq!(said(&videos), ["a: she whisks"]);
    let told = "3 files beside a video of that name, but no transcript that is understood: a.json, \
                b.json, c.jsonl";
    assert!(report.notes.iter().any(|note| note == told), "{:?}", report.notes);
}

#[test]
fn the_languages_are_told_also_where_the_files_are_opened() {
    let dir = folder(&[("a.mp4", ""), ("a.en.srt", SRT), ("b.mp4", ""), ("b.srt", SRT)]);
    let (_, report) = read(dir.path());
    let languages = report.languages.clone();
    assert_eq!((languages["English (en)"], languages["not told"]), (1, 1));
    assert_eq!(report.in_files(ReadReport::default()).languages, languages);
}

#[test]
fn a_file_that_is_named_itself_is_read_whatever_its_language() {
    let german = srt("deutsch");
    let dir = folder(&[
        ("v.mp4", ""),
        ("v.en.srt", SRT),
        ("v.de.srt", &german),
        ("v.tsv", TSV),
        ("v.json", JSON),
        ("v.csv", CSV),
        ("v.en.json3", JSON3),
        ("lone.de.srt", &german),
        ("v.info.json", INFO),
    ]);
    for (name, expected) in [
        ("v.de.srt", "v: deutsch"),
        ("v.tsv", "v: she whisks"),
        ("v.json", "v: she whisks"),
        ("v.en.json3", "v: she whisks"),
        ("lone.de.srt", "lone.de: deutsch"),
    ] {
        let (videos, _) = read(&dir.path().join(name));
        assert_eq!(said(&videos), [expected], "{name}");
    }
    let refused = CorpusReader::new(
        &dir.path().join("v.info.json"),
        &ReadSettings::default(),
        FileLookup::WhereThereIsAFolder,
    );
    assert!(refused.is_err());
    let as_subtitles = ReadSettings { layout: Some(Layout::Subtitles), ..ReadSettings::default() };
    let error = try_read(&dir.path().join("v.info.json"), &as_subtitles).unwrap_err();
    assert!(error.to_string().contains("holds no words with times"), "{error}");
}

#[test]
fn milliseconds_are_told_by_the_length_of_the_video_where_the_words_leave_it_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut encoder =
        Encoder::create(&dir.path().join("v.mp4"), EncoderSettings::new(32, 32, 5)).unwrap();
    for _ in 0..20 {
        encoder.push(&[90; 32 * 32 * 3]).unwrap();
    }
    encoder.finish().unwrap();
    // So many letters in a second are possible in seconds, but no second lies a thousand times
    // behind the end of a video of 4 s.
    let quick = "a".repeat(100);
    let tsv = format!("start\tend\ttext\n0\t1500\t{quick}\n1500\t3000\t{quick}\n");
    std::fs::write(dir.path().join("v.tsv"), tsv).unwrap();
    let (videos, report) = read(dir.path());
    assert_eq!(videos[0].captions[1].span, TimeSpan::new(1.5, 3.0));
    assert_eq!(report.repaired[&Repair::MillisecondsToSeconds], 2);
}

#[test]
fn the_cases_that_people_reported_give_their_right_values() {
    let Some(languages) = shared_case("04-subtitle-language") else { return };
    let Some(whisper) = shared_case("05-whisper-all") else { return };
    let with_video = |from: &Path, video: &str| {
        let dir = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
        }
        std::fs::write(dir.path().join(video), "").unwrap();
        dir
    };
    for (name, expected) in [
        ("en_US", "clip: english us"),
        ("iso3", "clip: english"),
        ("lang_name", "clip: english"),
        ("sdh", "clip: english sdh"),
        ("sdh_de", "clip: english sdh"),
    ] {
        let dir = with_video(&languages.join(name), "clip.mp4");
        let (corpus, _) = AnnotatedCorpus::open(dir.path(), &ReadSettings::default()).unwrap();
        assert_eq!(said(corpus.videos()), [expected], "{name}");
    }
    let orphan = with_video(&languages.join("orphan_only"), "lecture.mp4");
    assert!(read(orphan.path()).0.is_empty());
    let whisper = with_video(&whisper, "v.mp4");
    let (videos, report) = read(whisper.path());
    assert_eq!((said(&videos), report.captions), (vec!["v: she whisks".to_owned()], 2));
}

#[test]
fn a_pipe_or_a_device_with_the_name_of_words_is_named_and_never_opened() {
    let words = srt("she whisks");
    let dir = folder(&[("a.mp4", ""), ("b.mp4", ""), ("c.mp4", ""), ("c.srt", &words)]);
    let pipes = ["a.srt", "a.en.json", "a.txt", "captions.json", "list.csv", "b.jsonl"];
    for name in pipes {
        let made = std::process::Command::new("mkfifo").arg(dir.path().join(name)).status();
        assert!(made.unwrap().success());
    }
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("b.srt")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("b.hi.vtt")).unwrap();
    for name in ["a.mp4", "b.mp4"] {
        let found = subtitles_beside(&dir.path().join(name), None);
        assert_eq!(found.len(), 2, "{name}: {found:?}");
        for file in found {
            let told = file.unwrap_err().to_string();
            assert!(told.contains("a pipe, a socket or a device"), "{told}");
        }
    }
    let (videos, report) = read(dir.path());
    assert_eq!(said(&videos), ["c: she whisks"]);
    let notes = report.notes.join("\n");
    assert!(notes.contains("a.srt: was passed over: it is a pipe"), "{notes}");
    // One of them alone.
    for name in ["a.srt", "captions.json", "list.csv"] {
        let alone = CorpusReader::new(
            &dir.path().join(name),
            &ReadSettings::default(),
            FileLookup::WhereThereIsAFolder,
        );
        assert!(alone.is_err(), "{name}");
    }
}

#[test]
fn words_larger_than_any_are_named_and_not_read() {
    let dir = folder(&[("a.mp4", ""), ("a.srt", "")]);
    let words = std::fs::File::options().write(true).open(dir.path().join("a.srt")).unwrap();
    words.set_len(1 << 40).unwrap();
    let found = subtitles_beside(&dir.path().join("a.mp4"), None);
    let told = found[0].as_ref().unwrap_err().to_string();
    assert!(told.contains("larger than any transcript"), "{told}");
}

#[test]
fn lines_of_subtitles_end_as_any_program_ends_them() {
    let vtt = format!("WEBVTT\n\n{}", srt("he pours").replace(',', "."));
    for end in ["\n", "\r", "\r\n", "\r\r\n"] {
        let ended = |text: &str| text.replace('\n', end);
        let two = srt("she whisks") + "\n" + &srt("and\nfolds").replace("00:00:0", "00:00:1");
        let [srt, vtt] = [&two, &vtt].map(|text| ended(text));
        let dir = folder(&[("a.mp4", ""), ("a.srt", &srt), ("b.mp4", ""), ("b.vtt", &vtt)]);
        let (videos, _) = read(dir.path());
        assert_eq!(said(&videos), ["a: she whisks", "b: he pours"], "{end:?}");
        assert_eq!(videos[0].captions[1].text, "and folds", "{end:?}");
    }
}
