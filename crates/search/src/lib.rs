//! Moments in a folder of videos: whether a sentence's moment is there at all, and what is done with one.
//!
//! - [`calibration`]: "found", "maybe" or "not found", with a measured rate of false alarms
//! - [`export`]: hits as tables, subtitles and edit lists
//! - [`cutting`]: hits as files of their own

pub mod calibration;
pub mod cutting;
pub mod export;
mod sureness;

pub use sureness::Sureness;
