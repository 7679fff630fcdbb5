//! Lists of videos and tasks that come with HowTo100M.

use std::collections::BTreeMap;
use std::path::Path;

use super::write::ListedVideo;
use crate::csv_table::CsvTable;
use crate::error::CorpusError;
use crate::text_file;

/// Reads `HowTo100M_v1.csv`: `video_id,category_1,category_2,rank,task_id`. Rows without an id are
/// passed over; a rank or task that is no number is 0.
///
/// # Errors
/// When it cannot be read or lacks a column, or a row has more fields than the table has columns.
pub fn read_video_list(path: &Path) -> Result<Vec<ListedVideo>, CorpusError> {
    let mut table = CsvTable::open(path)?;
    table.require(&["video_id", "category_1", "category_2", "rank", "task_id"])?;
    let mut videos = Vec::new();
    while let Some(row) = table.next_row()? {
        let text = |column| row.get(column).unwrap_or_default().into_owned();
        let count = |column| text(column).parse().unwrap_or(0);
        let id = text("video_id");
        if !id.is_empty() {
            let categories = [text("category_1"), text("category_2")];
            videos.push(ListedVideo {
                id,
                categories,
                rank: count("rank"),
                task: count("task_id"),
            });
        }
    }
    table.refuse_long_rows()?;
    Ok(videos)
}

/// Reads `task_ids.csv`, lines of a task's number, a tab and its name. Other lines are passed over.
///
/// # Errors
/// When it cannot be read.
pub fn read_task_names(path: &Path) -> Result<BTreeMap<usize, String>, CorpusError> {
    let (text, _) = text_file::read(path)?;
    let task = |line: &str| {
        let (task, name) = line.split_once('\t')?;
        Some((task.trim().parse().ok()?, name.trim().to_owned()))
    };
    Ok(text_file::lines(&text).filter_map(task).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layouts::howto100m::write_video_list;

    #[test]
    fn the_list_written_is_the_list_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("HowTo100M_v1.csv");
        let videos: Vec<_> = [("nVbIUDjzWY4", 3), ("-with,comma", 4)]
            .map(|(id, rank)| ListedVideo {
                id: id.into(),
                categories: ["Cars & Other Vehicles".into(), "Motorcycles, \"old\"".into()],
                rank,
                task: 52_907,
            })
            .into();
        write_video_list(&path, &videos).unwrap();
        assert_eq!(read_video_list(&path).unwrap(), videos);
    }

    #[test]
    fn tasks_have_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("task_ids.csv");
        std::fs::write(&path, "52907\tPaint a Motorcycle\r\nno task\n7\tBake\n").unwrap();
        let names = read_task_names(&path).unwrap();
        assert_eq!(names[&52_907], "Paint a Motorcycle");
        assert_eq!(names.len(), 2);
    }
}
