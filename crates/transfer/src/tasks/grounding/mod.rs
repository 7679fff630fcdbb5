//! Temporal grounding: which moment of an untrimmed video a sentence describes.
//!
//! [`zero_shot`] uses the similarities of the pre-trained model as they are; heads that are trained
//! on its frozen features stand beside it: [`tan`] and
//! [`csmgan`]. [`Grounder`](crate::Grounder) answers one sentence in one file.
//!
//! What a head is given, whatever its kind:
//!
//! 1. [`annotated_parts::AnnotatedParts`] reads the annotation files of the parts, and
//!    [`queries::QueryParts`] joins them with the features
//!    ([`ClipFeatures`](crate::inputs::feature_section::ClipFeatures)); every
//!    [`Query`](queries::Query) has a video that is there, its length, a sentence and the true
//!    moment.
//! 2. [`words::SentenceWords`] holds the words of all sentences, by a text encoder or GloVe;
//!    [`batch`](words::SentenceWords::batch) pads some of them into `[b, n, width]`.
//! 3. [`video_inputs::VideoInputs`] gives a video's clips as the head wants them: it is made with a
//!    function from [`VideoFeatures`](locvtp_features::VideoFeatures) to numbers, and keeps what it
//!    made.
//!
//! [`task`] ties them together: the task file, its [`presets`], which head runs, and what is measured
//! ([`measure`]).

pub mod annotated_parts;
pub mod csmgan;
pub mod fixed_length;
pub mod glove;
pub mod measure;
pub mod presets;
pub mod queries;
pub mod tan;
pub mod task;
pub mod video_inputs;
pub mod words;
pub mod zero_shot;
