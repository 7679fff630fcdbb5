//! Frames that stand for moments of a video, as a person sees them, for figures.

use std::path::Path;

use locvtp_video::{FramePixels, FrameTransform, TimeSpan, VideoReader};

use crate::error::TransferError;

/// The frame on the screen in the middle of each of `spans`, at the size of the file.
///
/// # Errors
/// When the file cannot be read.
pub fn middle_frames(path: &Path, spans: &[TimeSpan]) -> Result<FramePixels, TransferError> {
    let mut reader = VideoReader::open(path)?;
    let table = reader.frame_table();
    let frames: Vec<usize> = spans.iter().map(|span| table.frame_at(span.midpoint())).collect();
    Ok(reader.read_frames(&frames, &FrameTransform::AsDecoded)?)
}
