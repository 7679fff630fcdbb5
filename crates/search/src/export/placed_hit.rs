//! Hits in frames, one after another on a timeline.

use super::error::ExportError;
use super::hit::Hit;
use super::source_clock::{SourceClock, SourceClocks};

/// A hit with its place in the source.
#[derive(Clone, Copy)]
pub(super) struct PlacedHit<'a> {
    pub(super) hit: &'a Hit,
    pub(super) clock: &'a SourceClock,
    /// The first frame, counted from the first of the source.
    pub(super) first: i64,
    /// The first frame behind it.
    pub(super) end: i64,
}

impl<'a> PlacedHit<'a> {
    /// In and out are the frame edges nearest to the span's, within the source and at least a frame
    /// apart; the length is what lies between.
    pub(super) fn new(hit: &'a Hit, clocks: &'a SourceClocks) -> Result<Self, ExportError> {
        let unknown = || ExportError::NoClock { path: hit.path.clone() };
        let clock = clocks.get(&hit.path).ok_or_else(unknown)?;
        let last = clock.num_frames();
        let edge = |at| clock.rate.frame_at(at - clock.first_frame);
        let first = edge(hit.span.start).clamp(0, last - 1);
        let end = edge(hit.span.end).clamp(first + 1, last);
        Ok(Self { hit, clock, first, end })
    }

    pub(super) fn all(hits: &'a [Hit], clocks: &'a SourceClocks) -> Result<Vec<Self>, ExportError> {
        if hits.is_empty() {
            return Err(ExportError::NoHit);
        }
        hits.iter().map(|hit| Self::new(hit, clocks)).collect()
    }

    pub(super) fn num_frames(&self) -> i64 {
        self.end - self.first
    }

    /// What is told of a hit in comments: query, sureness, what it rests on, score; of what a person chose
    /// the query alone.
    pub(super) fn remark(&self) -> String {
        let Hit { query, sure, score, evidence, .. } = self.hit;
        let told = [
            sure.map(|sure| sure.words().to_owned()),
            evidence.map(|evidence| evidence.word().to_owned()),
            score.map(|score| format!("score {score:.4}")),
        ];
        let told = told.into_iter().flatten().collect::<Vec<_>>().join(", ");
        super::hit::single_spaced(&if told.is_empty() {
            query.clone()
        } else {
            format!("{query} ({told})")
        })
    }
}
