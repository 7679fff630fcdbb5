//! Vectors on disk: files that are written once, checked by checksums and mapped into memory.
//!
//! A segment holds vectors of one kind and one width. Each has unit length, and stands there twice:
//! as bytes with one scale for the scan, and as half floats for the second look. The vectors of one
//! track lie together and in order; such a stretch is a run. Which runs still count is said by the
//! catalogue, so removing a video changes no segment.
//!
//! - [`Segment`] reads: the bytes are mapped, half floats and spans are read where they are asked for
//! - [`SegmentWriter`] writes; the file is whole or not there
//! - [`VectorBatch`] holds the vectors of one track on their way there
//! - [`verify`] reads a whole file and names what is damaged

mod batch;
mod error;
mod layout;
mod quantise;
mod read;
mod verify;
mod write;

pub use batch::{VectorBatch, VectorError};
pub use error::SegmentError;
pub use layout::{Run, SegmentHeader, TrackId, VectorKind};
pub use quantise::{QuantisedQuery, code, padded_width};
pub use read::Segment;
pub use verify::verify;
pub use write::SegmentWriter;
