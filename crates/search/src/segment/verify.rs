//! Whether a segment is as it was written.

use std::path::Path;

use super::error::SegmentError;
use super::read::Segment;

/// Reads the whole file and compares every checksum.
///
/// # Errors
/// When it cannot be read, or is damaged: the error names the file and the part.
pub fn verify(path: &Path) -> Result<Segment, SegmentError> {
    let segment = Segment::open(path)?;
    segment.check_all()?;
    Ok(segment)
}
