//! Clips of the corpus's videos, decoded from the files or remembered from an earlier step.
//!
//! A small corpus fits decoded into memory; then every file is decoded once and a step costs copies alone. What does
//! not fit is decoded frame by frame as needed. Both ways give the same bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use locvtp_model::Preprocessing;
use locvtp_video::{
    AugmentationDraw, ClipPixels, FramePixels, FrameTable, MediaLocation, Phase, SamplingPlan,
    TimeSpan, VideoError, VideoOpener, sampling,
};

/// A decoded video at the size the model sees.
struct Decoded {
    table: FrameTable,
    frames: FramePixels,
}

/// Reads clips; shared by the loader's threads.
pub struct FrameSource {
    preprocessing: Preprocessing,
    opener: VideoOpener,
    cache: Mutex<Cache>,
}

struct Cache {
    videos: HashMap<usize, Arc<Decoded>>,
    held_bytes: usize,
    most_bytes: usize,
}

impl Cache {
    fn has_room(&self, bytes: usize) -> bool {
        self.held_bytes.saturating_add(bytes) <= self.most_bytes
    }
}

/// From a video's frame table to the frames of its clips.
pub type PlanOf<'a> = dyn Fn(&FrameTable) -> Result<SamplingPlan, VideoError> + 'a;

/// One sample: which frames, and what is done to them.
#[derive(Clone, Copy, Debug)]
pub struct ClipRequest {
    /// Presentation time; cut to the video.
    pub span: TimeSpan,
    /// Clips that tile the span.
    pub num_clips: usize,
    /// Frames of a clip.
    pub num_frames: usize,
    /// Where in its part of a clip a frame is taken.
    pub phase: Phase,
    /// What is changed at random; its sentence is the caller's.
    pub augmentation: AugmentationDraw,
}

impl ClipRequest {
    /// # Errors
    /// When the span begins after the end: a video that was not opened before may be shorter than
    /// its source says, and its last frame does not show what the caption says.
    fn plan(&self, media: &MediaLocation, table: &FrameTable) -> Result<SamplingPlan, VideoError> {
        let Self { span, num_clips, num_frames, phase, .. } = *self;
        if span.start >= table.end() {
            let path = media.path().to_owned();
            return Err(VideoError::SpanAfterEnd { path, end: table.end(), start: span.start });
        }
        Ok(sampling::sparse(table, span, num_clips, num_frames, phase))
    }
}

impl FrameSource {
    /// A source that remembers at most `cache_mib` MiB of decoded video.
    pub fn new(preprocessing: Preprocessing, opener: VideoOpener, cache_mib: usize) -> Self {
        let most_bytes = cache_mib.saturating_mul(1 << 20);
        let cache = Cache { videos: HashMap::new(), held_bytes: 0, most_bytes };
        Self { preprocessing, opener, cache: Mutex::new(cache) }
    }

    /// Bytes of decoded video remembered now.
    pub fn held_bytes(&self) -> usize {
        self.cache().held_bytes
    }

    /// Whether the video is remembered decoded.
    pub fn holds(&self, video: usize) -> bool {
        self.cache().videos.contains_key(&video)
    }

    /// The clips of one sample; `video` is the index under which the file is remembered.
    ///
    /// # Errors
    /// When the file cannot be opened, ends before the span, or a frame of the plan cannot be decoded.
    pub fn read(
        &self,
        video: usize,
        media: &MediaLocation,
        request: &ClipRequest,
    ) -> Result<ClipPixels, VideoError> {
        let plan = |table: &FrameTable| request.plan(media, table);
        self.read_planned(video, media, &plan, &request.augmentation)
    }

    /// The clips that `plan` chooses by the video's frame table; otherwise as [`FrameSource::read`].
    ///
    /// # Errors
    /// When the file cannot be opened, `plan` finds nothing in it, or a frame of the plan cannot be
    /// decoded.
    pub fn read_planned(
        &self,
        video: usize,
        media: &MediaLocation,
        plan: &PlanOf<'_>,
        augmentation: &AugmentationDraw,
    ) -> Result<ClipPixels, VideoError> {
        let mut clips = if augmentation.crops() {
            self.read_cropped(media, plan, augmentation)?
        } else {
            let mut clips = self.read_centre(video, media, plan)?;
            if augmentation.mirror {
                clips.mirror();
            }
            clips
        };
        augmentation.jitter.apply(&mut clips.data);
        Ok(clips)
    }

    /// A crop is another part of the picture each time, so nothing of it is remembered.
    fn read_cropped(
        &self,
        media: &MediaLocation,
        plan: &PlanOf<'_>,
        draw: &AugmentationDraw,
    ) -> Result<ClipPixels, VideoError> {
        let mut reader = self.opener.open(media)?;
        let plan = plan(reader.frame_table())?;
        let picture = (reader.info().width, reader.info().height);
        let crop = draw.crop(picture).expect("the draw crops");
        let transform = self.preprocessing.cropped(crop, draw.mirror);
        reader.read_clips(&plan, &transform)
    }

    fn read_centre(
        &self,
        video: usize,
        media: &MediaLocation,
        plan: &PlanOf<'_>,
    ) -> Result<ClipPixels, VideoError> {
        if let Some(decoded) = self.cache().videos.get(&video).cloned() {
            return Ok(ClipPixels::from_video(&plan(&decoded.table)?, &decoded.frames));
        }
        let mut reader = self.opener.open(media)?;
        let table = reader.frame_table().clone();
        let plan = plan(&table)?;
        let transform = self.preprocessing.centre();
        let bytes = table.len() * self.preprocessing.image_size.pow(2) * 3;
        // A file that cannot be decoded to its end may still hold the frames of this sample.
        if self.cache().has_room(bytes)
            && let Ok(frames) = reader.read_all(&transform)
            && frames.num_frames == table.len()
        {
            let decoded = Arc::new(Decoded { table, frames });
            let mut cache = self.cache();
            if cache.has_room(bytes) && cache.videos.insert(video, decoded.clone()).is_none() {
                cache.held_bytes += bytes;
            }
            return Ok(ClipPixels::from_video(&plan, &decoded.frames));
        }
        reader.read_clips(&plan, &transform)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
