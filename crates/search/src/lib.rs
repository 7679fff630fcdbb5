//! An index of people's own videos: vectors and words of encoded videos come in, and what fits a
//! question comes out.
//!
//! No tensor engine is here: vectors come as plain numbers, and whose they are is all the same.
//!
//! - [`segment`]: vectors in files that are written once, checked by checksums, and mapped
//! - [`scan`]: one query against all of them, exactly, with the distribution of all scores
//! - [`identity`]: which video a file is, wherever it was moved; what is to be done about a folder
//! - [`catalogue`]: files, vectors, cues, jobs and models in one place that survives being killed
//! - [`calibration`]: "found", "maybe" or "not found", with a measured rate of false alarms
//! - [`export`]: hits as tables, subtitles and edit lists
//! - [`cutting`]: hits as files of their own
//!
//! # Example
//!
//! ```
//! use locvtp_search::catalogue::{Access, Catalogue, ModelRecord, NewVideo, SqliteCatalogue};
//! use locvtp_search::identity::{Look, PlanSettings, plan, walk, whole_hash};
//! use locvtp_search::scan::ScanRequest;
//! use locvtp_search::segment::{VectorBatch, VectorKind};
//! use locvtp_video::{Seconds, TimeSpan};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("garden.mp4"), "frames")?;
//! let catalogue = SqliteCatalogue::open(&folder.path().join(".locvtp"), Access::WRITE)?;
//! let generation = catalogue.generation(&ModelRecord {
//!     name: "tiny".into(),
//!     hash: 1,
//!     preprocessing: "{}".into(),
//!     sampling: "{}".into(),
//!     width: 2,
//! })?;
//!
//! // A minute after the file was written nobody writes to it any more.
//! let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
//! let settings = PlanSettings::at(now.as_nanos() as i64 + 60_000_000_000);
//! let walked = walk(&[folder.path().to_owned()]);
//! let mut read_whole = |look: &Look| whole_hash(&look.path, &|| false);
//! let made = plan(&walked, &catalogue.known()?, settings, &mut read_whole);
//! for candidate in made.add {
//!     let mut clips = VectorBatch::new(2);
//!     clips.push(&[1.0, 0.0], TimeSpan::new(0.0, 2.0))?;
//!     clips.push(&[0.6, 0.8], TimeSpan::new(2.0, 4.0))?;
//!     catalogue.add_video(
//!         generation,
//!         &NewVideo {
//!             file: candidate.file,
//!             identity: candidate.identity,
//!             look: candidate.look,
//!             duration: Seconds(4.0),
//!             note: None,
//!             vectors: vec![(VectorKind::Clip, clips)],
//!             cues: vec![],
//!         },
//!     )?;
//! }
//!
//! let request = ScanRequest::new(&[0.0, 3.0], 1);
//! let hit = catalogue.scan(generation, VectorKind::Clip, &request)?.hits[0];
//! let file = catalogue.file_of(hit.track)?.ok_or("a hit has a file")?;
//! assert!(file.looks[0].path.ends_with("garden.mp4"));
//! assert_eq!((hit.span.to_string(), format!("{:.3}", hit.score)), ("2.00-4.00 s".into(), "0.800".into()));
//! # Ok(())
//! # }
//! ```

mod by_length;
pub mod calibration;
pub mod catalogue;
pub mod cutting;
pub mod export;
pub mod identity;
pub mod scan;
pub mod segment;
mod short_name;
mod sureness;

pub use by_length::ByLength;
pub use sureness::Sureness;
