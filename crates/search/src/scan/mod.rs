//! The exact scan: one query against every vector of an index, with all threads.
//!
//! Every score is computed, so a filter drops nothing that should be found, and the distribution of
//! all scores comes out of the same pass ([`Background`]). The scan works on bytes, and all
//! that could be among the best by what rounding to bytes may hide is looked at again as it was written. Nothing depends on the number of threads or on how the vectors lie
//! in segments: products are whole numbers, the background is counts, and equal scores are ordered by
//! track and clip.

mod background;
mod kernel;
mod pass;
mod second_look;
mod top;
mod track_filter;
mod vector_set;

pub use background::Background;
pub use top::Hit;
pub(crate) use top::{Ranked, Top};
pub use track_filter::TrackFilter;
pub use vector_set::{ScanAnswer, ScanError, ScanRequest, TrackVectors, VectorSet};
