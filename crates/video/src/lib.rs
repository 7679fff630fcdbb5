//! Frames of real video files at exact presentation times, sampled into clips.
//!
//! A video file comes in; RGB pixels with true times go out. Nothing here knows of models or
//! captions.
//!
//! - [`decode`]: [`VideoReader`], the front door: opens a file, reads frames and clips
//! - [`opener`]: [`VideoOpener`], the same with limits and a cache for many files
//! - [`clip_stream`]: [`ClipStream`], the clips of long videos one at a time
//! - [`probe`]: [`VideoInfo`], what a file says about itself
//! - [`frame_table`]: when each frame is shown; [`frame_table_cache`] keeps the tables on disk
//! - [`media_location`]: a file, or a stretch of another file such as a member of an archive
//! - [`reader_settings`] and [`limits`]: how files are read, and how much time and memory one may cost
//! - [`sampling`]: which frames make up the clips of a video, for training and for whole videos
//! - [`transform`] and [`colour_jitter`]: resizing, cropping, mirroring, colours;
//!   [`augmentation`] draws them for a training sample
//! - [`pixels`]: the decoded frames and clips
//! - [`encode`]: H.264 files for what this project generates
//! - [`time`]: seconds and half-open spans
//! - [`counted`]: numbers with their nouns, for the messages of all crates
//! - [`error`]: what can be wrong with a file
//!
//! # Example
//!
//! ```
//! use locvtp_video::{
//!     Encoder, EncoderSettings, FrameTransform, Interpolation, Scaling, VideoReader,
//! };
//! use locvtp_video::sampling::{self, Phase};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("fading.mp4");
//! let mut encoder = Encoder::create(&path, EncoderSettings::new(64, 48, 10))?;
//! for grey in 0..40 {
//!     encoder.push(&vec![grey * 6; 64 * 48 * 3])?;
//! }
//! encoder.finish()?;
//!
//! let mut video = VideoReader::open(&path)?;
//! assert_eq!(video.info().duration.to_string(), "4.00 s");
//!
//! // Two clips of four frames, spread over the whole video, as a model would see them.
//! let table = video.frame_table();
//! let plan = sampling::sparse(table, table.span(), 2, 4, Phase::Centre);
//! let transform = FrameTransform::ShortSideCentreCrop {
//!     short_side: 36,
//!     size: 32,
//!     interpolation: Interpolation::Bilinear,
//!     scaling: Scaling::Fast,
//! };
//! let clips = video.read_clips(&plan, &transform)?;
//! assert_eq!((clips.num_clips, clips.frames_per_clip, clips.height, clips.width), (2, 4, 32, 32));
//! assert_eq!(clips.spans[1].to_string(), "2.00-4.00 s");
//! # Ok(())
//! # }
//! ```

pub mod augmentation;
mod bits;
pub mod clip_stream;
pub mod colour_jitter;
mod content;
pub mod counted;
pub mod decode;
pub mod encode;
pub mod error;
mod ffmpeg_log;
mod frame_search;
mod frame_stream;
pub mod frame_table;
pub mod frame_table_cache;
mod h264_fields;
mod index_making;
mod joined_files;
pub mod limits;
mod losses;
pub mod media_endings;
pub mod media_location;
pub mod opener;
mod orientation;
mod packet_content;
mod packet_index;
mod packet_list;
mod partial_file;
mod pillow;
pub mod pixels;
mod plausible_times;
pub mod probe;
pub mod reader_settings;
mod rgb_conversion;
pub mod sampling;
mod scale;
mod seen_packet;
mod shown_from;
mod sound_in_hole;
mod stream_headers;
mod stretch_input;
pub mod time;
mod timeline;
pub mod transform;
mod watchdog;

pub use augmentation::{Augmentation, AugmentationDraw, ColourPolicy, Mentions, SidePolicy};
pub use clip_stream::ClipStream;
pub use colour_jitter::{ColourJitter, ColourJitterStrength};
pub use decode::VideoReader;
pub use encode::{Encoder, EncoderPreset, EncoderSettings};
pub use error::{FfmpegSaid, VideoError};
pub use frame_table::FrameTable;
pub use frame_table_cache::FrameTableCache;
pub use limits::ReadLimits;
pub use media_location::{FileStretch, MediaLocation, MediaPart};
pub use opener::VideoOpener;
pub use pixels::{ClipPixels, FramePixels};
pub use probe::{HdrTransfer, StreamChoice, VideoInfo};
pub use reader_settings::{DamagedFrames, ReaderSettings};
pub use sampling::{ClipPlan, ClipStride, Phase, SamplingPlan};
pub use time::{Seconds, TimeSpan};
pub use transform::{CropBox, FrameTransform, Interpolation, RandomResizedCrop, Scaling};
