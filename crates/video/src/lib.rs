//! Frames of real video files at exact presentation times, sampled into clips.
//!
//! A video file comes in; RGB pixels with true times go out. Nothing here knows of models or
//! captions.
//!
//! - [`VideoReader`], the front door: opens a file, reads frames and clips; [`ReaderSettings`] and
//!   [`ReadLimits`] say how, and how much time and memory one file may cost
//! - [`VideoOpener`]: the same settings for many files, and a [`FrameTableCache`] for them
//! - [`ClipStream`]: the clips of long videos one at a time
//! - [`Glimpses`]: small pictures for thumbnails, without reading a file whole
//! - [`VideoInfo`]: what a file says about itself; [`FrameTable`]: when each frame is shown
//! - [`MediaLocation`]: a file, or a stretch of another file such as a member of an archive
//! - [`media_endings`]: which names are those of videos and pictures
//! - [`sampling`]: which frames make up the clips of a video, for training and for whole videos
//! - [`FrameTransform`] and [`ColourJitter`]: resizing, cropping, mirroring, colours;
//!   [`Augmentation`] draws them for a training sample
//! - [`FramePixels`] and [`ClipPixels`]: the decoded frames and clips
//! - [`copy_span`], [`encode_span`]: a span of a file as a file of its own
//! - [`SourceTags`]: start timecode, stated frame rate and sound, for editors
//! - [`text_tracks`](fn@text_tracks): subtitles inside a file
//! - [`Encoder`]: H.264 files for what this project generates
//! - [`Seconds`] and [`TimeSpan`]: times, and half-open spans
//! - [`VideoError`]: what can be wrong with a file
//! - [`sandbox`]: decoding in processes that may do nothing else
//!
//! Of use to all crates: [`counted`], numbers with their nouns for messages, [`causes`], errors with
//! what caused them, [`randomness`], what is drawn and for what, [`whole_file`], files that are whole
//! or not there, [`WholeFolder`], the same of folders, [`plain_file`], files that a folder names, [`FolderLock`], one program at work in a folder,
//! [`PlainName`], names that others state, [`address`], addresses without their passwords, [`shown`], texts as they
//! may be shown, and [`private_folder`], a folder of this user's own.
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

pub mod address;
mod augmentation;
mod augmentation_schema;
mod av1_units;
mod bits;
mod cancel;
pub mod causes;
mod clip_stream;
mod codec_headers;
mod colour_jitter;
mod content;
pub mod counted;
mod cut;
mod decode;
mod decoded_here;
mod displaced_run;
mod encode;
mod error;
mod error_codes;
mod ffmpeg_log;
mod folder_lock;
mod frame_search;
mod frame_stream;
mod frame_table;
mod frame_table_cache;
mod glimpses;
mod h264_fields;
mod hdr;
mod hevc_units;
mod index_bytes;
mod index_making;
mod joined_files;
mod joined_packets;
pub mod json_size;
mod key_search;
mod limits;
mod long_pauses;
mod losses;
pub mod media_endings;
mod media_location;
mod nal_units;
mod open_video;
mod opener;
mod orientation;
mod packet_content;
mod packet_index;
mod packet_list;
mod picture_order;
mod pillow;
mod pixels;
pub mod plain_file;
mod plain_name;
mod plausible_times;
mod playback;
mod png_texts;
pub mod private_folder;
mod probe;
pub mod randomness;
mod reader_settings;
mod rgb_conversion;
pub mod sampling;
pub mod sandbox;
mod scale;
mod seen_packet;
pub mod shown;
mod shown_after;
mod shown_from;
mod sound_in_hole;
mod source_tags;
mod stated_duration;
mod stream_headers;
mod stretch_input;
mod text_tracks;
mod time;
mod timeline;
mod tone_map;
mod transform;
mod transport_packets;
mod unreferenced;
mod watchdog;
pub mod whole_file;
mod whole_folder;

pub use augmentation::{Augmentation, AugmentationDraw, ColourPolicy, Mentions, SidePolicy};
pub use cancel::CancelToken;
pub use clip_stream::ClipStream;
pub use colour_jitter::{ColourJitter, ColourJitterStrength};
pub use cut::{Cut, CutSettings, copy_span, encode_span, encode_span_in_memory, encode_span_until};
pub use decode::VideoReader;
pub use encode::{Encoder, EncoderPreset, EncoderSettings};
pub use error::{FfmpegSaid, VideoError};
pub use folder_lock::{FolderLock, FolderLockError, LockHolder};
pub use frame_table::FrameTable;
pub use frame_table_cache::FrameTableCache;
pub use glimpses::{Glimpse, Glimpses, Nearness};
pub use hdr::HdrTransfer;
pub use limits::{LONGEST_VIDEO_S, LimitReached, ReadLimits};
pub use media_location::{FileStretch, MediaLocation, MediaPart};
pub use opener::VideoOpener;
pub use pixels::{ClipPixels, FramePixels};
pub use plain_name::{NotPlain, PlainName};
pub use playback::Playback;
pub use probe::{StreamChoice, VideoInfo};
pub use reader_settings::{DamagedFrames, ReaderSettings};
pub use sampling::{ClipPlan, ClipStride, Phase, SamplingPlan, TooManyClips};
pub use source_tags::SourceTags;
pub use text_tracks::{TextTrack, text_tracks};
pub use time::{Seconds, TimeSpan};
pub use transform::{CropBox, FrameTransform, Interpolation, RandomResizedCrop, Scaling};
pub use whole_folder::WholeFolder;
