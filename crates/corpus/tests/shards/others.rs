//! Shards that others wrote: video2dataset's with subtitles, keys that come again, names with dots,
//! compressed ones, and captions where they are not looked for.

use locvtp_corpus::DropReason;
use locvtp_corpus::{CorpusReader, FileLookup};
use locvtp_video::TimeSpan;

use super::*;
use crate::not_run::shared_case;

/// A shard with these members.
fn shard(path: &Path, members: &[(&str, &str)]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut tar = tar::Builder::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_bytes()).unwrap();
    }
    tar.finish().unwrap();
}

/// Everything at a path, whether or not anything can be used.
fn looked_through(path: &Path, language: &str) -> Result<(Vec<NarratedVideo>, ReadReport), String> {
    let cache = tempfile::tempdir().unwrap();
    let language = Some(language).filter(|language| !language.is_empty());
    let language = language.map(|language| language.parse().unwrap());
    let settings = ReadSettings { language, ..fetching(cache.path()) };
    // The second time from the index that was kept.
    let read = || {
        let reader = CorpusReader::new(path, &settings, FileLookup::WhereThereIsAFolder)?;
        let mut videos = Vec::new();
        let report = reader.read(&reader.sources()[0], &mut videos)?;
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        Ok((videos, report))
    };
    let told = |error: CorpusError| told(&error);
    let (first, second) = (read().map_err(told)?, read().map_err(told)?);
    let plain = |(videos, report): &(Vec<NarratedVideo>, ReadReport)| {
        (videos.iter().map(said).collect::<Vec<_>>(), report.clone())
    };
    assert_eq!(plain(&first), plain(&second));
    Ok(first)
}

/// `id: first caption` of every video.
fn words(videos: &[NarratedVideo]) -> Vec<String> {
    videos.iter().map(|video| format!("{}: {}", video.id, video.captions[0].text)).collect()
}

#[test]
fn keys_that_stand_in_two_shards_are_four_samples_and_told() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..2 {
        let (zero, one) = (format!("shard {number} zero"), format!("shard {number} one"));
        let members =
            [("000.mp4", "v"), ("000.txt", &zero), ("001.mp4", "v"), ("001.txt", one.as_str())];
        shard(&dir.path().join(format!("{number}.tar")), &members);
    }
    let (videos, report) = looked_through(dir.path(), "").unwrap();
    assert_eq!(
        words(&videos),
        ["000: shard 0 zero", "001: shard 0 one", "1/000: shard 1 zero", "1/001: shard 1 one"]
    );
    assert_eq!(report.faults(), 0, "{report}");
    assert!(report.notes[0].contains("2 samples") && report.notes[0].contains("1/000"));
    // One shard named twice holds the same samples twice.
    let (videos, report) = looked_through(&dir.path().join("{0,0}.tar"), "").unwrap();
    assert_eq!((videos.len(), report.dropped[&DropReason::VideoTwice]), (2, 2));
}

#[test]
fn a_compressed_shard_is_named_so_with_the_way_out() {
    for name in ["0.tar", "0.tar.gz", "0.tgz"] {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
        bytes.resize(3000, 5);
        std::fs::write(dir.path().join(name), bytes).unwrap();
        for path in [dir.path().to_owned(), dir.path().join(name)] {
            let (videos, report) = looked_through(&path, "").unwrap();
            assert!(videos.is_empty() && !report.dropped.contains_key(&DropReason::ShardDamaged));
            assert_eq!(report.dropped[&DropReason::ShardCompressed], 1, "{name}");
            let note = &report.notes[0];
            assert!(note.contains("compressed with gzip") && note.contains("gzip -dc "), "{note}");
        }
    }
    // What is told to be typed works, also where the compressed file is called .tar.
    for name in ["its shard.tar", "0.tar.gz", "0.tgz"] {
        let dir = tempfile::tempdir().unwrap();
        let (plain, compressed) = (dir.path().join("made/0.tar"), dir.path().join("s").join(name));
        shard(&plain, &[("000.txt", "a fox"), ("000.mp4", "v")]);
        std::fs::create_dir(dir.path().join("s")).unwrap();
        let to = std::fs::File::create(&compressed).unwrap();
        let made = std::process::Command::new("gzip").arg("-c").arg(&plain).stdout(to).status();
        assert!(made.unwrap().success());
        let (_, report) = looked_through(&compressed, "").unwrap();
        let typed = report.notes[0].split('`').nth(1).unwrap();
        let typed = std::process::Command::new("sh").args(["-c", typed]).status().unwrap();
        assert!(typed.success(), "{:?}", report.notes);
        std::fs::remove_file(&compressed).unwrap();
        let (videos, _) = looked_through(&dir.path().join("s"), "").unwrap();
        assert_eq!(words(&videos), ["000: a fox"], "{name}");
    }
}

#[test]
fn where_no_captions_are_found_the_members_are_told_and_where_captions_are_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let members =
        [("000.info.json", r#"{"script": "she bakes"}"#), ("000.mp4", "v"), ("000.mp4.json", "{}")];
    shard(&dir.path().join("0.tar"), &members);
    let (videos, report) = looked_through(dir.path(), "").unwrap();
    assert!(videos.is_empty());
    assert_eq!(report.dropped[&DropReason::VideoWithoutCaptions], 1);
    let note = &report.notes[0];
    assert!(note.contains("000 in ") && note.contains("info.json, mp4, mp4.json"), "{note}");
    assert!(note.contains("caption") && note.contains("txt"), "{note}");
}

#[test]
fn names_with_dots_keep_their_words() {
    let dir = tempfile::tempdir().unwrap();
    let members = [
        ("clip.v1.mp4", "v"),
        ("clip.v1.txt", "the first cut"),
        ("clip.v2.mp4", "v"),
        ("clip.v2.json", r#"{"caption": "the second cut"}"#),
    ];
    shard(&dir.path().join("0.tar"), &members);
    let (videos, report) = looked_through(dir.path(), "").unwrap();
    assert_eq!(words(&videos), ["clip.v1: the first cut", "clip.v2: the second cut"]);
    assert_eq!(report.faults(), 0);
}

/// A record of video2dataset's with subtitles in these languages.
fn record(languages: &[&str], caption: &str) -> String {
    let line = |language: &&str| {
        format!(
            r#""{language}": [{{"start": "00:00:00.000", "end": "00:00:01.500", "lines": ["words in {language}"]}}]"#
        )
    };
    let subtitles: Vec<String> = languages.iter().map(line).collect();
    format!(
        r#"{{"status": "success", "caption": {caption}, "duration": NaN,
            "yt_meta_dict": {{"info": {{"title": "t"}}, "subtitles": {{{}}}}}}}"#,
        subtitles.join(", ")
    )
}

#[test]
fn subtitles_of_video2dataset_are_read_in_one_language() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.tar");
    let both = record(&["de", "en-US"], "\"a title\"");
    let german = record(&["de"], "\"a title\"");
    let alone = record(&["de"], "null");
    let members = [
        ("0.json", both.as_str()),
        ("0.mp4", "v"),
        ("1.json", &german),
        ("1.mp4", "v"),
        ("2.json", &alone),
        ("2.mp4", "v"),
    ];
    shard(&path, &members);
    let (videos, report) = looked_through(dir.path(), "").unwrap();
    assert_eq!(words(&videos), ["0: words in en-US", "1: a title"]);
    assert_eq!(videos[0].captions[0].span, TimeSpan::new(0.0, 1.5));
    assert_eq!(report.languages["English (en-US)"], 1);
    assert_eq!(report.dropped[&DropReason::OtherLanguage], 1);
    assert!(report.notes.iter().any(|note| note.contains("--language")), "{:?}", report.notes);

    let (videos, report) = looked_through(dir.path(), "German").unwrap();
    assert_eq!(words(&videos), ["0: words in de", "1: words in de", "2: words in de"]);
    assert_eq!(report.languages["German (de)"], 3);
    let refused = looked_through(dir.path(), "fr").unwrap_err();
    assert!(refused.contains("German (de): 3 videos"), "{refused}");

    shard(&path, &members[2..]);
    let (videos, _) = looked_through(dir.path(), "").unwrap();
    assert_eq!(words(&videos), ["1: words in de", "2: words in de"], "the only language");
    let french = record(&["fr"], "null");
    shard(
        &path,
        &[("3.json", french.as_str()), ("3.mp4", "v"), ("2.json", &alone), ("2.mp4", "v")],
    );
    let refused = looked_through(dir.path(), "").unwrap_err();
    assert!(
        refused.contains("French (fr): 1 video") && refused.contains("--language"),
        "{refused}"
    );
}

#[test]
fn keys_that_come_again_keep_their_captions_also_where_the_subtitles_are_in_another_language() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..2 {
        let german = record(&["de"], &format!("\"caption {number}\""));
        let english = record(&["en"], "null");
        let members =
            [("1.json", german.as_str()), ("1.mp4", "v"), ("2.json", &english), ("2.mp4", "v")];
        shard(&dir.path().join(format!("{number}.tar")), &members);
    }
    let (videos, report) = looked_through(dir.path(), "").unwrap();
    let expected =
        ["0: caption 0", "0: words in en", "1: caption 1", "1: words in en"].map(String::from);
    let of_shards = videos.iter().map(|video| {
        let shard = video.shard.unwrap();
        format!("{shard}: {}", video.captions[0].text)
    });
    let mut found: Vec<_> = of_shards.collect();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(report.faults(), 0, "{report}");
    assert_eq!(words(&videos)[..2], ["1: caption 0", "1/1: caption 1"]);
    let (videos, report) = looked_through(&dir.path().join("{0,0}.tar"), "").unwrap();
    assert_eq!((videos.len(), report.dropped[&DropReason::VideoTwice]), (2, 2));
}

#[test]
fn json_that_is_not_understood_beside_a_caption_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let lines = r#"{"caption": "a title", "yt_meta_dict": {"subtitles": {"en": "x"}}}"#;
    let members = [
        ("0.json", "{\"broken"),
        ("0.mp4", "v"),
        ("0.txt", "rescued"),
        ("1.json", lines),
        ("1.mp4", "v"),
        ("2.json", r#"{"caption": null, "yt_meta_dict": {"subtitles": null}}"#),
        ("2.mp4", "v"),
        ("2.txt", "whole"),
    ];
    shard(&dir.path().join("0.tar"), &members);
    let (videos, report) = looked_through(dir.path(), "").unwrap();
    assert_eq!(words(&videos), ["0: rescued", "1: a title", "2: whole"]);
    assert_eq!(report.dropped[&DropReason::NotUnderstood], 2);
    let note = &report.notes[0];
    assert!(note.contains("2 samples whose JSON") && note.contains("as 0 in "), "{note}");
}

#[test]
fn the_case_of_video2dataset_gives_its_two_captions() {
    let case = "02-video2dataset-subtitles/000000000.json";
    let Some(case) = shared_case(case) else { return };
    let json = std::fs::read_to_string(case).unwrap();
    let dir = tempfile::tempdir().unwrap();
    shard(&dir.path().join("00000.tar"), &[("000000000.json", &json), ("000000000.mp4", "v")]);
    let (videos, _) = looked_through(dir.path(), "").unwrap();
    let told: Vec<_> = videos[0].captions.iter().map(|c| (c.span, c.text.as_str())).collect();
    let expected = [
        (TimeSpan::new(0.0, 1.5), "she whisks the eggs"),
        (TimeSpan::new(1.5, 3.0), "and pours the milk"),
    ];
    assert_eq!(told, expected);
}
