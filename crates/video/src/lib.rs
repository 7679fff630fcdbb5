//! Frames of real video files at exact presentation times, sampled into clips.

pub mod encode;
pub mod error;
mod ffmpeg_log;
pub mod probe;
pub mod time;

pub use encode::{Encoder, EncoderPreset, EncoderSettings};
pub use error::VideoError;
pub use time::{Seconds, TimeSpan};
