//! When a sentence happens in a video file: a model that is opened once and asked as often as wanted.

use std::ops::Range;
use std::path::Path;

use locvtp_measure::{MeasureError, Moment, MomentDecoder};
use locvtp_video::{TimeSpan, VideoOpener};
use serde::{Deserialize, Serialize};

use crate::clip_score::ClipScore;
use crate::embedding::{Embedder, SentenceEmbedding};
use crate::error::TransferError;

/// Finds the moments of videos that sentences describe.
///
/// # Example
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/small_model.rs"));
/// use locvtp_transfer::Grounder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (folder, video) = small_model_and_video()?;
/// # let dir = folder.path();
/// let grounder = Grounder::open(dir)?;
/// for moment in grounder.find(&video, "a red square moves left")? {
///     println!("{}  {:.3}", moment.span, moment.score);
/// }
/// # assert!(!grounder.find(&video, "a blue disc grows")?.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Grounder {
    embedder: Embedder,
    opener: VideoOpener,
    score: ClipScore,
    decoder: MomentDecoder,
}

/// What was found in a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileGrounding {
    /// The clips of the video, in order of time.
    pub clips: Vec<TimeSpan>,
    /// Similarity of every clip to the sentence.
    pub scores: Vec<f32>,
    /// The moments, best first.
    pub moments: Vec<Moment>,
}

impl FileGrounding {
    /// From clips to moments: the one way, for a file that was just decoded and for one that an index
    /// holds. `clips` are unit vectors, one a span.
    ///
    /// # Errors
    /// When spans and clips differ in number, spans are out of order, or a score is not finite.
    pub fn of<'a>(
        spans: Vec<TimeSpan>,
        clips: impl IntoIterator<Item = &'a [f32]>,
        sentence: &SentenceEmbedding,
        score: ClipScore,
        decoder: &MomentDecoder,
    ) -> Result<Self, MeasureError> {
        let scores = score.scores_of(clips, sentence);
        let moments = decoder.decode(&spans, &scores)?;
        Ok(Self { clips: spans, scores, moments })
    }

    /// What each moment is worth among those of other files: the score of its best clip, of the first that of the
    /// file's best clip, so that files are in the order of their best clips, and no more than that of the moment before
    /// it. What `locvtp search` and `locvtp ground` call `score`.
    pub fn best_clips(&self) -> Vec<f32> {
        let best = |scores: &[f32]| scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut least = f32::INFINITY;
        let worths = self.moments.iter().enumerate().map(|(place, moment)| {
            let of_moment = &self.scores[self.clips_of(&moment.span)];
            least = least.min(if place == 0 { best(&self.scores) } else { best(of_moment) });
            least
        });
        worths.collect()
    }

    /// The places of a moment's clips, which follow one another.
    pub fn clips_of(&self, moment: &TimeSpan) -> Range<usize> {
        let first = self.clips.partition_point(|clip| clip.start < moment.start);
        let end = self.clips.partition_point(|clip| clip.end <= moment.end);
        first.min(end)..end
    }
}

impl Grounder {
    /// The model in `dir`, a model directory, or a run or demo folder that holds one; on the CPU.
    ///
    /// # Errors
    /// When there is no model, or its files cannot be read.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, TransferError> {
        Ok(Self::new(Embedder::open(dir)?))
    }

    /// A model that was read before. Clips are compared with the whole sentence, and moments are
    /// decoded as [`MomentDecoder::default`] says.
    pub fn new(embedder: Embedder) -> Self {
        let (opener, score) = (VideoOpener::default(), ClipScore::Sentence);
        Self { embedder, opener, score, decoder: MomentDecoder::default() }
    }

    /// The same, with files opened in another way.
    #[must_use]
    pub fn with_opener(self, opener: VideoOpener) -> Self {
        Self { opener, ..self }
    }

    /// The same, with clips compared in another way.
    #[must_use]
    pub fn with_score(self, score: ClipScore) -> Self {
        Self { score, ..self }
    }

    /// The same, with moments decoded in another way.
    #[must_use]
    pub fn with_decoder(self, decoder: MomentDecoder) -> Self {
        Self { decoder, ..self }
    }

    /// The moments of the video that `sentence` describes, best first.
    ///
    /// # Errors
    /// When the sentence has no words, the file cannot be read, or a score is not finite.
    pub fn find(
        &self,
        video: impl AsRef<Path>,
        sentence: &str,
    ) -> Result<Vec<Moment>, TransferError> {
        let found = self.find_watched(video.as_ref(), sentence, &mut |_, _| {})?;
        Ok(found.moments)
    }

    /// The same, with the clips and their scores; `progress` is told how many clips of how many are
    /// done.
    ///
    /// # Errors
    /// As [`Grounder::find`].
    pub fn find_watched(
        &self,
        video: &Path,
        sentence: &str,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<FileGrounding, TransferError> {
        let sentences = self.embedder.embed_sentences(&[sentence])?;
        let mut reader = self.opener.open(&video.into())?;
        let video = self.embedder.embed_opened(&mut reader, progress)?;
        let clips = video.clips.iter().map(Vec::as_slice);
        let grounding =
            FileGrounding::of(video.spans, clips, &sentences[0], self.score, &self.decoder);
        Ok(grounding?)
    }
}
