//! Files of the known data sets that hold no captions: labels, lists and tables that lie beside them.
//!
//! They look like captions, or like those of another data set, and whoever gives one is told what it
//! holds and where the sentences are.

use std::path::Path;

use crate::csv_table::CsvTable;
use crate::file_ending::has_ending;
use crate::glance::{Keys, glance};
use crate::layouts::coin::Taxonomy;
use crate::text_file;

/// What a file holds instead of captions, and what to give instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownFile {
    pub(crate) what: &'static str,
    pub(crate) instead: &'static str,
}

const ACTION_LABELS: KnownFile = KnownFile {
    what: "holds labels of actions and no sentences: ActivityNet's action file, THUMOS, HACS and \
           FineAction are written so",
    instead: "ActivityNet's sentences are in ActivityNet Captions: train.json, val_1.json, \
              val_2.json; to train on labels, write them as the texts of a CSV with the columns \
              path,start,end,text",
};
const SEGMENTS_ALONE: KnownFile = KnownFile {
    what: "holds segments and no sentences: YouCook2's test part is handed out so",
    instead: "the sentences are in youcookii_annotations_trainval.json",
};
const YOUCOOK2_LENGTHS: KnownFile = KnownFile {
    what: "is YouCook2's table of lengths and holds no sentences",
    instead: SEGMENTS_ALONE.instead,
};
const CHARADES_SCRIPTS: KnownFile = KnownFile {
    what: "is Charades' table of scripts and actions, whose sentences have no times",
    instead: "give Charades-STA's charades_sta_train.txt or charades_sta_test.txt; Charades' tables \
              beside it tell how long the videos are",
};
const CHARADES_CLASSES: KnownFile = KnownFile {
    what: "is one of Charades' lists of classes and holds no sentences",
    instead: CHARADES_SCRIPTS.instead,
};
const COIN_TAXONOMY: KnownFile = KnownFile {
    what: "is COIN's taxonomy: it lists tasks and steps and no videos",
    instead: "the steps of the videos are in COIN.json",
};
const HOWTO100M_LIST: KnownFile = KnownFile {
    what: "is HowTo100M's list of videos and holds no narration",
    instead: "give caption.json, raw_caption.json or howto100m_captions.zip; a list of videos can be \
              given to --only",
};
const HOWTO100M_TASKS: KnownFile = KnownFile {
    what: "lists numbers and names, as HowTo100M's task_ids.csv does, and no narration",
    instead: HOWTO100M_LIST.instead,
};
const CROSSTASK_PART: KnownFile = KnownFile {
    what: "is a part of CrossTask's release, which is read as a whole",
    instead: "give the folder with tasks_primary.txt, videos.csv and annotations/",
};
const CC3M_LABELS: KnownFile = KnownFile {
    what: "is CC3M's list of labels that a machine gave",
    instead: "the captions are in Train_GCC-training.tsv",
};
const MSRVTT_CATEGORIES: KnownFile = KnownFile {
    what: "lists names and numbers, as MSR-VTT's category.txt does, and no sentences",
    instead: "give train_val_videodatainfo.json, test_videodatainfo.json or MSRVTT_data.json",
};
const LIST_OF_IDS: KnownFile = KnownFile {
    what: "is a list of videos and holds no captions",
    instead: "give the file with the captions, and this list to --only; lists of MSR-VTT are read by \
              themselves where MSRVTT_data.json or MSR_VTT.json lies beside them",
};
const SPREADSHEET: KnownFile = KnownFile {
    what: "is a spreadsheet",
    instead: "save it as CSV, with the columns path,start,end,text",
};

impl KnownFile {
    /// Whether no file of anybody's own looks like it by chance.
    pub(crate) fn is_of_a_data_set(&self) -> bool {
        ![MSRVTT_CATEGORIES, HOWTO100M_TASKS, LIST_OF_IDS, SPREADSHEET].contains(self)
    }
}

/// What the file is, if it is one of these.
pub(crate) fn recognised(path: &Path) -> Option<KnownFile> {
    if has_ending(path, &["json"]) {
        in_json(&glance(path)?)
    } else if has_ending(path, &["csv", "tsv"]) {
        in_table(path)
    } else if has_ending(path, &["txt"]) {
        in_text(&text_file::decoded(&glance(path)?).0)
    } else if has_ending(path, &["xlsx", "xls", "ods"]) {
        Some(if Taxonomy::read(path).is_ok() { COIN_TAXONOMY } else { SPREADSHEET })
    } else {
        None
    }
}

pub(crate) fn in_json(start: &[u8]) -> Option<KnownFile> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if let Some(list) = start.strip_prefix(b"[") {
        return list.trim_ascii_start().starts_with(b"\"").then_some(LIST_OF_IDS);
    }
    let keys = Keys::of(start);
    if !keys.has(1, "database") || !keys.has(3, "annotations") || keys.has(5, "sentence") {
        return None;
    }
    if keys.has(5, "label") {
        return Some(ACTION_LABELS);
    }
    keys.has(5, "segment").then_some(SEGMENTS_ALONE)
}

fn in_table(path: &Path) -> Option<KnownFile> {
    let table = CsvTable::open(path).ok()?;
    let has = |columns: &[&str]| columns.iter().all(|column| table.has(column));
    let (header, is_number) = (table.header(), |text: &str| text.parse::<f64>().is_ok());
    let is_address = |text: &String| text.contains("://");
    if has(&["category_1", "category_2"]) {
        Some(HOWTO100M_LIST)
    } else if has(&["id", "script", "actions"]) {
        Some(CHARADES_SCRIPTS)
    } else if has(&["Target Id", "Action Id"]) {
        Some(COIN_TAXONOMY)
    } else if has(&["duration", "total_frame"]) {
        Some(YOUCOOK2_LENGTHS)
    } else if let [column] = header {
        ["video_path", "video_id", "videoid"].contains(&column.as_str()).then_some(LIST_OF_IDS)
    } else if let [task, second, third] = header
        && is_number(task)
        && (is_address(third) || is_number(second) && is_number(third))
    {
        Some(CROSSTASK_PART)
    } else if let [number, name] = header
        && is_number(number)
        && !is_number(name)
    {
        Some(HOWTO100M_TASKS)
    } else if header.len() > 2
        && header.get(1).is_some_and(is_address)
        && has_ending(path, &["tsv"])
    {
        Some(CC3M_LABELS)
    } else {
        None
    }
}

fn in_text(text: &str) -> Option<KnownFile> {
    let lines: Vec<&str> =
        text_file::lines(text).map(str::trim).filter(|line| !line.is_empty()).take(5).collect();
    let all = |is: fn(&str) -> bool| !lines.is_empty() && lines.iter().all(|line| is(line));
    if all(is_class) {
        Some(CHARADES_CLASSES)
    } else if all(is_category) {
        Some(MSRVTT_CATEGORIES)
    } else if let [number, _, address, count, ..] = lines[..]
        && is_digits(number)
        && address.contains("://")
        && is_digits(count)
    {
        Some(CROSSTASK_PART)
    } else if all(is_id) {
        Some(LIST_OF_IDS)
    } else {
        None
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `c000 Holding some clothes`, `o000 None`, `v000 awaken`.
fn is_class(line: &str) -> bool {
    let Some((class, _)) = line.split_once(' ') else { return false };
    class.len() == 4 && class.starts_with(['c', 'o', 'v']) && is_digits(&class[1..])
}

/// `music<TAB>0`.
fn is_category(line: &str) -> bool {
    line.split_once('\t').is_some_and(|(name, number)| !name.is_empty() && is_digits(number))
}

/// `video7010`, `v_QOlSCBRmfWY`, `226/xHr8X2Wpmno`.
fn is_id(line: &str) -> bool {
    let is_youtube = |id: &str| {
        id.len() == 11 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let of_recipe = line.split_once('/').filter(|(recipe, _)| is_digits(recipe));
    line.strip_prefix("video").is_some_and(is_digits)
        || line.strip_prefix("v_").is_some_and(is_youtube)
        || of_recipe.is_some_and(|(_, id)| is_youtube(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::find_sources;

    #[test]
    fn a_file_without_captions_is_named_for_what_it_is_and_the_sentences_are_pointed_to() {
        let action = r#"{"version": "1.3", "database": {"a": {"subset": "training",
            "annotations": [{"segment": [0.1, 2], "label": "Painting"}]}}}"#;
        let segments = r#"{"database": {"a": {"recipe_type": "1", "annotations":
            [{"segment": [1, 2], "id": 0}]}}}"#;
        let files = [
            ("activity_net_v13.json", action, "ActivityNet Captions"),
            ("test_segments_only.json", segments, "trainval.json"),
            ("val_ids.json", "[\"v_QOlSCBRmfWY\"]", "--only"),
            ("HowTo100M_v1.csv", "video_id,category_1,category_2,rank,task_id\n", "caption.json"),
            ("task_ids.csv", "52907\tPaint a Motorcycle\n", "caption.json"),
            ("mil_nce.csv", "video_path\na.mp4\n", "--only"),
            ("MSRVTT_train.9k.csv", "video_id\nvideo1\n", "MSRVTT_data.json"),
            (
                "Charades_v1_train.csv",
                "id,subject,script,actions,length\n",
                "charades_sta_train.txt",
            ),
            ("Charades_v1_classes.txt", "c000 Holding some clothes\nc001 x\n", "charades_sta"),
            ("Charades_v1_mapping.txt", "c000 o000 v000\n", "charades_sta"),
            ("mapping.csv", "Target Id,Target Label,Action Id,Action Label\n", "COIN.json"),
            ("val_duration_totalframe.csv", "vid_id,duration,total_frame\n", "trainval.json"),
            ("videos.csv", "23521,4Sqh-PlUzeo,https://www.youtube.com/watch?v=x\n", "folder with"),
            ("23521_4Sqh-PlUzeo.csv", "1,2.5,3\n2,3,4\n", "folder with"),
            ("tasks_primary.txt", "23521\nMake Jello\nhttps://x.org/y\n2\na,b\n", "folder with"),
            ("category.txt", "music\t0\npeople\t1\n", "MSRVTT_data.json"),
            ("train_list.txt", "226/xHr8X2Wpmno\n", "--only"),
            ("labels.tsv", "a bus\thttp://x.org/a.jpg\tbus\t/m/01\t0.9\n", "GCC-training.tsv"),
            ("mine.xlsx", "PK", "path,start,end,text"),
        ];
        let dir = tempfile::tempdir().unwrap();
        for (name, text, told) in files {
            let folder = dir.path().join(format!("{name} alone"));
            std::fs::create_dir(&folder).unwrap();
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            let error = find_sources(&path, None).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(told), "{name}: {error}");
            if recognised(&path).unwrap().is_of_a_data_set() {
                std::fs::write(folder.join("a.mp4"), "").unwrap();
                let error = find_sources(&folder, None).unwrap_err().to_string();
                assert!(error.contains(name) && error.contains(told), "{name}: {error}");
            }
        }
    }

    #[test]
    fn files_with_captions_are_none_of_these() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        for name in [
            "activitynet/train.json",
            "cc3m/Train_GCC-training.tsv",
            "charades/charades_sta_train.txt",
            "coin/COIN.json",
            "howto100m/caption.json",
            "howto100m_csv/nVbIUDjzWY4.csv",
            "manifest/spans.csv",
            "msrvtt/train_val_videodatainfo.json",
            "msrvtt_1ka/MSRVTT_JSFUSION_test.csv",
            "msrvtt_frozen/annotation/MSR_VTT.json",
            "tacos/train.json",
            "webvid/results_2M_train.csv",
            "youcook2/youcookii_annotations_trainval.json",
        ] {
            assert_eq!(recognised(&fixtures.join(name)), None, "{name}");
        }
    }
}
