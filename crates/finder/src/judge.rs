//! Whether an answer is there at all: how far it stands out, beside null sentences on the same clips.
//!
//! A scan gives the counts of all scores and the files with the best clips; the best run of
//! neighbouring clips is looked for in these alone. Null sentences are measured in the same way, so the
//! rate is of this number.

use locvtp_model::words_of;
use locvtp_search::calibration::{Calibration, best_run, standout_over};
use locvtp_search::catalogue::{Catalogue, GenerationId};
use locvtp_search::scan::{ScanError, ScanRequest};
use locvtp_search::segment::{QuantisedQuery, VectorKind};
use locvtp_search::{ByLength, Sureness};
use locvtp_transfer::Embedder;
use serde::Serialize;

use crate::error::FinderError;
use crate::null_sentences::with_words_left_out;

/// Files in which the best run of a null sentence is looked for.
const FILES: usize = 16;

/// Clips below which nothing is measured: there is no background.
pub(crate) const FEWEST_CLIPS: u64 = 40;

/// Where more null sentences than this stand out as much, it may be said that it is not there: of what is
/// there, hardly anything does worse than so many sentences about other things.
const DENIED: f64 = 0.95;

/// Whether what was asked for is there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Measured beside null sentences.
    Judged {
        /// In one word.
        sure: Sureness,
        /// The share of null sentences that stand out as much, 0 to 1.
        false_alarms: f64,
    },
    /// Nothing was measured: the index is small, or the question is no sentence.
    Unknown,
}

impl Verdict {
    /// Of how far something stands out.
    pub(crate) fn of(calibration: Option<&Calibration>, standout: Option<f64>) -> Self {
        match (calibration, standout) {
            (Some(calibration), Some(standout)) => {
                let verdict = calibration.judge(standout);
                Self::Judged { sure: verdict.sure, false_alarms: verdict.rate }
            }
            _ => Self::Unknown,
        }
    }

    /// The same, and no surer than of the whole answer: a short moment has fewer clips to be judged by.
    pub(crate) fn no_surer_than(self, whole: Self) -> Self {
        match (self.false_alarms(), whole.false_alarms()) {
            (Some(own), Some(of_whole)) if own < of_whole => whole,
            _ => self,
        }
    }

    /// Whether it was measured, and does not stand out. It may be there all the same.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Judged { sure: Sureness::Guess, .. })
    }

    /// Whether it stands out so little that it can be said not to be there, where that may be said at all.
    pub(crate) fn is_far_below(&self) -> bool {
        self.false_alarms().is_some_and(|share| share > DENIED)
    }

    /// The share of null sentences that stand out as much, 0 to 1, where it was measured.
    pub fn false_alarms(&self) -> Option<f64> {
        match self {
            Self::Judged { false_alarms, .. } => Some(*false_alarms),
            Self::Unknown => None,
        }
    }
}

/// Whether it may be said of a question that what it asks for is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// It may.
    Allowed,
    /// Sentences about other things that are as short stand out as little, or too few of them were measured: what says less
    /// stands out less, also where it is there.
    TooShort,
    /// An earlier version measured the index, and compared no lengths.
    LengthsNotMeasured,
}

impl Denial {
    /// Of a sentence with so many words that the model knows, by how far it stands out.
    pub(crate) fn of(
        calibration: Option<&Calibration>,
        num_words: usize,
        standout: Option<f64>,
    ) -> Self {
        let (Some(calibration), Some(standout)) = (calibration, standout) else {
            return Self::Allowed;
        };
        match calibration.by_length().map(|lengths| lengths.rate(num_words, standout)) {
            None => Self::LengthsNotMeasured,
            Some(Some(rate)) if rate > DENIED => Self::Allowed,
            Some(_) => Self::TooShort,
        }
    }
}

/// The calibration of a generation; none where there is none, or one that an earlier version wrote.
pub(crate) fn calibration_of(
    catalogue: &dyn Catalogue,
    generation: GenerationId,
) -> Result<Option<Calibration>, FinderError> {
    let value = catalogue.calibration(generation)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

/// Measures null sentences where nothing was measured yet or the index has outgrown it. Returns whether
/// there is a calibration now.
pub(crate) fn fit(
    catalogue: &dyn Catalogue,
    generation: GenerationId,
    embedder: &Embedder,
    sentences: &[&str],
) -> Result<bool, FinderError> {
    // Of signs alone nothing may be left for the model.
    let says = |sentence: &&&str| !words_of(sentence).is_empty();
    let sentences: Vec<&str> = sentences.iter().filter(says).copied().collect();
    let sentences = sentences.as_slice();
    // One is enough to count the clips.
    let Some(first) = embedder.embed_sentences(&sentences[..sentences.len().min(1)])?.pop() else {
        return Ok(false);
    };
    let (_, num_clips) = measured(catalogue, generation, &first.sentence)?;
    let known = calibration_of(catalogue, generation)?;
    if num_clips < FEWEST_CLIPS {
        return Ok(known.is_some());
    }
    // One without lengths denies nothing, so it is measured again.
    let is_good =
        |known: &Calibration| known.by_length().is_some() && !known.is_outgrown(num_clips);
    if known.as_ref().is_some_and(is_good) {
        return Ok(true);
    }
    let nulls = standouts(catalogue, generation, embedder, sentences)?;
    let whole: Vec<f64> = nulls.iter().map(|(_, standout)| *standout).collect();
    let Ok(calibration) = Calibration::fit(&whole, num_clips) else { return Ok(false) };
    // What is much shorter than every caption is nothing that was ever said of a video: it is not compared, and so never denied.
    let fewest = nulls.iter().map(|(num_words, _)| *num_words).min().unwrap_or(0);
    let shorter = with_words_left_out(sentences);
    let shorter: Vec<String> =
        shorter.filter(|sentence| words_of(sentence).len() + 1 >= fewest).collect();
    let shorter: Vec<&str> = shorter.iter().map(String::as_str).collect();
    let shorter = standouts(catalogue, generation, embedder, &shorter)?;
    let lengths = ByLength::new(nulls.into_iter().chain(shorter).collect());
    let calibration = calibration.with_lengths(lengths);
    let value = serde_json::to_value(calibration).expect("plain numbers are JSON");
    catalogue.set_calibration(generation, &value)?;
    Ok(true)
}

/// The number of words of each sentence, and how far it stands out among all clips.
fn standouts(
    catalogue: &dyn Catalogue,
    generation: GenerationId,
    embedder: &Embedder,
    sentences: &[&str],
) -> Result<Vec<(usize, f64)>, FinderError> {
    let mut all = Vec::with_capacity(sentences.len());
    for (sentence, embedded) in sentences.iter().zip(&embedder.embed_sentences(sentences)?) {
        let (standout, _) = measured(catalogue, generation, &embedded.sentence)?;
        all.extend(standout.map(|standout| (words_of(sentence).len(), standout)));
    }
    Ok(all)
}

/// How far a sentence stands out among all clips, and how many there are.
fn measured(
    catalogue: &dyn Catalogue,
    generation: GenerationId,
    sentence: &[f32],
) -> Result<(Option<f64>, u64), FinderError> {
    let request = ScanRequest { num_tracks: FILES, ..ScanRequest::new(sentence, 0) };
    let answer = catalogue.scan(generation, VectorKind::Clip, &request)?;
    let query = QuantisedQuery::new(sentence).map_err(ScanError::from)?;
    let mut best = f64::NEG_INFINITY;
    for hit in &answer.tracks {
        let scores = catalogue.track_scores(generation, VectorKind::Clip, hit.track, &query)?;
        best = scores.iter().map(|scores| best_run(scores)).fold(best, f64::max);
    }
    Ok((standout_over(best, &answer.background), answer.background.num_scores()))
}
