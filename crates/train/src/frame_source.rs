//! Clips of the corpus's videos, decoded from the files or remembered from an earlier step.
//!
//! A small corpus fits decoded into memory; then every file is decoded once and a step costs copies alone. What does
//! not fit is decoded frame by frame as needed. Both ways give the same bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use locvtp_model::Preprocessing;
use locvtp_video::{
    ClipPixels, ColourJitter, FramePixels, FrameTable, MediaLocation, Phase, ReaderSettings,
    SamplingPlan, TimeSpan, VideoError, VideoReader, sampling, transform::draw_random_resized_crop,
};

use crate::augmentation::Augmentation;

/// A decoded video at the size the model sees.
struct Decoded {
    table: FrameTable,
    frames: FramePixels,
}

/// Reads clips; shared by the loader's threads.
pub struct FrameSource {
    preprocessing: Preprocessing,
    augmentation: Augmentation,
    cache: Mutex<Cache>,
}

struct Cache {
    videos: HashMap<usize, Arc<Decoded>>,
    free_bytes: usize,
}

/// One sample: which frames, and what is done to them.
#[derive(Clone, Copy, Debug)]
pub struct ClipRequest {
    /// Presentation time; cut to the video.
    pub span: TimeSpan,
    /// Clips that tile the span.
    pub num_clips: usize,
    /// Where in its part of a clip a frame is taken.
    pub phase: Phase,
    /// Seed of the augmentation's draw; `None` leaves the picture as in evaluation.
    pub augmentation_seed: Option<u64>,
}

impl FrameSource {
    /// A source that remembers at most `cache_mib` MiB of decoded video.
    pub fn new(preprocessing: Preprocessing, augmentation: Augmentation, cache_mib: usize) -> Self {
        let cache = Cache { videos: HashMap::new(), free_bytes: cache_mib << 20 };
        Self { preprocessing, augmentation, cache: Mutex::new(cache) }
    }

    /// The clips of one sample; `video` is the index under which the file is remembered.
    ///
    /// # Errors
    /// When the file cannot be opened, or a frame of the plan cannot be decoded.
    pub fn read(
        &self,
        video: usize,
        media: &MediaLocation,
        request: &ClipRequest,
    ) -> Result<ClipPixels, VideoError> {
        let plan = |table: &FrameTable| {
            let frames = self.preprocessing.num_frames;
            sampling::sparse(table, request.span, request.num_clips, frames, request.phase)
        };
        let mut clips = match (request.augmentation_seed, &self.augmentation.crop) {
            (Some(seed), Some(crop)) => {
                let mut reader = open(media)?;
                let plan = plan(reader.frame_table());
                let size = (reader.info().width, reader.info().height);
                let transform = draw_random_resized_crop(
                    seed,
                    crop,
                    size,
                    self.preprocessing.image_size as u32,
                );
                reader.read_clips(&plan, &transform)?
            }
            _ => self.read_centre(video, media, plan)?,
        };
        if let (Some(seed), Some(strength)) =
            (request.augmentation_seed, &self.augmentation.colour_jitter)
        {
            ColourJitter::draw(seed, strength).apply(&mut clips.data);
        }
        Ok(clips)
    }

    fn read_centre(
        &self,
        video: usize,
        media: &MediaLocation,
        plan: impl Fn(&FrameTable) -> SamplingPlan,
    ) -> Result<ClipPixels, VideoError> {
        if let Some(decoded) = self.cache().videos.get(&video).cloned() {
            return Ok(ClipPixels::from_video(&plan(&decoded.table), &decoded.frames));
        }
        let mut reader = open(media)?;
        let table = reader.frame_table().clone();
        let transform = self.preprocessing.centre();
        let bytes = table.len() * self.preprocessing.image_size.pow(2) * 3;
        // A file that cannot be decoded to its end may still hold the frames of this sample.
        if self.cache().free_bytes >= bytes
            && let Ok(frames) = reader.read_all(&transform)
            && frames.num_frames == table.len()
        {
            let decoded = Arc::new(Decoded { table, frames });
            let mut cache = self.cache();
            if cache.free_bytes >= bytes && cache.videos.insert(video, decoded.clone()).is_none() {
                cache.free_bytes -= bytes;
            }
            return Ok(ClipPixels::from_video(&plan(&decoded.table), &decoded.frames));
        }
        reader.read_clips(&plan(&table), &transform)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(media: &MediaLocation) -> Result<VideoReader, VideoError> {
    VideoReader::open_media(media, ReaderSettings::default(), None)
}
