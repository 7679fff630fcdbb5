//! Questions to an index.

use std::ops::Range;
use std::path::Path;
use std::slice::ChunksExact;
use std::sync::Arc;

use locvtp_measure::MomentDecoder;
use locvtp_search::Sureness;
use locvtp_search::calibration::{best_run, standout_over};
use locvtp_search::catalogue::{
    Catalogue, CueHit, FileRecord, FileState, GenerationRecord, GenerationState,
};
use locvtp_search::scan::{Background, ScanRequest, TrackFilter, TrackVectors};
use locvtp_search::segment::{TrackId, VectorKind};
use locvtp_transfer::{ClipScore, Embedder, FileGrounding, JointVector, SentenceEmbedding, unit};
use locvtp_video::{Seconds, TimeSpan, VideoOpener};

use crate::error::FinderError;
use crate::hit::{Evidence, Hit};
use crate::index_sampling::IndexSampling;
use crate::judge::{Verdict, calibration_of};
use crate::kept::Kept;
use crate::model_record::{are_comparable, model_record};
use crate::question::{Alike, Question, Sentence};
use crate::question_error::QuestionError;
use crate::ranking::{are_neighbours, in_one_order, in_turn};
use crate::refine::{Coarse, refined};
use crate::true_path::true_path;

/// Files that are looked into for each hit that is wanted, and at least.
const FILES_A_HIT: usize = 4;
const FEWEST_FILES: usize = 50;

/// Cues that are found for each hit that is wanted, before neighbours are merged.
const CUES_A_HIT: usize = 10;

/// What an index answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether what should be seen is there. Unknown where nothing should be seen.
    pub verdict: Verdict,
    /// The moments, the best first.
    pub hits: Vec<Hit>,
    /// Moments that were held back because they were measured not to be it.
    pub num_held_back: usize,
    /// The scores of all clips that were looked at; none where nothing should be seen.
    pub background: Option<Background>,
    /// Files that were searched.
    pub num_files: usize,
}

impl Answer {
    /// How sure it is that this is there: as sure as its pictures together, or its surest moment. None where it cannot be told: no subtitle says
    /// it, and the model knows no word of it (`knows_words` is false), so that nothing was looked for in the
    /// pictures.
    pub fn sure(&self, knows_words: bool) -> Option<Sureness> {
        let of_pictures = match self.verdict {
            Verdict::Judged { sure, .. } => Some(sure),
            Verdict::Unknown => None,
        };
        let of_hits = self.hits.iter().map(Hit::sure).max();
        of_hits.max(of_pictures).or_else(|| knows_words.then_some(Sureness::NotFound))
    }
}

/// Finds moments in an index. It is opened once and asked as often as wanted.
pub struct Finder {
    catalogue: Arc<dyn Catalogue>,
    generation: GenerationRecord,
    embedder: Embedder,
    decoder: MomentDecoder,
    opener: VideoOpener,
}

impl Finder {
    /// The live index of a catalogue, with its model, which lies in `dir` and was opened as `embedder`.
    ///
    /// # Errors
    /// When nothing is indexed, or the index was made with another model.
    pub fn open(
        catalogue: Arc<dyn Catalogue>,
        embedder: Embedder,
        dir: &Path,
    ) -> Result<Self, FinderError> {
        let Some(generation) = live_generation(catalogue.as_ref())? else {
            return Err(FinderError::NoIndex);
        };
        let given = model_record(&embedder, dir, IndexSampling::default())?;
        if !are_comparable(&given, &generation.model) {
            let (indexed, given) = (generation.model.name, dir.to_owned());
            return Err(FinderError::OtherModel { indexed, given });
        }
        let (decoder, opener) = (MomentDecoder::default(), VideoOpener::default());
        Ok(Self { catalogue, generation, embedder, decoder, opener })
    }

    /// The same, opening files in another way where they are looked into.
    #[must_use]
    pub fn with_opener(self, opener: VideoOpener) -> Self {
        Self { opener, ..self }
    }

    /// The index that is searched.
    pub fn generation(&self) -> &GenerationRecord {
        &self.generation
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &dyn Catalogue {
        self.catalogue.as_ref()
    }

    /// The model.
    pub fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// The moments that a question asks for.
    ///
    /// # Errors
    /// When it asks for nothing, a sentence has no words, a file or moment that it names is not there, or
    /// the catalogue cannot be read.
    pub fn find(&self, question: &Question) -> Result<Answer, FinderError> {
        if question.sentence.is_none() && question.alike.is_none() && question.said.is_none() {
            return Err(QuestionError::Empty.into());
        }
        if let Some(said) = question.said.as_ref().filter(|it| !it.contains(char::is_alphanumeric))
        {
            return Err(QuestionError::NoWords { said: said.clone() }.into());
        }
        let files = self.catalogue.files()?;
        let read = question.files.read(&files)?;
        let filter = read.tracks(&files);
        let num_files = match &filter {
            Some(filter) => filter.tracks().count(),
            None => files.iter().filter(|file| file.track.is_some()).count(),
        };
        let filter = filter.as_ref();
        let query = self.query(question, &files)?;
        let mut answer = match &query {
            Some(query) => self.seen(question, query, filter, &files)?,
            None => Answer {
                verdict: Verdict::Unknown,
                hits: Vec::new(),
                num_held_back: 0,
                background: None,
                num_files: 0,
            },
        };
        let said = self.said(question, filter, &files)?;
        answer.hits = in_turn(answer.hits, said);
        answer.hits.truncate(question.top);
        for hit in &mut answer.hits {
            let file = files.iter().find(|file| file.id == hit.file);
            if let Some(path) = file.and_then(|file| read.shown(file)) {
                hit.path = path.to_owned();
            }
        }
        if let Some(query) = query.filter(|_| question.refine) {
            for hit in &mut answer.hits {
                self.refine(hit, question, &query, &files)?;
            }
        }
        answer.num_files = num_files;
        Ok(answer)
    }

    /// How well each clip of a file fits the question, in order of time, as its moments are found; none
    /// where the file has no vectors, or nothing should be seen.
    ///
    /// # Errors
    /// As [`Finder::find`].
    pub fn scores(
        &self,
        question: &Question,
        track: TrackId,
    ) -> Result<Option<FileGrounding>, FinderError> {
        let files = self.catalogue.files()?;
        let Some(query) = self.query(question, &files)? else { return Ok(None) };
        let vectors = self.vectors(track)?;
        vectors.map(|vectors| self.ground(question, &query, &vectors)).transpose()
    }

    fn vectors(&self, track: TrackId) -> Result<Option<TrackVectors>, FinderError> {
        Ok(self.catalogue.track_vectors(self.generation.id, VectorKind::Clip, track)?)
    }

    /// What should be seen, as one vector, and its words; none where nothing should be.
    fn query(
        &self,
        question: &Question,
        files: &[FileRecord],
    ) -> Result<Option<SentenceEmbedding>, FinderError> {
        let sentence =
            question.sentence.as_ref().map(|sentence| self.embedded(sentence)).transpose()?;
        let alike = question.alike.as_ref().map(|alike| self.looks(alike, files)).transpose()?;
        Ok(match (sentence, alike) {
            (Some(sentence), Some(alike)) => {
                let sum = sentence.sentence.iter().zip(&alike).map(|(a, b)| a + b);
                let sum: Vec<f32> = sum.collect();
                Some(SentenceEmbedding { sentence: unit(&sum), ..sentence })
            }
            (sentence, None) => sentence,
            (None, Some(alike)) => Some(SentenceEmbedding::of_vector(&alike)),
        })
    }

    /// The sentence, with its terms added and taken away; without terms just as `locvtp ground` has it.
    fn embedded(&self, sentence: &Sentence) -> Result<SentenceEmbedding, FinderError> {
        let whole = match sentence.text.is_empty() {
            true => sentence.words(),
            false => sentence.text.clone(),
        };
        let has_text = !sentence.text.is_empty();
        let mut texts = vec![whole.as_str()];
        texts.extend(sentence.with.iter().filter(|_| has_text).map(String::as_str));
        let num_with = texts.len();
        texts.extend(sentence.without.iter().map(String::as_str));
        let mut embedded = self.embedder.embed_sentences(&texts)?;
        if embedded.len() > 1 {
            let mut sum = vec![0.0; embedded[0].sentence.len()];
            for (place, term) in embedded.iter().enumerate() {
                let sign = if place < num_with { 1.0 } else { -1.0 };
                sum.iter_mut().zip(&term.sentence).for_each(|(sum, x)| *sum += sign * x);
            }
            embedded[0].sentence = unit(&sum);
        }
        Ok(embedded.swap_remove(0))
    }

    fn looks(&self, alike: &Alike, files: &[FileRecord]) -> Result<JointVector, FinderError> {
        match alike {
            Alike::Picture(path) => Ok(self.embedder.embed_video(path)?.video),
            Alike::Moment { path, at } => self.look_of_moment(path, *at, files),
        }
    }

    fn look_of_moment(
        &self,
        path: &Path,
        at: Seconds,
        files: &[FileRecord],
    ) -> Result<JointVector, FinderError> {
        let Some(file) = file_at(path, files).filter(|file| file.track.is_some()) else {
            return Err(FinderError::NotInIndex { path: path.to_owned() });
        };
        let vectors = file.track.map(|track| self.vectors(track)).transpose()?.flatten();
        let spans = vectors.as_ref().map(|vectors| vectors.spans.as_slice()).unwrap_or_default();
        // Of clips that hold the moment, the one with the moment nearest its middle.
        let apart = |span: &TimeSpan| (span.midpoint() - at).0.abs();
        let holding =
            spans.iter().enumerate().filter(|(_, span)| span.start <= at && at <= span.end);
        let nearest = holding.min_by(|(_, a), (_, b)| apart(a).total_cmp(&apart(b)));
        let clip = nearest.zip(vectors.as_ref());
        let clip = clip.and_then(|((place, _), vectors)| clips_of(vectors).nth(place));
        match clip {
            Some(clip) => Ok(clip.to_vec()),
            None => {
                let (path, duration) = (path.to_owned(), file.duration);
                Err(FinderError::NoSuchMoment { path, at, duration })
            }
        }
    }

    /// The one path from clips to moments.
    fn ground(
        &self,
        question: &Question,
        query: &SentenceEmbedding,
        vectors: &TrackVectors,
    ) -> Result<FileGrounding, FinderError> {
        let mut decoder = self.decoder;
        decoder.top = question.per_file;
        let (spans, clips) = (vectors.spans.clone(), clips_of(vectors));
        Ok(FileGrounding::of(spans, clips, query, question.score, &decoder)?)
    }

    fn seen(
        &self,
        question: &Question,
        query: &SentenceEmbedding,
        filter: Option<&TrackFilter>,
        files: &[FileRecord],
    ) -> Result<Answer, FinderError> {
        let request = ScanRequest {
            num_tracks: (FILES_A_HIT * question.top).max(FEWEST_FILES),
            filter,
            ..ScanRequest::new(&query.sentence, 0)
        };
        let scanned = self.catalogue.scan(self.generation.id, VectorKind::Clip, &request)?;
        // A filter says which files are asked, not how sure a moment is: the null sentences were measured on all.
        let background = match filter {
            None => scanned.background,
            Some(_) => {
                let all = ScanRequest { num_tracks: 1, ..ScanRequest::new(&query.sentence, 0) };
                self.catalogue.scan(self.generation.id, VectorKind::Clip, &all)?.background
            }
        };
        // Null sentences say nothing of how like a picture is to another, nor of sums of several terms.
        let calibration = match question.is_plain() {
            true => calibration_of(self.catalogue.as_ref(), self.generation.id)?,
            false => None,
        };
        let judge = |scores: &[f32]| {
            let standout = standout_over(best_run(scores), &background);
            Verdict::of(calibration.as_ref().filter(|_| standout.is_some()), standout)
        };
        let (mut by_file, mut best) = (Vec::new(), Vec::new());
        let mut kept = Kept::new(question);
        for found in &scanned.tracks {
            if kept.nothing_more_from(found.score, best_run(&best), || judge(&best)) {
                break;
            }
            let (Some(vectors), Some(file)) =
                (self.vectors(found.track)?, file_of(files, found.track))
            else {
                continue;
            };
            let grounding = self.ground(question, query, &vectors)?;
            let by_sentence = match question.score {
                ClipScore::Sentence => grounding.scores.clone(),
                ClipScore::Words { .. } => ClipScore::Sentence.scores_of(clips_of(&vectors), query),
            };
            if best_run(&by_sentence) > best_run(&best) || best.is_empty() {
                best.clone_from(&by_sentence);
            }
            let mut moments = Vec::new();
            for moment in &grounding.moments {
                let clips = clips_inside(&vectors.spans, &moment.span);
                let best_of =
                    |scores: &[f32]| scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                // The first of a file is worth the file's best clip, so files are ranked as whole videos are.
                let worth = match moments.is_empty() {
                    true => best_of(&grounding.scores),
                    false => best_of(&grounding.scores[clips.clone()]),
                };
                let verdict = judge(&by_sentence[clips]);
                let hit = hit(file, moment.span, moment.score, verdict, Evidence::Seen);
                moments.push((worth, hit));
            }
            kept.note(&moments);
            by_file.push(moments);
        }
        let verdict = judge(&best);
        let in_order = in_one_order(by_file)
            .into_iter()
            .map(|(worth, hit)| Hit { rank_score: f64::from(worth), ..hit });
        let mut hits: Vec<Hit> = in_order.collect();
        if let Some(Alike::Moment { path, at }) = &question.alike {
            // Neither the moment itself nor what lies beside it.
            let (asked, moment) = (file_at(path, files), TimeSpan { start: *at, end: *at });
            let is_it = |hit: &Hit| asked.is_some_and(|file| file.id == hit.file);
            hits.retain(|hit| !is_it(hit) || !are_neighbours(&hit.span, &moment));
        }
        hits.iter_mut().for_each(|hit| hit.verdict = hit.verdict.no_surer_than(verdict));
        let num_all = hits.len();
        if !question.show_all {
            // Where something is there, the best moment is it.
            if let Some(first) = hits.first_mut()
                && !verdict.is_not_found()
                && first.verdict.is_not_found()
            {
                first.verdict = verdict;
            }
            hits.retain(|hit| !verdict.is_not_found() && !hit.verdict.is_not_found());
        }
        Ok(Answer {
            verdict,
            num_held_back: num_all - hits.len(),
            hits,
            background: Some(background),
            num_files: 0,
        })
    }

    /// Moves the ends of what is seen; a file that is gone or cannot be read leaves them.
    fn refine(
        &self,
        hit: &mut Hit,
        question: &Question,
        query: &SentenceEmbedding,
        files: &[FileRecord],
    ) -> Result<(), FinderError> {
        let file = files.iter().find(|file| file.id == hit.file);
        let track = file.and_then(|file| file.track).filter(|_| hit.evidence == Evidence::Seen);
        let Some(vectors) = track.map(|track| self.vectors(track)).transpose()?.flatten() else {
            return Ok(());
        };
        let grounding = self.ground(question, query, &vectors)?;
        let coarse = Coarse {
            path: &hit.path,
            span: hit.span,
            clips: &grounding.clips,
            scores: &grounding.scores,
        };
        let span = refined(&self.embedder, &self.opener, &coarse, query, question.score);
        if let Ok(span) = span {
            (hit.span, hit.is_refined) = (span, true);
        }
        Ok(())
    }

    /// What is said: neighbouring cues are one hit, and a file has so many at most.
    fn said(
        &self,
        question: &Question,
        filter: Option<&TrackFilter>,
        files: &[FileRecord],
    ) -> Result<Vec<Hit>, FinderError> {
        let text = match (&question.said, &question.sentence) {
            (Some(said), _) => said.clone(),
            (None, Some(sentence)) => sentence.words(),
            (None, None) => return Ok(Vec::new()),
        };
        let found = self.catalogue.find_cues(&text, filter, CUES_A_HIT * question.top)?;
        let mut hits: Vec<Hit> = Vec::new();
        for CueHit { track, cue, score, .. } in found {
            let Some(file) = file_of(files, track) else { continue };
            let of_file = hits.iter_mut().filter(|hit| hit.file == file.id);
            let mut num_of_file = 0;
            let mut joined = false;
            for hit in of_file {
                num_of_file += 1;
                let Evidence::Said { text, source, .. } = &mut hit.evidence else { continue };
                if *source == cue.source && are_neighbours(&hit.span, &cue.span) {
                    let is_before = cue.span.start < hit.span.start;
                    *text = match is_before {
                        true => format!("{} {text}", cue.text),
                        false => format!("{text} {}", cue.text),
                    };
                    hit.span.start = hit.span.start.min(cue.span.start);
                    hit.span.end = hit.span.end.max(cue.span.end);
                    joined = true;
                    break;
                }
            }
            if !joined && num_of_file < question.per_file {
                let (text, language, source) = (cue.text, cue.language, cue.source);
                let evidence = Evidence::Said { text, language, source };
                hits.push(hit(file, cue.span, score, Verdict::Unknown, evidence));
            }
        }
        Ok(hits)
    }
}

/// The live index; none where nothing was indexed.
fn live_generation(catalogue: &dyn Catalogue) -> Result<Option<GenerationRecord>, FinderError> {
    let generations = catalogue.generations()?;
    Ok(generations.into_iter().find(|it| it.state == GenerationState::Live))
}

/// The vectors of a file, of unit length but for what storage rounds.
fn clips_of(vectors: &TrackVectors) -> ChunksExact<'_, f32> {
    vectors.numbers.chunks_exact(vectors.width.max(1))
}

fn file_of(files: &[FileRecord], track: TrackId) -> Option<&FileRecord> {
    files.iter().find(|file| file.track == Some(track))
}

/// The clips of a moment; they follow one another.
fn clips_inside(clips: &[TimeSpan], moment: &TimeSpan) -> Range<usize> {
    let first = clips.partition_point(|clip| clip.start < moment.start);
    let end = clips.partition_point(|clip| clip.end <= moment.end);
    first.min(end)..end
}

/// The file that lies at a path, or behind a link there.
fn file_at<'f>(path: &Path, files: &'f [FileRecord]) -> Option<&'f FileRecord> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let places = [true_path(path), absolute];
    files.iter().find(|file| file.looks.iter().any(|look| places.contains(&look.path)))
}

fn hit(file: &FileRecord, span: TimeSpan, score: f64, verdict: Verdict, evidence: Evidence) -> Hit {
    Hit {
        file: file.id,
        path: file.looks.first().map(|look| look.path.clone()).unwrap_or_default(),
        is_missing: file.state == FileState::Missing,
        span,
        is_refined: false,
        score,
        rank_score: score,
        verdict,
        evidence,
    }
}
