//! Which tracks a search is about.

use crate::segment::TrackId;

/// A set of tracks, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackFilter {
    words: Vec<u64>,
}

impl TrackFilter {
    /// Adds a track.
    pub fn insert(&mut self, track: TrackId) {
        let word = track.0 as usize / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (track.0 % 64);
    }

    /// Whether a track is in the set.
    pub fn contains(&self, track: TrackId) -> bool {
        let word = self.words.get(track.0 as usize / 64);
        word.is_some_and(|word| word >> (track.0 % 64) & 1 == 1)
    }

    /// The tracks in order.
    pub fn tracks(&self) -> impl Iterator<Item = TrackId> + '_ {
        (0..self.words.len() as u32 * 64).map(TrackId).filter(|track| self.contains(*track))
    }
}

impl FromIterator<TrackId> for TrackFilter {
    fn from_iter<I: IntoIterator<Item = TrackId>>(tracks: I) -> Self {
        let mut filter = Self::default();
        tracks.into_iter().for_each(|track| filter.insert(track));
        filter
    }
}
