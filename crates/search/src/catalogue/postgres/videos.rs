//! Adding a video, in one transaction.

use std::collections::HashSet;

use postgres::Transaction;

use super::fault::Fault;
use super::{cues, files, generations, tracks, vectors};
use crate::catalogue::error::CatalogueError;
use crate::catalogue::{FileId, GenerationId, NewVideo};

pub(super) fn add(
    db: &mut Transaction<'_>,
    generation: GenerationId,
    video: &NewVideo,
) -> Result<FileId, Fault> {
    let expected = generations::width(db, generation)?;
    if let Some((_, batch)) = video.vectors.iter().find(|(_, batch)| batch.width() != expected) {
        return Err(CatalogueError::Width { expected, found: batch.width() }.into());
    }
    let NewVideo { file, identity, look, duration, note, .. } = video;
    let file = files::put(db, *file, *identity, look, *duration, note.as_deref())?;
    let track = tracks::of(db, file)?;
    vectors::drop_track(db, generation, track)?;
    let mut kinds = HashSet::new();
    for (kind, batch) in video.kept_vectors() {
        assert!(kinds.insert(*kind), "two batches of {} vectors for one video", kind.name());
        vectors::put(db, generation, *kind, track, batch)?;
    }
    let insert = "INSERT INTO indexed VALUES ($1, $2) ON CONFLICT DO NOTHING";
    db.execute(insert, &[&generation.0, &file.0])?;
    cues::replace(db, file, &video.cues)?;
    Ok(file)
}
