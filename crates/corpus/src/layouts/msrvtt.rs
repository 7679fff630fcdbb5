//! MSR-VTT: the official files, and the packs and splits that retrieval papers use.
//!
//! - `train_val_videodatainfo.json`, `test_videodatainfo.json`, and `MSRVTT_data.json` with all
//!   10,000 videos: `{"videos": [{"video_id", "start time", "end time", "split", "category", ..}],
//!   "sentences": [{"caption", "video_id", "sen_id"}]}`
//! - Frozen-in-Time's `MSR_VTT.json`: `{"annotations": [{"image_id", "caption"}]}`
//! - the test of the 1k-A split, `MSRVTT_JSFUSION_test.csv`: `key,vid_key,video_id,sentence`, 1,000
//!   pairs
//! - lists that choose videos of a JSON beside them: `MSRVTT_train.9k.csv`, `MSRVTT_train.7k.csv`,
//!   Frozen's `train_list_*.txt` and `val_list_*.txt`
//!
//! A sentence holds for its whole clip, which lasts from `start time` to `end time` of the video it
//! was cut from. In the 9k list, all sentences of a video are its captions: whether one or all of
//! them are drawn in an epoch is a choice of the sampler.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::corpus::Subset;
use crate::csv_table::CsvTable;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::id_list::IdList;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell::Cell;
use crate::json_stream::JsonStream;
use crate::layouts::layout_reader::LayoutReader;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::table_row::{Evidence, Row};
use crate::text_file;

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader::new(
    "msrvtt",
    "MSR-VTT: the official JSON, the 1k-A split, 7k and 9k lists, Frozen's pack",
    is_recognised,
    read,
)
.measuring("retrieval");

const EXPECTED: &str = "an MSR-VTT file: {\"videos\": [{\"video_id\": ..}, ..], \"sentences\": \
     [{\"caption\": .., \"video_id\": .., \"sen_id\": ..}, ..]}, or {\"annotations\": \
     [{\"image_id\": .., \"caption\": ..}, ..]}";
/// The JSON files that a list may choose from, the better first.
const DATA_FILES: [&str; 2] = ["MSRVTT_data.json", "MSR_VTT.json"];

#[derive(serde::Deserialize)]
struct Video {
    video_id: String,
    #[serde(default, rename = "start time")]
    start: Cell,
    #[serde(default, rename = "end time")]
    end: Cell,
    #[serde(default)]
    split: Cell,
    #[serde(default)]
    category: Cell,
}

#[derive(serde::Deserialize)]
struct Sentence {
    #[serde(alias = "image_id")]
    video_id: String,
    caption: Cell,
    #[serde(default, alias = "id")]
    sen_id: Cell,
}

/// By the lists of the JSON, the columns of the pairs, or a list beside its JSON.
fn is_recognised(path: &Path, glance: &Glance) -> bool {
    let has = |depth, key| glance.has_key(depth, key);
    match glance {
        Glance::Json(_) => {
            has(1, "videos") && has(3, "video_id")
                || has(1, "sentences") && has(3, "sen_id")
                || has(1, "annotations") && has(3, "image_id")
        }
        Glance::Table(table) => {
            glance.has_columns(&["video_id", "sentence"])
                || table.header() == ["video_id"] && data_beside(path).is_some()
        }
        Glance::Text(text) => {
            let mut lines = text_file::lines(text).take(5).filter(|line| !line.is_empty());
            lines.all(is_id) && data_beside(path).is_some()
        }
        _ => false,
    }
}

/// `video7010`
fn is_id(line: &str) -> bool {
    let number = line.strip_prefix("video").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a JSON, the table of 1k-A pairs, or a list with the JSON beside it.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str() {
        Some("csv") if CsvTable::open(path)?.has("sentence") => read_pairs(path, intake),
        Some("csv" | "txt") => {
            let (list, subset) = (IdList::read(path)?, Subset::from_file_name(path));
            let data = data_beside(path).ok_or_else(|| CorpusError::Companion {
                path: path.to_owned(),
                wanted: "the JSON whose videos this list chooses, MSRVTT_data.json or MSR_VTT.json,",
            })?;
            read_json(&data, Some((&list, subset)), intake)
        }
        _ => read_json(path, None, intake),
    }
}

/// The JSON that a list chooses from: in its folder, or in Frozen's `annotation/` two folders above.
pub(crate) fn data_beside(list: &Path) -> Option<PathBuf> {
    let folder = list.parent()?;
    let above = folder.ancestors().skip(1).take(2).map(|folder| folder.join("annotation"));
    let folders = std::iter::once(folder.to_owned()).chain(above);
    folders.flat_map(|folder| DATA_FILES.map(|name| folder.join(name))).find(|path| path.is_file())
}

fn read_json(
    path: &Path,
    chosen: Option<(&IdList, Option<Subset>)>,
    intake: &mut Intake<'_>,
) -> Result<(), CorpusError> {
    let mut stream = JsonStream::open(path, EXPECTED)?;
    let mut videos: BTreeMap<String, SourceVideo> = BTreeMap::new();
    let wanted = |id: &str| chosen.is_none_or(|(list, _)| list.contains(id));
    stream.enter_object()?;
    while let Some(key) = stream.next_key()? {
        match key.as_str() {
            "videos" => each(&mut stream, "an entry of `videos`", intake, |video: Video| {
                if wanted(&video.video_id) {
                    describe(video, chosen.and_then(|(_, subset)| subset), &mut videos);
                }
            })?,
            "sentences" | "annotations" => {
                each(&mut stream, "an entry of the sentences", intake, |sentence: Sentence| {
                    if wanted(&sentence.video_id) {
                        say(sentence, chosen.and_then(|(_, subset)| subset), &mut videos);
                    }
                })?;
            }
            _ => stream.skip_value()?,
        }
    }
    stream.finish()?;
    if let Some((list, _)) = chosen {
        let missing = list.len().saturating_sub(videos.len());
        if missing > 0 {
            intake.note(format!("{missing} of the list's videos are not in {}", path.display()));
        }
    }
    videos.into_values().for_each(|video| intake.video(video));
    Ok(())
}

/// Hands out the elements of the list that comes; those not understood are dropped.
fn each<T: serde::de::DeserializeOwned, R: BufRead>(
    stream: &mut JsonStream<R>,
    what: &str,
    intake: &mut Intake<'_>,
    mut take: impl FnMut(T),
) -> Result<(), CorpusError> {
    stream.enter_list()?;
    let mut place = 0;
    while stream.next_element()? {
        place += 1;
        match serde_json::from_slice(&stream.value()?) {
            Ok(element) => take(element),
            Err(_) => intake.drop_line(what, place),
        }
    }
    Ok(())
}

fn describe(video: Video, subset: Option<Subset>, videos: &mut BTreeMap<String, SourceVideo>) {
    let known = videos
        .entry(video.video_id.clone())
        .or_insert_with(|| SourceVideo::new(video.video_id.as_str()));
    let own = video.split.text().and_then(|word| Subset::from_word(&word));
    known.subset = subset.or(own);
    known.task = video.category.word();
    if let (Some(start), Some(end)) = (video.start.number(), video.end.number()) {
        known.duration_s = Some(end - start);
    }
}

fn say(sentence: Sentence, subset: Option<Subset>, videos: &mut BTreeMap<String, SourceVideo>) {
    let video = videos
        .entry(sentence.video_id.clone())
        .or_insert_with(|| SourceVideo { subset, ..SourceVideo::new(sentence.video_id.as_str()) });
    let id = sentence.sen_id.count();
    let text = sentence.caption.text().ok_or(DropReason::TextIsNoString);
    let caption = |text| SourceCaption { id, ..SourceCaption::new(SourceTime::Whole, text) };
    video.captions.push(text.map(caption));
}

/// The 1k-A test: one sentence a video.
fn read_pairs(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut table = CsvTable::open(path)?.with_text("sentence", evidence);
    table.require(&["video_id", "sentence"])?;
    let mut videos: BTreeMap<String, SourceVideo> = BTreeMap::new();
    let mut rows = 0;
    while let Some(row) = table.next_row()? {
        let Some(id) = row.get("video_id").filter(|id| !id.is_empty()) else {
            intake.drop_line("a row without video_id", row.line);
            continue;
        };
        let caption = |(text, repairs)| {
            let caption = SourceCaption::new(SourceTime::Whole, text);
            SourceCaption { id: Some(rows), repairs, ..caption }
        };
        let subset = Subset::from_file_name(path);
        let video = videos
            .entry(id.to_string())
            .or_insert_with(|| SourceVideo { subset, ..SourceVideo::new(id) });
        video.captions.push(row.text("sentence").ok_or(DropReason::TextIsEmpty).map(caption));
        rows += 1;
    }
    intake.end_of_table(&table);
    videos.into_values().for_each(|video| intake.video(video));
    Ok(())
}

/// MSR-VTT's videos are called `video9770`.
fn evidence(row: &Row<'_>) -> Evidence {
    let id = row.get("video_id").unwrap_or_default();
    match id.strip_prefix("video") {
        Some(number) if number.parse::<u32>().is_ok() => Evidence::For,
        _ if id.contains(' ') => Evidence::Against,
        _ => Evidence::Nothing,
    }
}
