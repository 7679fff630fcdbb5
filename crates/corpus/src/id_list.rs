//! Lists of video ids that choose a part of a corpus, in the forms in which they are handed out.
//!
//! - a CSV with a column `video_path` (MIL-NCE: the id is the file's name up to the first point),
//!   or `video_id`, `videoid`, `vid` or `id` (the 7k and 9k lists of MSR-VTT, HowTo100M's own list)
//! - a JSON list of strings (ActivityNet's `*_ids.json`)
//! - text, one id a line (Frozen's MSR-VTT lists, Charades' `valid_videos.txt`), where of
//!   `226/<id>` (YouCook2's splits) the last part counts

use std::collections::HashSet;
use std::path::Path;

use crate::csv_table::CsvTable;
use crate::error::CorpusError;
use crate::text_file;

/// Columns that hold an id, the surer first.
const ID_COLUMNS: [&str; 5] = ["video_path", "video_id", "videoid", "vid", "id"];

/// Ids that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdList {
    ids: HashSet<String>,
}

impl IdList {
    /// Reads a list.
    ///
    /// # Errors
    /// When the file cannot be read, is a table without a column of ids or with more fields in a row
    /// than columns, or lists nothing.
    pub fn read(path: &Path) -> Result<Self, CorpusError> {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        let ids: HashSet<String> = match ending.to_str() {
            Some("csv") => column_of_ids(path)?,
            Some("json") => {
                let (text, _) = text_file::read_named(path)?;
                let ids: Vec<String> = serde_json::from_str(&text).map_err(|source| {
                    let expected = "a JSON list of video ids: [\"<id>\", ..]";
                    CorpusError::Layout { path: path.to_owned(), expected, source: source.into() }
                })?;
                ids.iter().map(|id| bare(id)).collect()
            }
            _ => {
                let (text, _) = text_file::read_named(path)?;
                text_file::lines(&text)
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(bare)
                    .collect()
            }
        };
        if ids.is_empty() {
            return Err(CorpusError::EmptyList { path: path.to_owned() });
        }
        Ok(Self { ids })
    }

    /// Whether the list holds `id`; an ending of the id does not count.
    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id) || id.split_once('.').is_some_and(|(id, _)| self.ids.contains(id))
    }

    /// How many ids it holds.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it holds none; a list that was read never is.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// The id in a path: its last part up to the first point.
fn bare(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.split('.').next().unwrap_or(name).to_owned()
}

fn column_of_ids(path: &Path) -> Result<HashSet<String>, CorpusError> {
    let mut table = CsvTable::open(path)?;
    let Some(column) = ID_COLUMNS.iter().find(|column| table.has(column)) else {
        return Err(CorpusError::NoColumn {
            path: path.to_owned(),
            wanted: ID_COLUMNS.join(" or "),
            found: table.header().join(", "),
        });
    };
    if table.header().first().is_some_and(|first| first == column) {
        table = table.with_any_surplus();
    }
    let mut ids = HashSet::new();
    while let Some(row) = table.next_row()? {
        if let Some(id) = row.get(column).filter(|id| !id.is_empty()) {
            ids.insert(bare(&id));
        }
    }
    table.refuse_long_rows()?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str, text: &str) -> Result<IdList, CorpusError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        IdList::read(&path)
    }

    #[test]
    fn every_kind_of_list_gives_its_ids() {
        let cases = [
            ("mil_nce.csv", "video_path\nvideo7.mp4\nb.x.webm\n"),
            ("MSRVTT_train.9k.csv", "\u{feff}video_id\r\nvideo7\r\nb\r\n"),
            ("train_ids.json", r#"["video7", "b"]"#),
            ("train_list.txt", "226/video7\n\n 113/b \n"),
        ];
        for (name, text) in cases {
            let list = list(name, text).unwrap();
            assert_eq!(list.len(), 2, "{name}");
            assert!(list.contains("video7") && list.contains("b.avi"), "{name}");
            assert!(!list.contains("video70"), "{name}");
        }
    }

    #[test]
    fn a_list_of_nothing_or_of_something_else_is_an_error_that_says_so() {
        let error = list("a.csv", "name,score\nx,1\n").unwrap_err().to_string();
        assert!(error.contains("video_path") && error.contains("name, score"), "{error}");
        let error = list("a.json", r#"{"x": 1}"#).unwrap_err().to_string();
        assert!(error.contains("JSON list"), "{error}");
        assert!(list("a.txt", "\n\n").is_err());
    }
}
