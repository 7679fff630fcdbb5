//! One feature for every second of a video, whatever clips a file has.
//!
//! CrossTask and COIN are measured second by second. Features made here have a clip that begins with
//! every second (`features.stride_s = 1.0`); those of other people have one row a second, as both
//! benchmarks hand theirs out. Files with other clips are read too: a second takes the clip whose
//! middle is nearest to its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use locvtp_features::VideoFeatures;
use locvtp_video::TimeSpan;

use super::clip_features::ClipFeatures;
use crate::embedding::unit;
use crate::error::TransferError;
use crate::inputs::input_error::InputError;

/// Numbers that are kept in memory; what is beyond is read again when it is asked for.
const MOST_NUMBERS: usize = 256 << 20;

/// The features of a video's seconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VideoSeconds {
    /// Numbers of a feature, `d`.
    pub width: usize,
    /// `[seconds, d]`
    pub values: Vec<f32>,
}

impl VideoSeconds {
    /// One feature a second, from those of clips.
    pub(crate) fn of_clips(features: &VideoFeatures) -> Self {
        let width = features.width;
        let Some(spans) = features.spans.as_deref().filter(|spans| !spans.is_empty()) else {
            return Self { width, values: features.values.clone() };
        };
        let clips = clips_of_seconds(spans).into_iter();
        let values = clips.flat_map(|clip| features.clip(clip)).copied().collect();
        Self { width, values }
    }

    /// How many seconds there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// The feature of each second, `[d]`.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }
}

/// The clip that stands for each second, from 0: the one whose middle is nearest to the second's own; of
/// two the earlier.
///
/// # Panics
/// Without clips.
pub(crate) fn clips_of_seconds(spans: &[TimeSpan]) -> Vec<usize> {
    let middle = |clip: usize| (spans[clip].start.0 + spans[clip].end.0) / 2.0;
    let end = spans.iter().map(|span| span.end.0).fold(0.0, f64::max);
    // A thousandth of a second is no second of its own.
    let seconds = ((end - 1e-3).ceil() as usize).max(1);
    let mut clip = 0;
    let nearest = |second: usize| {
        let distance = |clip: usize| (middle(clip) - (second as f64 + 0.5)).abs();
        while clip + 1 < spans.len() && distance(clip + 1) < distance(clip) {
            clip += 1;
        }
        clip
    };
    (0..seconds).map(nearest).collect()
}

/// The seconds of many videos, read when they are asked for and kept as far as there is room.
pub(crate) struct PerSecondFeatures {
    file: RefCell<ClipFeatures>,
    normalise: bool,
    kept: RefCell<BTreeMap<String, Rc<VideoSeconds>>>,
    room: Cell<usize>,
    first: RefCell<Option<(String, usize)>>,
}

impl PerSecondFeatures {
    /// Those of a file; with `normalise` every second has unit length.
    pub(crate) fn new(file: ClipFeatures, normalise: bool) -> Self {
        Self {
            file: RefCell::new(file),
            normalise,
            kept: RefCell::default(),
            room: Cell::new(MOST_NUMBERS),
            first: RefCell::default(),
        }
    }

    /// The seconds of a video; `None` when the file does not have it.
    ///
    /// # Errors
    /// When its features are no table of finite numbers, or are of another width than those before.
    pub(crate) fn read(&self, id: &str) -> Result<Option<Rc<VideoSeconds>>, TransferError> {
        if let Some(seconds) = self.kept.borrow().get(id) {
            return Ok(Some(Rc::clone(seconds)));
        }
        let mut file = self.file.borrow_mut();
        let Some(features) = file.read(id)? else { return Ok(None) };
        let mut first = self.first.borrow_mut();
        let (other_id, other) = first.get_or_insert_with(|| (id.to_owned(), features.width));
        if *other != features.width {
            return Err(InputError::FeatureWidth {
                path: file.path().to_owned(),
                id: id.to_owned(),
                width: features.width,
                other_id: other_id.clone(),
                other: *other,
            }
            .into());
        }
        let mut seconds = VideoSeconds::of_clips(&features);
        if self.normalise {
            seconds.values = seconds.rows().flat_map(unit).collect();
        }
        let seconds = Rc::new(seconds);
        if let Some(room) = self.room.get().checked_sub(seconds.values.len()) {
            self.room.set(room);
            self.kept.borrow_mut().insert(id.to_owned(), Rc::clone(&seconds));
        }
        Ok(Some(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clips(spans: Option<Vec<TimeSpan>>, count: usize) -> VideoFeatures {
        let values = (0..count).map(|clip| clip as f32).collect();
        VideoFeatures { width: 1, values, spans, source: None }
    }

    #[test]
    fn rows_of_other_people_are_seconds() {
        let seconds = VideoSeconds::of_clips(&clips(None, 3));
        assert_eq!((seconds.len(), seconds.values), (3, vec![0.0, 1.0, 2.0]));
    }

    #[test]
    fn clips_that_begin_with_every_second_stand_for_it_and_the_last_one_for_the_rest() {
        let spans = (0..3).map(|s| TimeSpan::new(f64::from(s), f64::from(s) + 1.6)).collect();
        // Middles .8, 1.8, 2.8; the video's part that is seen ends at 3.6, in its fourth second.
        assert_eq!(VideoSeconds::of_clips(&clips(Some(spans), 3)).values, [0.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn a_second_takes_the_clip_nearest_to_its_middle() {
        let spans = (0..5).map(|c| TimeSpan::new(0.5 * f64::from(c), 0.5 * f64::from(c + 1)));
        // Middles .25, .75, 1.25, 1.75, 2.25; seconds' middles .5 (a tie: the earlier), 1.5, 2.5.
        let seconds = VideoSeconds::of_clips(&clips(Some(spans.collect()), 5));
        assert_eq!(seconds.values, [0.0, 2.0, 4.0]);
    }
}
