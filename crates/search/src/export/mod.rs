//! Hits as files that other programs read: tables, subtitles, edit lists.
//!
//! Times are seconds from the start of the source, and every end is exclusive: it is the first moment,
//! or frame, that does not belong to the hit. Edit lists count in the source's own frames from its own
//! start timecode ([`SourceClock`]). What each format cannot say is refused with the way out.

mod csv;
mod edl;
mod error;
mod fcpxml;
mod file_url;
mod format;
mod frame_rate;
mod hit;
mod json;
mod otio;
mod placed_hit;
mod reels;
mod source_clock;
mod srt;
mod timecode;
mod vtt;
mod xml;

pub use error::ExportError;
pub use format::{ExportFormat, export_file};
pub use frame_rate::FrameRate;
pub use hit::{Evidence, Hit};
pub use source_clock::{SourceClock, SourceClocks};
pub use timecode::Timecode;
