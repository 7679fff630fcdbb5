//! What is known of each packet while a file is read, and what many together tell.

use crate::content::Content;

/// What is known of a packet while the file is read; times in ticks of the stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) pts: Option<i64>,
    pub(crate) dts: Option<i64>,
    pub(crate) duration: i64,
    pub(crate) content: Content,
    pub(crate) is_key: bool,
    /// Cut short, as the container says.
    pub(crate) is_flagged: bool,
    /// Bytes were lost in it or behind it.
    pub(crate) is_beside_loss: bool,
    /// Outside the edit list.
    pub(crate) is_outside: bool,
    /// Its time contradicts those around it ([`crate::plausible_times`]).
    pub(crate) is_misplaced: bool,
    /// Where it stands in the file; below zero where that is not known.
    pub(crate) at_byte: i64,
    /// Whether its picture is one of B, of codecs whose headers say it in one place ([`crate::shown_after`]).
    pub(crate) is_b: Option<bool>,
    /// Its picture's place among those of its sequence, where that was asked for ([`crate::picture_order`]).
    pub(crate) order_count: Option<i32>,
}

impl Seen {
    /// Whether its picture belongs to the video and is there whole, or may be.
    pub(crate) fn is_usable(&self) -> bool {
        !self.is_outside && !self.is_flagged
    }

    /// Whether decoding can start from it.
    pub(crate) fn is_start(&self) -> bool {
        self.is_key && self.content != Content::SecondField
    }

    /// When it is decoded; when it is shown, where only that is known.
    pub(crate) fn decoded_at(&self) -> Option<i64> {
        self.dts.or(self.pts)
    }
}

/// Pictures that these packets show.
pub(crate) fn num_pictures(seen: &[Seen]) -> usize {
    seen.iter().filter(|packet| packet.content == Content::Picture).count()
}

/// How long a picture is usually shown: the middle one of the steps from picture to picture.
pub(crate) fn usual_step(seen: &[Seen]) -> i64 {
    let times = seen.iter().filter(|packet| packet.content == Content::Picture);
    let times: Vec<i64> = times.filter_map(Seen::decoded_at).collect();
    let mut steps: Vec<i64> =
        times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).filter(|s| *s > 0).collect();
    if steps.is_empty() {
        return seen.first().map_or(1, |packet| packet.duration.max(1));
    }
    let middle = steps.len() / 2;
    *steps.select_nth_unstable(middle).1
}

/// Whether the packets' durations are those of their pictures. Where all are alike and far above the
/// usual step, they are those of another rate, that of the first of several recordings.
pub(crate) fn durations_hold(seen: &[Seen]) -> bool {
    let Some(first) = seen.first() else { return true };
    let are_alike = seen.iter().all(|packet| packet.duration == first.duration);
    !are_alike || first.duration.saturating_mul(2) <= usual_step(seen).saturating_mul(3)
}
