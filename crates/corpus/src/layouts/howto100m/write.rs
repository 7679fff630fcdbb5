//! The same layout, written: the caption JSON and the list of videos.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use locvtp_video::whole_file::new_file;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};

use crate::corpus::{Caption, NarratedVideo};
use crate::error::CorpusError;

/// A row of `HowTo100M_v1.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVideo {
    /// The video's id.
    pub id: String,
    /// Coarse and fine category.
    pub categories: [String; 2],
    /// Place among the search results of its task, from 1.
    pub rank: usize,
    /// The task the video shows.
    pub task: usize,
}

/// Writes the captions of `videos` as `{video_id: {"start": [..], "end": [..], "text": [..]}}`, in
/// seconds.
///
/// # Errors
/// When the file cannot be written.
pub fn write_captions(path: &Path, videos: &[NarratedVideo]) -> Result<(), CorpusError> {
    write(path, |out| serde_json::to_writer(out, &CaptionFile(videos)).map_err(Into::into))
}

/// Writes `HowTo100M_v1.csv`: `video_id,category_1,category_2,rank,task_id`.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_video_list(path: &Path, videos: &[ListedVideo]) -> Result<(), CorpusError> {
    write(path, |out| {
        writeln!(out, "video_id,category_1,category_2,rank,task_id")?;
        for ListedVideo { id, categories, rank, task } in videos {
            let [id, coarse, fine] =
                [id, &categories[0], &categories[1]].map(|field| quoted(field));
            writeln!(out, "{id},{coarse},{fine},{rank},{task}")?;
        }
        Ok(())
    })
}

fn write(
    path: &Path,
    body: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), CorpusError> {
    new_file(path)
        .and_then(|file| {
            let mut out = BufWriter::new(file);
            body(&mut out)?;
            out.flush()
        })
        .map_err(|source| CorpusError::Write { path: path.to_owned(), source })
}

/// A CSV field, in quotes when it needs them.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

struct CaptionFile<'a>(&'a [NarratedVideo]);

impl Serialize for CaptionFile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for video in self.0 {
            map.serialize_entry(&video.id, &Lists(&video.captions))?;
        }
        map.end()
    }
}

struct Lists<'a>(&'a [Caption]);

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let list = |of: fn(&Caption) -> f64| self.0.iter().map(of).collect::<Vec<_>>();
        let mut lists = serializer.serialize_struct("Lists", 3)?;
        lists.serialize_field("start", &list(|caption| caption.span.start.0))?;
        lists.serialize_field("end", &list(|caption| caption.span.end.0))?;
        let texts: Vec<_> = self.0.iter().map(|caption| caption.text.as_str()).collect();
        lists.serialize_field("text", &texts)?;
        lists.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_with_a_comma_is_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("HowTo100M_v1.csv");
        let video = ListedVideo {
            id: "nVbIUDjzWY4".into(),
            categories: ["Cars, \"big\"".into(), "Motorcycles".into()],
            rank: 3,
            task: 52907,
        };
        write_video_list(&path, &[video]).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            text,
            "video_id,category_1,category_2,rank,task_id\n\
             nVbIUDjzWY4,\"Cars, \"\"big\"\"\",Motorcycles,3,52907\n"
        );
    }
}
