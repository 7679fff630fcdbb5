//! `locvtp inspect` of files of text: annotations, subtitles, predictions. None of them is a video, though
//! FFmpeg takes plain text for one.

use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::bail;
use locvtp_corpus::{
    CorpusError, CorpusReader, FileLookup, Layout, NarratedVideo, ReadReport, ReadSettings,
    VideoSink, find_sources,
};
use locvtp_video::counted::counted_as;
use locvtp_video::json_size::{self, MOST_VALUES};
use locvtp_video::media_endings::is_video;
use serde_json::{Value, json};

use super::PathDescription;

/// Endings of files that are never videos.
const TEXT: [&str; 24] = [
    "json", "jsonl", "ndjson", "csv", "tsv", "txt", "srt", "vtt", "webvtt", "json3", "srv1",
    "srv2", "srv3", "ttml", "dfxp", "ass", "ssa", "lrc", "md", "yaml", "yml", "xlsx", "xls", "ods",
];
/// The most of a line that is looked at: a line of predictions may be long.
const LONGEST_LINE: u64 = 1 << 24;

/// What the file is; nothing when it may be a video.
pub(super) fn text_file(path: &Path) -> anyhow::Result<Option<PathDescription>> {
    if is_video(path) {
        return Ok(None);
    }
    if let Some(found) = predictions(path)? {
        return Ok(Some(found));
    }
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match find_sources(path, None) {
        Ok(_) => annotations(path).map(Some),
        Err(CorpusError::NoCaptions { what, instead, .. }) => Ok(Some(PathDescription {
            kind: "file of a data set, without captions",
            facts: vec![("it", what.to_owned()), ("instead", instead.to_owned())],
            json: json!({ "what": what, "instead": instead }),
        })),
        Err(CorpusError::UnknownLayout { .. }) if TEXT.contains(&ending.as_str()) => bail!(
            "{}: a file of no kind that is known here: no annotations and no subtitles (`locvtp corpus \
             check --help` names those that are read), and no predictions (docs/score.md)",
            path.display()
        ),
        Err(CorpusError::UnknownLayout { .. } | CorpusError::VideoAlone { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A file with captions, as its data set publishes it.
fn annotations(path: &Path) -> anyhow::Result<PathDescription> {
    let settings = ReadSettings::default();
    let reader = CorpusReader::new(path, &settings, FileLookup::Never)?;
    let (mut report, mut counts) = (ReadReport::default(), Counts::default());
    for source in reader.sources() {
        report.add(reader.read(source, &mut counts)?);
    }
    let layout = reader.sources()[0].layout;
    let what = match layout {
        Layout::QvHighlights => ("query", "queries"),
        Layout::Subtitles | Layout::HowTo100m | Layout::Shards => ("caption", "captions"),
        _ => ("sentence", "sentences"),
    };
    let asked = if counts.queries > 0 { counts.queries } else { counts.captions };
    let mut holds = format!(
        "{} over {}",
        counted_as(asked, what.0, what.1),
        counted_as(counts.videos, "video", "videos")
    );
    if counts.queries > 0 {
        holds += &format!(", with {}", counted_as(counts.windows, "window", "windows"));
    }
    let mut facts = vec![("layout", layout.name().to_owned()), ("holds", holds)];
    facts.extend(
        report.dropped.iter().map(|(reason, count)| ("left out", format!("{count}: {reason}"))),
    );
    facts.push(("to check", format!("locvtp corpus check {}", path.display())));
    if let Some(task) = layout.measures() {
        let path = path.display();
        let command = format!("locvtp score {task} --predictions FILE --truth {path}");
        facts.push(("to measure", command));
    }
    let json = json!({
        "layout": layout.name(),
        "videos": counts.videos,
        "captions": counts.captions,
        "queries": asked,
        "report": report,
    });
    Ok(PathDescription { kind: "annotations", facts, json })
}

/// Takes videos only to have them counted.
#[derive(Default)]
struct Counts {
    videos: usize,
    captions: usize,
    /// Sentences of several windows.
    queries: usize,
    windows: usize,
}

impl VideoSink for Counts {
    fn video(&mut self, video: NarratedVideo) {
        self.videos += 1;
        self.captions += video.captions.len();
        self.queries += video.queries.len();
        self.windows += video.queries.iter().map(|query| query.windows.len()).sum::<usize>();
    }
}

/// Lines of predictions, as `locvtp score` reads them; nothing for other files.
fn predictions(path: &Path) -> anyhow::Result<Option<PathDescription>> {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if ending != "jsonl" && ending != "ndjson" {
        return Ok(None);
    }
    let mut lines = BufReader::new(std::io::Read::take(std::fs::File::open(path)?, LONGEST_LINE));
    let mut first = String::new();
    while first.trim().is_empty() {
        first.clear();
        // A line that is no text is none of predictions.
        if !matches!(lines.read_line(&mut first), Ok(1..)) {
            return Ok(None);
        }
    }
    if json_size::check(first.as_bytes(), MOST_VALUES).is_err() {
        return Ok(None);
    }
    let Ok(Value::Object(line)) = serde_json::from_str::<Value>(&first) else { return Ok(None) };
    let has = |key: &str| line.contains_key(key);
    let task = if has("spans") || has("pred_relevant_windows") || has("pred_saliency_scores") {
        "grounding"
    } else if has("ranked") {
        "retrieval"
    } else if has("seconds") && !has("text") {
        "steps"
    } else if has("labels") && !has("text") {
        "segmentation"
    } else {
        return Ok(None);
    };
    let text = std::fs::read(path)?;
    let num_lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let num_lines = num_lines.count();
    let command = format!("locvtp score {task} --predictions {} --truth FILE", path.display());
    Ok(Some(PathDescription {
        kind: "predictions",
        facts: vec![
            ("task", task.to_owned()),
            ("holds", counted_as(num_lines, "line", "lines")),
            ("to measure", command),
        ],
        json: json!({ "task": task, "lines": num_lines }),
    }))
}
