//! Temporal grounding: which moment of an untrimmed video a sentence describes.
//!
//! `zero_shot` uses the similarities of the pre-trained model as they are; heads that are trained
//! on its frozen features stand beside it: [`tan`] and
//! [`csmgan`]. [`Grounder`](crate::Grounder) answers one sentence in one file.
//!
//! What a head is given, whatever its kind:
//!
//! 1. [`AnnotatedParts`] reads the annotation files of the parts, and
//!    [`QueryParts`] joins them with the features
//!    ([`ClipFeatures`](crate::inputs::ClipFeatures)); every
//!    [`Query`] has a video that is there, its length, a sentence and the true
//!    moment.
//! 2. [`SentenceWords`] holds the words of all sentences, by a text encoder or GloVe;
//!    [`batch`](SentenceWords::batch) pads some of them into `[b, n, width]`.
//! 3. `VideoInputs` gives a video's clips as the head wants them: it is made with a
//!    function from [`VideoFeatures`](locvtp_features::VideoFeatures) to numbers, and keeps what it
//!    made.
//!
//! `task` ties them together: the task file, its `presets`, which head runs, and what is measured
//! (`measure`).

mod annotated_parts;
pub mod csmgan;
mod fixed_length;
mod glove;
pub(crate) mod grounding_error;
mod measure;
mod presets;
mod queries;
pub mod tan;
mod task;
mod video_inputs;
mod words;
mod zero_shot;

pub use annotated_parts::{AnnotatedParts, PositiveWindows, QuerySection};
pub use fixed_length::average_to_fixed_length;
pub use grounding_error::{GroundingError, WordVectorFault};
pub use measure::MetricSection;
pub use presets::DataSet;
pub use queries::{Query, QueryParts};
pub use task::{GroundingHead, GroundingSection, GroundingTask};
pub use words::{SentenceWords, WordBatch, WordSection};
pub use zero_shot::ZeroShotSection;
