//! Held-out videos through an encoder and a classifier, to a label for each of their seconds.
//!
//! Clips of several videos share a batch and no video is in memory whole; kept are the features of those
//! that are in work.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use locvtp_video::TimeSpan;

use super::classifier::{Classifier, likeliest};
use super::second_clips::SecondClips;
use super::videos::LabelledVideo;
use crate::embedding::{Embedder, unit};
use crate::error::TransferError;
use crate::extraction::decoding::VideoEnd;
use crate::extraction::encoding::{ClipSink, Encoding, nothing_aside};
use crate::extraction::{BadVideo, ExtractObserver, ExtractProgress, FeatureSpace, VideoFile};
use crate::fit::shared_observer::SharedObserver;
use crate::observer::TaskObserver;

/// What of the encoder's clips the classifier sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ClipForm {
    /// Backbone or joint space.
    pub space: FeatureSpace,
    /// Whether they have unit length.
    pub normalise: bool,
    /// Their width.
    pub width: usize,
}

/// An encoder and a classifier, ready to label.
pub(super) struct Labeller<'a> {
    /// The encoder.
    pub embedder: Embedder,
    /// Of its clips.
    pub classifier: &'a Classifier,
    /// Which clip is of which second.
    pub clips: &'a SecondClips,
    /// What the classifier sees of them.
    pub form: ClipForm,
    /// Threads that decode, each another video.
    pub decode_threads: usize,
}

impl Labeller<'_> {
    /// The labels of every video that can be read to its end, by id.
    ///
    /// # Errors
    /// When a feature is not finite; [`TransferError::Stopped`] when `observer` stops it.
    pub(super) fn label(
        &self,
        videos: &[&LabelledVideo],
        observer: &mut dyn ExtractObserver,
    ) -> Result<BTreeMap<String, Vec<u32>>, TransferError> {
        let files: Vec<VideoFile> =
            videos.iter().map(|video| self.clips.of(&video.id).file.clone()).collect();
        let encoding = Encoding {
            embedder: &self.embedder,
            space: self.form.space,
            rule: self.clips.rule(),
            batch: self.embedder.clips_at_once(),
            decode_threads: self.decode_threads,
            take_over_stills: false,
        };
        let mut labelling =
            LabelSink { labeller: self, begun: BTreeMap::new(), labels: BTreeMap::new() };
        if encoding.run(&files, &mut nothing_aside(), &mut labelling, observer)?.stopped {
            return Err(TransferError::Stopped);
        }
        Ok(labelling.labels)
    }
}

/// Labels a video when all of its clips are there.
struct LabelSink<'a> {
    labeller: &'a Labeller<'a>,
    /// The clips so far, by video.
    begun: BTreeMap<String, Vec<f32>>,
    labels: BTreeMap<String, Vec<u32>>,
}

impl ClipSink for LabelSink<'_> {
    fn clips(
        &mut self,
        video: &VideoFile,
        _spans: &[TimeSpan],
        values: &[f32],
    ) -> Result<(), TransferError> {
        self.begun.entry(video.id.clone()).or_default().extend_from_slice(values);
        Ok(())
    }

    fn done(
        &mut self,
        video: &VideoFile,
        _end: &VideoEnd,
        _aside: &[u8],
    ) -> Result<(), TransferError> {
        let Labeller { embedder, classifier, clips, form, .. } = self.labeller;
        let values = self.begun.remove(&video.id).unwrap_or_default();
        let values: Vec<&[f32]> = values.chunks_exact(form.width).collect();
        let mut seconds = Vec::new();
        for &clip in &clips.of(&video.id).of_second {
            // A file that was exchanged while the task runs may have fewer.
            let Some(clip) = values.get(clip).or(values.last()) else { return Ok(()) };
            if form.normalise {
                seconds.extend(unit(clip));
            } else {
                seconds.extend_from_slice(clip);
            }
        }
        let logits = classifier.logits(seconds, form.width, embedder.device());
        self.labels.insert(video.id.clone(), likeliest(logits));
        Ok(())
    }
}

/// Held-out videos that could not be read to their end.
#[derive(Debug, Default)]
pub(super) struct UnreadVideos {
    /// All of them; each was told of.
    ids: BTreeSet<String>,
    /// Those that hung: they are not tried again after the next epoch.
    hung: BTreeSet<String>,
}

impl UnreadVideos {
    /// Whether a video was tried and could not be read to its end.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Whether a video hung.
    pub(super) fn has_hung(&self, id: &str) -> bool {
        self.hung.contains(id)
    }

    /// Notes a video; says whether it is new.
    fn insert(&mut self, bad: &BadVideo) -> bool {
        if bad.has_hung {
            self.hung.insert(bad.id.clone());
        }
        self.ids.insert(bad.id.clone())
    }
}

/// Tells how far the videos of a part are, and of each bad one once.
pub(super) struct HeldOutObserver<'a, 'o> {
    /// Who is told.
    pub observer: &'a SharedObserver<'o>,
    /// Those that were told of.
    pub unread: &'a RefCell<UnreadVideos>,
    /// Which videos they are.
    pub what: &'a str,
}

impl ExtractObserver for HeldOutObserver<'_, '_> {
    fn progress(&mut self, progress: &ExtractProgress) {
        self.observer.progress(self.what, progress.videos, progress.total_videos);
    }

    fn bad(&mut self, bad: &BadVideo) {
        if self.unread.borrow_mut().insert(bad) {
            self.observer.warning(&format!("left out: {}", bad.reason));
        }
    }

    fn should_stop(&self) -> bool {
        self.observer.should_stop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_is_told_of_once_and_left_out_from_then_on_only_where_it_hung() {
        let bad = |id: &str, has_hung: bool| BadVideo {
            id: id.to_owned(),
            path: format!("{id}.mp4").into(),
            reason: String::new(),
            is_damaged: !has_hung,
            has_hung,
        };
        let mut unread = UnreadVideos::default();
        assert!(unread.insert(&bad("cut", false)) && unread.insert(&bad("slow", true)));
        assert!(!unread.insert(&bad("cut", false)) && !unread.insert(&bad("slow", true)));
        assert!(unread.contains("cut") && unread.contains("slow") && !unread.contains("whole"));
        assert!(unread.has_hung("slow") && !unread.has_hung("cut"));
    }
}
