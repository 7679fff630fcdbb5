//! What the index takes of a video beside its clips, found out by the process that decoded it: so that several read and hash
//! their own files.

use locvtp_corpus::WordsBeside;
use locvtp_search::catalogue::Cue;
use locvtp_search::identity::{Candidate, look_at, whole_hash};
use locvtp_transfer::extraction::VideoEnd;
use locvtp_video::{ReadLimits, Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::cues::{Cues, cues_of};

/// What was found.
#[derive(Debug, PartialEq)]
pub(crate) struct BesideClips {
    /// Whether the file was changed while it was read.
    pub(crate) is_changed: bool,
    /// A hash of the whole file.
    pub(crate) whole: Option<u128>,
    pub(crate) cues: Vec<Cue>,
    /// What a person should know of its subtitles.
    pub(crate) notes: Vec<String>,
    /// Why the subtitles inside it could not be read; none where they were.
    pub(crate) lost_subtitles: Option<String>,
}

impl BesideClips {
    /// Of a candidate that was decoded to its end.
    pub(crate) fn find(
        candidate: &Candidate,
        end: &VideoEnd,
        limits: ReadLimits,
        words: &mut WordsBeside,
    ) -> Self {
        let path = &candidate.look.path;
        // First the whole, so that it is of what was decoded where nothing changed since.
        let whole = whole(candidate);
        let is_changed = look_at(path).ok().as_ref() != Some(&candidate.look);
        let Cues { cues, notes, lost } = match is_changed {
            true => Cues::default(),
            false => cues_of(path, Seconds(end.duration_s), limits, words),
        };
        Self { is_changed, whole, cues, notes, lost_subtitles: lost }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let cue = |cue: &Cue| Told {
            start: cue.span.start,
            end: cue.span.end,
            text: cue.text.clone(),
            language: cue.language.clone(),
            source: cue.source.clone(),
        };
        let cues: Vec<Told> = self.cues.iter().map(cue).collect();
        let whole = self.whole.map(u128::to_le_bytes);
        let all = (self.is_changed, whole, cues, &self.notes, &self.lost_subtitles);
        serde_json::to_vec(&all).expect("plain data")
    }

    /// # Panics
    /// When they are of something else: all processes run the same program.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        type All = (bool, Option<[u8; 16]>, Vec<Told>, Vec<String>, Option<String>);
        let (is_changed, whole, cues, notes, lost_subtitles): All =
            serde_json::from_slice(bytes).expect("what was found beside clips");
        let cue = |told: Told| Cue {
            span: TimeSpan { start: told.start, end: told.end },
            text: told.text,
            language: told.language,
            source: told.source,
        };
        let whole = whole.map(u128::from_le_bytes);
        let cues = cues.into_iter().map(cue).collect();
        Self { is_changed, whole, cues, notes, lost_subtitles }
    }
}

/// A cue on its way.
#[derive(Serialize, Deserialize)]
struct Told {
    start: Seconds,
    end: Seconds,
    text: String,
    language: Option<String>,
    source: String,
}

/// The hash of the whole file of a candidate: the decoder has just read it, so it comes
/// from memory most often. A place that cannot be read and held no picture leaves the hash unknown.
fn whole(candidate: &Candidate) -> Option<u128> {
    match candidate.identity.whole {
        // Only of the state that was looked at; of one that was indexed before it may be older.
        Some(whole) if candidate.file.is_none() => Some(whole),
        _ => whole_hash(&candidate.look.path, &|| false).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_out_of_bytes_as_it_went_in() {
        let cue = Cue {
            span: TimeSpan::new(0.1 + 0.2, 7.0),
            text: "\"a\"\nb".into(),
            language: Some("en".into()),
            source: "a.srt".into(),
        };
        for whole in [None, Some(u128::MAX - 7)] {
            let found = BesideClips {
                is_changed: false,
                whole,
                cues: vec![cue.clone(), Cue { language: None, ..cue.clone() }],
                notes: vec!["two lines are left out".into()],
                lost_subtitles: whole.map(|_| "nothing came".into()),
            };
            assert_eq!(BesideClips::of_bytes(&found.to_bytes()), found);
        }
    }
}
