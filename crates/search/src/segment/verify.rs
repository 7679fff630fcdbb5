//! Whether a segment is as it was written.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::error::SegmentError;
use super::read::Segment;
use super::write::blocks;

/// Reads the whole file and compares every checksum.
///
/// # Errors
/// When it cannot be read, or is damaged: the error names the file and the part.
pub fn verify(path: &Path) -> Result<Segment, SegmentError> {
    let segment = Segment::open(path)?;
    let damaged = |part: String| Err(SegmentError::Damaged { path: path.to_owned(), part });
    let places = segment.places();
    let table = segment.read_at(places.checksums, (places.end - places.checksums) as usize)?;
    if xxh3_64(&table) != segment.table_hash {
        return damaged("checksums".into());
    }
    for (block, expected) in blocks(&places).zip(table.chunks_exact(8)) {
        let bytes = segment.read_at(block.start, (block.end - block.start) as usize)?;
        if xxh3_64(&bytes).to_le_bytes() != expected {
            return damaged(format!("bytes {} to {}", block.start, block.end));
        }
    }
    Ok(segment)
}
