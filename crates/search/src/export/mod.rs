//! Hits as files that other programs read: tables, subtitles, edit lists.
//!
//! Times are seconds from the start of the source, and every end is exclusive: it is the first moment,
//! or frame, that does not belong to the hit. Edit lists count in the source's own frames from its own
//! start timecode ([`SourceClock`]). What each format cannot say is refused with the way out.
//!
//! # Example
//! ```
//! use locvtp_search::Sureness;
//! use locvtp_search::export::{Evidence, ExportFormat, Hit, SourceClocks};
//! use locvtp_video::TimeSpan;
//!
//! let hit = Hit {
//!     path: "kitchen.mp4".into(),
//!     span: TimeSpan::new(12.5, 15.0),
//!     score: Some(0.43),
//!     sure: Some(Sureness::Found),
//!     evidence: Some(Evidence::Seen),
//!     query: "an egg is cracked".into(),
//!     label: String::new(),
//! };
//! // Subtitles count in seconds, so they need no clock of the source; `export_file` reads those itself.
//! let srt = ExportFormat::Srt.write("hits", &[hit], &SourceClocks::new())?;
//! assert_eq!(srt, "1\n00:00:12,500 --> 00:00:15,000\nan egg is cracked\n\n");
//! # Ok::<(), locvtp_search::export::ExportError>(())
//! ```

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
pub use format::{ExportFormat, Exported, check_place, export_file};
pub use frame_rate::FrameRate;
pub use hit::{Evidence, Hit};
pub use source_clock::{SourceClock, SourceClocks};
pub use timecode::Timecode;
