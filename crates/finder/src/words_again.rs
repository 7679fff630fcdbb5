//! Subtitles that came, went or changed after their video was indexed: read again without decoding a frame.

use locvtp_corpus::WordsBeside;
use locvtp_search::catalogue::{Catalogue, Cue, FileRecord, GenerationId, NewVideo};
use locvtp_search::identity::Look;
use locvtp_search::segment::{VectorBatch, VectorKind};

use crate::cues::{cues_beside, is_inside};
use crate::error::FinderError;

/// Looks for subtitles that changed. Each folder is listed once.
pub(crate) struct WordsAgain<'a> {
    catalogue: &'a dyn Catalogue,
    generation: GenerationId,
    beside: WordsBeside,
}

impl<'a> WordsAgain<'a> {
    pub(crate) fn new(catalogue: &'a dyn Catalogue, generation: GenerationId) -> Self {
        Self { catalogue, generation, beside: WordsBeside::default() }
    }

    /// Reads the words beside a file that lies at `look` again where they are others than those in the
    /// catalogue. Returns how many lines there are now, and what is wrong with files that should have
    /// some; nothing where all is as it was.
    pub(crate) fn read(
        &mut self,
        file: &FileRecord,
        look: &Look,
    ) -> Result<Option<(usize, Vec<String>)>, FinderError> {
        let known = self.catalogue.cues(file.id)?;
        let (inside, beside): (Vec<Cue>, Vec<Cue>) = known.into_iter().partition(is_inside);
        if beside.is_empty() && !self.beside.has_any(&look.path) {
            return Ok(None);
        }
        let (now, notes) = cues_beside(&look.path, file.duration, &mut self.beside);
        if in_order(now.clone()) == in_order(beside) {
            return Ok(None);
        }
        let Some(vectors) = self.vectors(file)? else { return Ok(None) };
        let num_cues = now.len();
        let video = NewVideo {
            file: Some(file.id),
            identity: file.identity,
            look: look.clone(),
            duration: file.duration,
            note: file.reason.clone(),
            vectors,
            cues: now.into_iter().chain(inside).collect(),
        };
        self.catalogue.add_video(self.generation, &video)?;
        Ok(Some((num_cues, notes)))
    }

    /// The vectors of a file as they are in the catalogue; none where the generation lacks it.
    fn vectors(
        &self,
        file: &FileRecord,
    ) -> Result<Option<Vec<(VectorKind, VectorBatch)>>, FinderError> {
        let Some(track) = file.track else { return Ok(None) };
        let kind = VectorKind::Clip;
        let Some(kept) = self.catalogue.track_vectors(self.generation, kind, track)? else {
            return Ok(None);
        };
        let mut batch = VectorBatch::new(kept.width);
        for (vector, span) in kept.numbers.chunks_exact(kept.width).zip(&kept.spans) {
            if batch.push(vector, *span).is_err() {
                // Damaged: `index verify` says so, and `index rebuild` reads its words, too.
                return Ok(None);
            }
        }
        Ok(Some(vec![(kind, batch)]))
    }
}

fn in_order(mut cues: Vec<Cue>) -> Vec<Cue> {
    cues.sort_by(|one, other| {
        let times = one.span.start.0.total_cmp(&other.span.start.0);
        times.then_with(|| (&one.source, &one.text).cmp(&(&other.source, &other.text)))
    });
    cues
}
