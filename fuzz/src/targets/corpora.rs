//! Annotations and subtitles: files of every layout with other cells, other values, other times.

use std::path::{Path, PathBuf};

use locvtp_corpus::{
    CorpusReader, FileLookup, IdList, Layout, NarratedVideo, NarrationCare, ReadSettings,
    ShardSettings,
};
use serde_json::Value;

use crate::choices::Choices;
use crate::mutation;

/// One small file of each kind, below the fixtures of the corpus' own tests.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/corpus/tests/fixtures");

const ANNOTATIONS: [&str; 22] = [
    "activitynet/train.json",
    "cc3m/Train_GCC-training.tsv",
    "charades/Charades_v1_train.csv",
    "charades/charades_sta_train.txt",
    "coin/COIN.json",
    "crosstask/crosstask_release/annotations/23521_4Sqh-PlUzeo.csv",
    "crosstask/crosstask_release/tasks_primary.txt",
    "crosstask/crosstask_release/videos.csv",
    "howto100m/HowTo100M_v1.csv",
    "howto100m/caption.json",
    "howto100m/mil_nce_list.csv",
    "howto100m_csv/nVbIUDjzWY4.csv",
    "manifest/spans.csv",
    "manifest_lines/spans.jsonl",
    "msrvtt/train_val_videodatainfo.json",
    "msrvtt_1ka/MSRVTT_JSFUSION_test.csv",
    "msrvtt_1ka/MSRVTT_data.json",
    "msrvtt_frozen/annotation/MSR_VTT.json",
    "qvhighlights/highlight_val_release.jsonl",
    "tacos/train.json",
    "transcripts/talk.json",
    "youcook2/youcookii_annotations_trainval.json",
];

/// Makes an annotation file and reads it as what it seems to be, and as any layout.
pub(crate) fn annotations(choices: &mut Choices, folder: &Path) {
    let fixture = Path::new(FIXTURES).join(choices.pick(&ANNOTATIONS));
    let text = std::fs::read_to_string(&fixture).unwrap();
    let path = folder.join(fixture.file_name().unwrap());
    let changed = match serde_json::from_str::<Value>(&text) {
        Ok(value) => mutation::json(choices, &value).to_string(),
        Err(_) if path.extension().is_some_and(|ending| ending == "jsonl") => {
            let lines = text.lines().map(|line| match serde_json::from_str(line) {
                Ok(value) if choices.once_in(2) => mutation::json(choices, &value).to_string(),
                _ => line.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Err(_) => mutation::table(choices, &text),
    };
    std::fs::write(&path, changed).unwrap();
    read(&path, settings(None, folder));
    let layout = *choices.pick(&Layout::ALL);
    read(&path, settings(Some(layout), folder));
    let _ = IdList::read(&path);
}

/// Makes words beside a video and reads their folder.
pub(crate) fn subtitles(choices: &mut Choices, folder: &Path) {
    std::fs::write(folder.join("talk.mp4"), b"").unwrap();
    let ending =
        *choices.pick(&["srt", "vtt", "en.vtt", "de.srt", "tsv", "en.json3", "en.srv3", "json"]);
    let path = folder.join(format!("talk.{ending}"));
    let text = match ending {
        "srt" | "de.srt" => cues(choices, ',', ""),
        "vtt" | "en.vtt" => cues(choices, '.', "WEBVTT\n\n"),
        _ => {
            let fixture = Path::new(FIXTURES).join("transcripts").join(format!("talk.{ending}"));
            let text = std::fs::read_to_string(fixture).unwrap();
            match serde_json::from_str::<Value>(&text) {
                Ok(value) => mutation::json(choices, &value).to_string(),
                Err(_) => mutation::table(choices, &text),
            }
        }
    };
    std::fs::write(&path, text).unwrap();
    read(folder, settings(None, folder));
}

/// Cues whose times go back, overlap, or are none.
fn cues(choices: &mut Choices, comma: char, head: &str) -> String {
    let mut text = head.to_owned();
    for number in 0..choices.below(12) {
        let mut time = || {
            let (hours, rest) = (choices.number() % 200_000, choices.below(90));
            match choices.below(6) {
                0 => format!("{hours}:{rest}:{rest}{comma}{rest}"),
                1 => format!("{rest}{comma}{rest}"),
                2 => format!("-{hours}:00:00"),
                3 => format!("{:02}:00:{rest:02}{comma}99999999999", hours),
                _ => format!("00:{rest:02}:{rest:02}{comma}{rest:03}"),
            }
        };
        let (start, end) = (time(), time());
        let arrow = *choices.pick(&["-->", "-->", "-->", "->", "--> -->"]);
        let words = match choices.below(5) {
            0 => format!("<v {}>said</v>", choices.name()),
            1 => "<b><i><c.x>&lt;&#99999999;&amp".to_owned(),
            2 => choices.name(),
            3 => format!("<00:00:{:02}.000><c>word</c>", choices.below(99)),
            _ => "she whisks the eggs".to_owned(),
        };
        text += &format!("{number}\n{start} {arrow} {end} align:start\n{words}\n\n");
    }
    if choices.once_in(5) { mutation::table(choices, &text) } else { text }
}

pub(crate) fn settings(layout: Option<Layout>, folder: &Path) -> ReadSettings {
    let narration = NarrationCare { remove_repeats: true, merge_to_s: 10.0, grow_to_s: 4.0 };
    let shards =
        ShardSettings { cache: Some(folder.join("cache")), cache_mib: 1, ..Default::default() };
    ReadSettings { layout, narration, shards, ..ReadSettings::default() }
}

/// Reads a corpus, and looks at what is promised of whatever comes out.
pub(crate) fn read(path: &Path, settings: ReadSettings) -> Vec<NarratedVideo> {
    let Ok(reader) = CorpusReader::new(path, &settings, FileLookup::WhereThereIsAFolder) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for source in reader.sources() {
        let mut videos: Vec<NarratedVideo> = Vec::new();
        let _ = reader.read(source, &mut videos);
        for video in &videos {
            let is_span = |at: &locvtp_video::TimeSpan| {
                // A caption of the whole video has no end.
                0.0 <= at.start.0 && at.start < at.end && at.start.0.is_finite()
            };
            assert!(video.captions.iter().all(|it| is_span(&it.span)), "{:?}", video.captions);
            assert!(video.captions.iter().all(|it| !it.text.trim().is_empty()));
        }
        all.append(&mut videos);
    }
    all
}

/// A fixture's path, for who reads it otherwise.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(name)
}
