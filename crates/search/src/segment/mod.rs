//! Vectors on disk: files that are written once, checked by checksums and mapped into memory.
//!
//! A segment holds vectors of one kind and one width. Each has unit length, and stands there in
//! two parts: bytes with one scale for the scan, and what they leave over for the second look. Both
//! together are as fine as `f32` numbers of that size. The vectors of one
//! track lie together and in order; such a stretch is a run. Which runs still count is said by the
//! catalogue, so removing a video changes no segment.
//!
//! - [`Segment`] reads: the bytes are mapped, the rest is read where it is asked for
//! - [`SegmentWriter`] writes; the file is whole or not there
//! - [`VectorBatch`] holds the vectors of one track on their way there
//! - [`verify`] reads a whole file and names what is damaged
//!
//! Each block is compared with its checksum when a process first reads it. A file that another program writes
//! to, or that goes away with its drive, is told after reading, and never ends the process.

mod batch;
mod checksums;
mod error;
mod layout;
mod mapped_file;
mod mapping_faults;
mod quantise;
mod read;
mod verify;
mod write;

pub use batch::{VectorBatch, VectorError};
pub use error::SegmentError;
pub use layout::{Run, SegmentHeader, TrackId, VectorKind};
pub(crate) use quantise::MOST_STEPS_OFF;
pub use quantise::{QuantisedQuery, padded_width};
pub use read::Segment;
pub use verify::verify;
pub use write::SegmentWriter;
