//! QVHighlights: `highlight_{train,val}_release.jsonl`, and every data set in the same form, as
//! lighthouse hands out Charades-STA, ActivityNet Captions and TACoS.
//!
//! A line is a sentence asked of a video, with every window that answers it:
//! `{"qid": 7, "query": "..", "vid": "..", "duration": s, "relevant_windows": [[s, e], ..]}`. Several
//! lines may share a video. What is said of highlights stands in `relevant_clip_ids`, the places of
//! clips of 2 s, and `saliency_scores`, three numbers from 0 to 4 for each. Some files have neither,
//! and some write `null`. A JSON list of such objects is read as well.
//!
//! The times in a `vid` (`RoripwjYFp8_360.0_510.0`) are of the video it was cut from: `duration` says
//! how long this one is. Every window becomes a caption, cut to the video, so that a model can be
//! pre-trained on it; [`MomentQuery`] keeps the windows together, as they stand there.

use std::collections::{BTreeMap, HashSet};
use std::io::BufRead;
use std::path::Path;

use locvtp_video::{Seconds, TimeSpan};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::bare_nan;
use crate::corpus::{MomentQuery, SALIENCY_CLIP_S, Subset};
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell::{self, Cell};
use crate::json_stream::JsonStream;
use crate::layouts::layout_reader::LayoutReader;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::text_file;
use locvtp_video::counted::counted;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader::new(
    "qvhighlights",
    "QVHighlights and every data set in its form: JSON lines of qid, query, vid, relevant_windows",
    is_recognised,
    read,
)
.measuring("grounding");

const EXPECTED: &str = "a list of queries: [{\"qid\": .., \"query\": .., \"vid\": .., \
     \"duration\": .., \"relevant_windows\": [[s, e], ..]}, ..]";

/// What a line says.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    qid: Cell,
    query: Cell,
    vid: Cell,
    #[serde(default)]
    duration: Cell,
    #[serde(default)]
    relevant_windows: Option<Vec<Vec<Cell>>>,
    #[serde(default)]
    relevant_clip_ids: Option<Vec<Cell>>,
    #[serde(default)]
    saliency_scores: Option<Vec<Vec<Cell>>>,
}

/// By the keys of the first query.
fn is_recognised(_path: &Path, glance: &Glance) -> bool {
    match glance {
        Glance::Json(json) => is_line(&json.start) || glance.has_key(2, "relevant_windows"),
        Glance::JsonLines(start) => is_line(start),
        _ => false,
    }
}

/// Reads a file.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut videos = Videos { subset: Subset::from_file_name(path), ..Videos::default() };
    if is_list(path)? {
        let mut stream = JsonStream::open(path, EXPECTED)?;
        stream.enter_list()?;
        let mut number = 0;
        while stream.next_element()? {
            number += 1;
            videos.add(&stream.value()?, number, intake);
        }
        stream.finish()?;
    } else {
        text_file::each_line(path, |number, line| videos.add(line, number, intake))?;
    }
    videos.tell(path, intake);
    videos.known.into_values().for_each(|video| intake.video(video));
    Ok(())
}

/// Whether a text begins with such a line.
fn is_line(start: &[u8]) -> bool {
    let start = text_file::as_utf8(start);
    let first = start.trim_ascii_start();
    let end = memchr::memchr2(b'\n', b'\r', first).unwrap_or(first.len());
    let has = |key: &str| {
        let quoted = format!("\"{key}\"");
        first[..end].windows(quoted.len()).any(|piece| piece == quoted.as_bytes())
    };
    // A line that is longer than a glance has its last keys behind it.
    let is_answer = has("pred_relevant_windows");
    first.starts_with(b"{")
        && has("query")
        && has("vid")
        && (has("qid") || has("relevant_windows"))
        && !is_answer
}

fn is_list(path: &Path) -> Result<bool, CorpusError> {
    let mut file = text_file::open(path)?;
    let start = file.fill_buf();
    let start = start.map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    Ok(start.trim_ascii_start().starts_with(b"["))
}

/// The videos so far, by id.
#[derive(Default)]
struct Videos {
    subset: Option<Subset>,
    known: BTreeMap<String, SourceVideo>,
    qids: HashSet<String>,
    repeated_qids: usize,
    /// Videos whose lines do not agree on the length.
    other_durations: usize,
    /// Queries whose saliency cannot be used, and the line of the first.
    broken_saliency: Option<(usize, usize)>,
}

impl Videos {
    /// Takes a line; `number` counts from 1.
    fn add(&mut self, line: &[u8], number: usize, intake: &mut Intake<'_>) {
        let Some(line) = parsed::<Line>(line) else {
            return intake.drop_line("a line without query and vid", number);
        };
        let (Some(vid), Some(text)) = (line.vid.word(), line.query.text()) else {
            return intake.drop_line("a line without query and vid", number);
        };
        let place = u32::try_from(number - 1).unwrap_or(u32::MAX);
        let id = line.qid.count().unwrap_or(place);
        let qid = line.qid.word().unwrap_or_else(|| id.to_string());
        self.repeated_qids += usize::from(!self.qids.insert(qid.clone()));
        let duration_s = line.duration.number();
        let subset = self.subset;
        let video = self.known.entry(vid.trim().to_owned()).or_insert_with_key(|vid| SourceVideo {
            subset,
            duration_s,
            // ActivityNet's files are named with and without `v_`.
            file_stem: vid
                .strip_prefix("v_")
                .filter(|stem| !intake.has_file(vid) && !stem.is_empty())
                .map(ToOwned::to_owned),
            ..SourceVideo::new(vid.as_str())
        });
        if let (Some(known), Some(said)) = (video.duration_s, duration_s)
            && known != said
        {
            self.other_durations += 1;
            video.duration_s = Some(known.max(said));
        }
        let windows = line.relevant_windows.unwrap_or_default();
        if windows.is_empty() {
            video.captions.push(Err(DropReason::QueryWithoutWindows));
            return;
        }
        let mut query = MomentQuery {
            qid,
            id,
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            windows: Vec::with_capacity(windows.len()),
            duration: duration_s.map(Seconds),
            saliency: Vec::new(),
        };
        for window in windows {
            let [start, end] = match &window[..] {
                [start, end, ..] => [start.number(), end.number()],
                _ => [None; 2],
            };
            match (start, end) {
                (Some(start), Some(end)) if start.is_finite() && end.is_finite() => {
                    query.windows.push(TimeSpan::new(start, end));
                    let time = SourceTime::Seconds(start, end);
                    let caption = SourceCaption::new(time, text.as_str());
                    video.captions.push(Ok(SourceCaption { id: Some(id), ..caption }));
                }
                _ => video.captions.push(Err(DropReason::TimeIsNoNumber)),
            }
        }
        match saliency(line.relevant_clip_ids, line.saliency_scores, duration_s) {
            Some(saliency) => query.saliency = saliency,
            None => {
                let (count, first) = self.broken_saliency.unwrap_or((0, number));
                self.broken_saliency = Some((count + 1, first));
            }
        }
        if !query.windows.is_empty() && !query.text.is_empty() {
            video.queries.push(query);
        }
    }

    /// Says what is odd about the file as a whole.
    fn tell(&self, path: &Path, intake: &mut Intake<'_>) {
        let path = path.display();
        let listed: usize = self.known.values().map(|video| video.captions.len()).sum();
        if listed > 0 && self.known.values().all(|video| video.queries.is_empty()) {
            intake.note(format!(
                "{path}: no query has relevant_windows, as in the test files of a challenge, or in files \
                 that hold labels of clips alone (TVSum, YouTube Highlights); give the file with the \
                 annotated windows (of QVHighlights: highlight_val_release.jsonl, or \
                 highlight_test_with_gt.jsonl)"
            ));
        }
        if self.repeated_qids > 0 {
            let lines = counted(self.repeated_qids, "line");
            intake.note(format!("{path}: {lines} with the qid of a line before"));
        }
        if self.other_durations > 0 {
            let lines = counted(self.other_durations, "line");
            intake.note(format!(
                "{path}: {lines} with another duration than a line before of the same video; the \
                 longest counts"
            ));
        }
        if let Some((count, line)) = self.broken_saliency {
            let queries = counted(count, "query");
            intake.note(format!(
                "{path}: {queries} with saliency_scores that do not go with the relevant_clip_ids (the \
                 first in line {line}); expected three numbers for each clip of 2 s within the \
                 duration. Such lines count for windows and not for highlights"
            ));
        }
    }
}

/// Clips with their scores; nothing where there are none, `None` where they cannot be understood.
fn saliency(
    clips: Option<Vec<Cell>>,
    scores: Option<Vec<Vec<Cell>>>,
    duration_s: Option<f64>,
) -> Option<Vec<(usize, [f64; 3])>> {
    let (Some(clips), Some(scores)) = (clips, scores) else { return Some(Vec::new()) };
    let end = (duration_s? / SALIENCY_CLIP_S) as usize;
    if clips.len() != scores.len() {
        return None;
    }
    let of_clip = |(clip, scores): (Cell, Vec<Cell>)| {
        let clip = usize::try_from(clip.count()?).ok().filter(|clip| *clip < end)?;
        let scores: Option<Vec<f64>> = scores.iter().map(Cell::number).collect();
        let scores = <[f64; 3]>::try_from(scores?).ok()?;
        scores.iter().all(|score| score.is_finite()).then_some((clip, scores))
    };
    clips.into_iter().zip(scores).map(of_clip).collect()
}

/// JSON as Python writes it, bare `NaN` included; none when it is something else.
fn parsed<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    json_cell::from_slice(&bare_nan::as_null(json)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_from_manifests_and_from_answers() {
        for (start, expected) in [
            (r#"{"qid": 1, "query": "x", "vid": "a", "relevant_windows": [[0, 1]]}"#, true),
            ("\u{feff}\n{\"vid\": \"a\", \"query\": \"x\", \"relevant_windows\": null}", true),
            // The test file of the challenge, and a line that is longer than a glance.
            (r#"{"qid": 1, "query": "x", "vid": "a", "duration": 150}"#, true),
            (r#"{"qid": 1, "query": "x", "vid": "a", "saliency_scores": [[1, 1"#, true),
            (r#"{"qid": 1, "query": "x", "vid": "a", "pred_relevant_windows": []}"#, false),
            (r#"{"path": "a.mp4", "start": 0, "end": 1, "text": "qid vid query"}"#, false),
            (r#"{"video": "a", "query": 1, "spans": []}"#, false),
            (r#"["qid", "query", "vid"]"#, false),
            ("", false),
        ] {
            assert_eq!(is_line(start.as_bytes()), expected, "{start}");
        }
    }

    #[test]
    fn saliency_goes_with_its_clips_or_is_not_understood() {
        let cells = |numbers: &[f64]| numbers.iter().map(|n| Cell::Number(*n)).collect::<Vec<_>>();
        let of = |clips: &[f64], scores: &[&[f64]], duration| {
            let scores = scores.iter().map(|of_clip| cells(of_clip)).collect();
            saliency(Some(cells(clips)), Some(scores), duration)
        };
        let three: &[f64] = &[0.0, 4.0, 2.0];
        assert_eq!(of(&[1.0], &[three], Some(4.0)), Some(vec![(1, [0.0, 4.0, 2.0])]));
        // Clip 2 begins at 4 s, where the video ends.
        assert_eq!(of(&[2.0], &[three], Some(4.0)), None);
        assert_eq!(of(&[0.0, 1.0], &[three], Some(4.0)), None);
        assert_eq!(of(&[0.0], &[&three[..2]], Some(4.0)), None);
        assert_eq!(of(&[0.0], &[three], None), None);
        assert_eq!(saliency(None, None, None), Some(vec![]));
    }
}
