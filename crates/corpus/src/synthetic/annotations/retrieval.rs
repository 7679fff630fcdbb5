//! A list for retrieval, as [`manifest`](crate::layouts::manifest) reads it: one sentence for each video.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::annotated_video::{AnnotatedVideo, Part};
use super::files::text_file;
use crate::error::CorpusError;

pub(super) fn write(folder: &Path, videos: &[AnnotatedVideo<'_>]) -> Result<(), CorpusError> {
    for part in Part::ALL {
        text_file(&folder.join(format!("{}.jsonl", part.name())), |file| {
            for video in videos.iter().filter(|video| video.part == part) {
                let (path, truth) = (format!("../../{}", video.file()), video.truth);
                let line = json!({
                    "path": path,
                    "video": truth.id,
                    "text": truth.caption,
                    "duration": truth.duration,
                });
                writeln!(file, "{line}")?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
