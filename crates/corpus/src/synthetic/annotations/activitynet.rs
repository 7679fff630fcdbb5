//! ActivityNet Captions: `{"<id>": {"duration", "timestamps", "sentences"}}`, one file a part.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_video::Seconds;
use serde::Serialize;

use super::annotated_video::{AnnotatedVideo, Part};
use super::files::json_file;
use crate::error::CorpusError;

#[derive(Serialize)]
struct Entry<'a> {
    duration: Seconds,
    timestamps: Vec<[Seconds; 2]>,
    sentences: Vec<&'a str>,
}

pub(super) fn write(folder: &Path, videos: &[AnnotatedVideo<'_>]) -> Result<(), CorpusError> {
    for part in Part::ALL {
        let of_part = videos.iter().filter(|video| video.part == part);
        let entries: BTreeMap<&str, Entry<'_>> = of_part
            .map(|AnnotatedVideo { truth, .. }| {
                let events = &truth.events;
                let entry = Entry {
                    duration: truth.duration,
                    timestamps: events.iter().map(|e| [e.span.start, e.span.end]).collect(),
                    sentences: events.iter().map(|e| e.query.as_str()).collect(),
                };
                (truth.id.as_str(), entry)
            })
            .collect();
        json_file(&folder.join(format!("{}.json", part.name())), &entries)?;
    }
    Ok(())
}
