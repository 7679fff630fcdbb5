//! Clip features of whole videos, in the files that grounding code reads.
//!
//! Features come in clip by clip and go out as one file: HDF5 in the layout that 2D-TAN's loaders
//! and the authors' release use, or safetensors. Every video keeps the true time span of each of
//! its clips. Nothing here knows of models or pixels.
//!
//! - [`FeatureFile`], the front door for reading any kind of file: [`Hdf5File`], a group per video, other
//!   people's files too; [`SafetensorsFile`], `VIDEO/features` and `VIDEO/spans`; [`NumpyFiles`],
//!   folders of `.npz` and `.npy`, and one `.npz` with all, of other people
//! - [`VideoFeatures`]: the features of one video
//! - [`Provenance`]: what made a file's features
//! - [`FeatureSummary`]: what is in a file, for people
//! - [`NumpyArray`], [`npy_bytes`]: a table of numbers as NumPy writes it
//! - [`FeatureStore`], the front door for writing: can be killed and goes on, by a journal beside the file
//! - [`FeatureError`]: everything that can go wrong
//!
//! # Example
//! ```
//! use locvtp_features::{FeatureFile, FeatureStore, Provenance, VideoSource};
//! use locvtp_video::TimeSpan;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let out = folder.path().join("features.h5");
//! let provenance = Provenance { model: "runs/mine/model".into(), ..Provenance::default() };
//! let mut store = FeatureStore::open(&out, "c3d_features", provenance, false)?;
//! let spans = [TimeSpan::new(0.0, 0.64), TimeSpan::new(0.64, 1.28)];
//! store.push("kitchen", &spans, &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6])?;
//! store.video_done("kitchen", VideoSource::default())?;
//! store.finish()?;
//!
//! let mut file = FeatureFile::open(&out, None)?;
//! assert_eq!(file.ids(), ["kitchen"]);
//! let video = file.read("kitchen")?;
//! assert_eq!((video.num_clips(), video.width), (2, 3));
//! assert_eq!(video.spans.unwrap()[1], spans[1]);
//! # Ok(())
//! # }
//! ```

mod error;
mod feature_file;
mod feature_store;
mod feature_summary;
mod hdf5_file;
mod journal;
mod numpy_array;
mod numpy_files;
mod other_files;
mod provenance;
mod safetensors_file;
mod safetensors_header;
mod stated_size;
mod video_features;
mod video_id;

pub use error::FeatureError;
pub use feature_file::{FeatureFile, FileKind};
pub use feature_store::{FeatureStore, Finished};
pub use feature_summary::FeatureSummary;
pub use hdf5_file::Hdf5File;
pub use numpy_array::{NumpyArray, npy_bytes};
pub use numpy_files::NumpyFiles;
pub use other_files::OtherFiles;
pub use provenance::{Difference, Provenance, VideoSource};
pub use safetensors_file::SafetensorsFile;
pub use video_features::{ClipBlock, VideoFeatures};

/// Name of the dataset of a video's group: 2D-TAN's ActivityNet loader and the authors' release
/// read this one, whatever made the features (§A.9, §C.5).
pub const DEFAULT_DATASET: &str = "c3d_features";

/// Name of the dataset, or tensor, that holds the clips' time spans.
pub const SPANS: &str = "spans";
