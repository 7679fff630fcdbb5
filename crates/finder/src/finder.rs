//! Questions to an index.

use std::path::Path;
use std::slice::ChunksExact;
use std::sync::Arc;

use locvtp_measure::MomentDecoder;
use locvtp_model::{TrainingWords, words_of};
use locvtp_search::calibration::{best_run, standout_over};
use locvtp_search::catalogue::{Catalogue, FileRecord, GenerationRecord, GenerationState};
use locvtp_search::scan::{ScanRequest, TrackFilter, TrackVectors};
use locvtp_search::segment::{TrackId, VectorKind};
use locvtp_transfer::{
    ClipScore, EmbedError, Embedder, FileGrounding, JointVector, SentenceEmbedding, TransferError,
    locate_model, unit,
};
use locvtp_video::{
    CancelToken, MediaLocation, ReadLimits, ReaderSettings, Seconds, TimeSpan, VideoError,
    VideoOpener,
};
use rayon::prelude::*;

use crate::answer::{Answer, MOST_GUESSES};
use crate::error::FinderError;
use crate::hit::{Evidence, Hit};
use crate::index_sampling::IndexSampling;
use crate::judge::{Denial, Verdict, calibration_of};
use crate::kept::Kept;
use crate::model_record::{are_comparable, model_record};
use crate::places::named_file;
use crate::question::{Alike, Question, Sentence};
use crate::question_error::QuestionError;
use crate::ranking::{are_neighbours, in_one_order, in_turn};
use crate::refine::{Coarse, refined};
use crate::said::{complete, said};

/// Files that are looked into for each hit that is wanted, and at least.
const FILES_A_HIT: usize = 4;
const FEWEST_FILES: usize = 50;

/// A file that was looked into.
struct Look {
    grounding: FileGrounding,
    /// The score of every clip by the whole sentence, which is what null sentences were measured with.
    by_sentence: Vec<f32>,
}

/// Finds moments in an index. It is opened once and asked as often as wanted.
pub struct Finder {
    catalogue: Arc<dyn Catalogue>,
    generation: GenerationRecord,
    embedder: Embedder,
    /// None where it is not known which words the model has seen.
    training_words: Option<TrainingWords>,
    decoder: MomentDecoder,
    opener: VideoOpener,
    picture_limits: ReadLimits,
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
            if generation.model.name == given.name {
                return Err(FinderError::ChangedModel { model: dir.to_owned() });
            }
            let (indexed, given) = (generation.model.name, dir.to_owned());
            return Err(FinderError::OtherModel { indexed, given });
        }
        let training_words = TrainingWords::of_model(&locate_model(dir))?;
        let (decoder, opener) = (MomentDecoder::default(), VideoOpener::default());
        let picture_limits = ReadLimits::default();
        Ok(Self {
            catalogue,
            generation,
            embedder,
            training_words,
            decoder,
            opener,
            picture_limits,
        })
    }

    /// The same, opening files in another way where they are looked into.
    #[must_use]
    pub fn with_opener(self, opener: VideoOpener) -> Self {
        Self { opener, ..self }
    }

    /// The same, with bounds of what a picture to search by may cost.
    #[must_use]
    pub fn with_picture_limits(self, picture_limits: ReadLimits) -> Self {
        Self { picture_limits, ..self }
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
        self.find_until(&CancelToken::default(), question)
    }

    /// The same, ended by the token: it is looked at for each file, and while a file is read.
    ///
    /// # Errors
    /// As [`Finder::find`]; [`FinderError::Cancelled`] when it was ended.
    pub fn find_until(
        &self,
        cancel: &CancelToken,
        question: &Question,
    ) -> Result<Answer, FinderError> {
        question.check()?;
        let files = self.catalogue.files()?;
        let read = question.files.read(&files)?;
        let filter = read.tracks(&files);
        let filter = filter.as_ref();
        // In what is said, the words are found that the model does not know.
        let of_pictures = &self.as_known(question);
        let query = self.query(of_pictures, &files, cancel)?;
        let mut answer = match &query {
            Some(query) => self.seen(of_pictures, query, filter, &files, cancel)?,
            None => Answer::unseen(),
        };
        let said = said(self.catalogue.as_ref(), question, filter, &files)?;
        answer.hits = in_turn(answer.hits, said);
        if !answer.hits.is_empty() {
            answer.guesses.clear();
        }
        complete(&mut answer, question, &read, filter, &files);
        if let Some(query) = query.filter(|_| question.refine) {
            let shown = answer.hits.iter_mut().chain(&mut answer.guesses);
            let can_be = |hit: &&mut Hit| !hit.is_missing && !hit.is_changed;
            for hit in shown.filter(can_be).take(question.most_refined) {
                check(cancel)?;
                self.refine(hit, of_pictures, &query, &files, cancel)?;
            }
        }
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
        self.scores_until(&CancelToken::default(), question, track)
    }

    /// The same, ended by the token.
    ///
    /// # Errors
    /// As [`Finder::find_until`].
    pub fn scores_until(
        &self,
        cancel: &CancelToken,
        question: &Question,
        track: TrackId,
    ) -> Result<Option<FileGrounding>, FinderError> {
        let files = self.catalogue.files()?;
        let question = &self.as_known(question);
        let Some(query) = self.query(question, &files, cancel)? else { return Ok(None) };
        let vectors = self.vectors(track)?;
        vectors.map(|vectors| self.ground(question, &query, &vectors)).transpose()
    }

    /// The question without the terms that the model cannot know.
    fn as_known(&self, question: &Question) -> Question {
        let training = self.training_words.as_ref();
        let sentence = question.sentence.as_ref().map(|it| it.known_by(training));
        Question { sentence, ..question.clone() }
    }

    fn vectors(&self, track: TrackId) -> Result<Option<TrackVectors>, FinderError> {
        Ok(self.catalogue.track_vectors(self.generation.id, VectorKind::Clip, track)?)
    }

    /// What should be seen, as one vector, and its words; none where nothing should be.
    fn query(
        &self,
        question: &Question,
        files: &[FileRecord],
        cancel: &CancelToken,
    ) -> Result<Option<SentenceEmbedding>, FinderError> {
        let sentence =
            question.sentence.as_ref().map(|it| self.embedded(question, it)).transpose()?;
        let alike = question.alike.as_ref();
        let alike = alike.map(|alike| self.looks(alike, files, cancel)).transpose()?;
        Ok(match (sentence, alike) {
            (Some(sentence), Some(alike)) => {
                let sum = sentence.sentence.iter().zip(&alike).map(|(a, b)| a + b);
                let sum: Vec<f32> = sum.collect();
                Some(SentenceEmbedding { sentence: direction(question, &sum)?, ..sentence })
            }
            (sentence, None) => sentence,
            (None, Some(alike)) => Some(SentenceEmbedding::of_vector(&alike)),
        })
    }

    /// The sentence, with its terms added and taken away; without terms just as `locvtp ground` has it.
    fn embedded(
        &self,
        question: &Question,
        sentence: &Sentence,
    ) -> Result<SentenceEmbedding, FinderError> {
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
        if !embedded[..num_with].iter().any(SentenceEmbedding::has_known_words) {
            let sentence = sentence.typed();
            return Err(TransferError::from(EmbedError::UnknownWords { sentence }).into());
        }
        if embedded.len() > 1 {
            let mut sum = vec![0.0; embedded[0].sentence.len()];
            for (place, term) in embedded.iter().enumerate() {
                let sign = if place < num_with { 1.0 } else { -1.0 };
                sum.iter_mut().zip(&term.sentence).for_each(|(sum, x)| *sum += sign * x);
            }
            embedded[0].sentence = direction(question, &sum)?;
        }
        Ok(embedded.swap_remove(0))
    }

    fn looks(
        &self,
        alike: &Alike,
        files: &[FileRecord],
        cancel: &CancelToken,
    ) -> Result<JointVector, FinderError> {
        match alike {
            Alike::Picture(picture) => match self.picture(picture, cancel) {
                Err(VideoError::Cancelled { .. }) => Err(FinderError::Cancelled),
                Err(VideoError::TooManyPixels { path, width, height, most }) => {
                    Err(FinderError::LargePicture { path, width, height, most })
                }
                Err(VideoError::TooManyScaledPixels { path, width, height, .. }) => {
                    Err(FinderError::NarrowPicture { path, width, height })
                }
                Err(error) if is_no_picture(&error) => {
                    Err(FinderError::NoPicture { path: picture.path().to_owned() })
                }
                embedded => Ok(embedded?),
            },
            Alike::Moment { path, at } => self.look_of_moment(path, *at, files),
        }
    }

    fn picture(
        &self,
        picture: &MediaLocation,
        cancel: &CancelToken,
    ) -> Result<JointVector, VideoError> {
        let settings = ReaderSettings { limits: self.picture_limits, ..ReaderSettings::default() };
        let opener = VideoOpener { settings, frame_tables: None, cancel: cancel.clone() };
        let mut reader = opener.open(picture)?;
        Ok(self.embedder.embed_opened(&mut reader, &mut |_, _| {})?.video)
    }

    fn look_of_moment(
        &self,
        path: &Path,
        at: Seconds,
        files: &[FileRecord],
    ) -> Result<JointVector, FinderError> {
        let file = named_file(path, files)?;
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

    /// A file by its vectors; nothing where it has none. Of the file with the moment that is asked from, what lies before
    /// that and what lies behind it: neither the moment itself nor what lies beside it is looked for, and what is most
    /// alike of the rest is not measured by it.
    fn look(
        &self,
        question: &Question,
        query: &SentenceEmbedding,
        track: TrackId,
        asked: Option<(TrackId, Seconds)>,
    ) -> Result<Vec<Look>, FinderError> {
        let Some(vectors) = self.vectors(track)? else { return Ok(Vec::new()) };
        let parts = match asked.filter(|(asked, _)| *asked == track) {
            Some((_, at)) => around(&vectors, at),
            None => vec![vectors],
        };
        let look = |vectors: &TrackVectors| {
            let grounding = self.ground(question, query, vectors)?;
            let by_sentence = match question.score {
                ClipScore::Sentence => grounding.scores.clone(),
                ClipScore::Words { .. } => ClipScore::Sentence.scores_of(clips_of(vectors), query),
            };
            Ok(Look { grounding, by_sentence })
        };
        parts.iter().map(look).collect()
    }

    fn seen(
        &self,
        question: &Question,
        query: &SentenceEmbedding,
        filter: Option<&TrackFilter>,
        files: &[FileRecord],
        cancel: &CancelToken,
    ) -> Result<Answer, FinderError> {
        let request = ScanRequest {
            num_tracks: (FILES_A_HIT * question.top).max(FEWEST_FILES),
            filter,
            ..ScanRequest::new(&query.sentence, 0)
        };
        let scanned = self.catalogue.scan(self.generation.id, VectorKind::Clip, &request)?;
        // A filter says which files are asked, not how sure a moment is: the null sentences were measured on all. Of what
        // is not judged nothing is measured.
        let background = match filter.filter(|_| question.is_plain()) {
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
        let standout = |scores: &[f32]| standout_over(best_run(scores), &background);
        let judge = |scores: &[f32]| Verdict::of(calibration.as_ref(), standout(scores));
        let asked = match &question.alike {
            Some(Alike::Moment { path, at }) => named_file(path, files)?.track.zip(Some(*at)),
            _ => None,
        };
        let (mut by_file, mut best) = (Vec::new(), Vec::new());
        let mut kept = Kept::new(question);
        // As many files at once as there are threads; when enough is found, what the others looked at is left.
        'files: for together in scanned.tracks.chunks(rayon::current_num_threads()) {
            check(cancel)?;
            let looks =
                together.par_iter().map(|found| self.look(question, query, found.track, asked));
            let looks: Vec<Result<Vec<Look>, FinderError>> = looks.collect();
            for (found, looks) in together.iter().zip(looks) {
                if kept.nothing_more_from(found.score, best_run(&best), || judge(&best)) {
                    break 'files;
                }
                let (looks, Some(file)) = (looks?, file_of(files, found.track)) else { continue };
                let mut moments = Vec::new();
                for Look { grounding, by_sentence } in &looks {
                    if best_run(by_sentence) > best_run(&best) || best.is_empty() {
                        best.clone_from(by_sentence);
                    }
                    for (moment, worth) in grounding.moments.iter().zip(grounding.best_clips()) {
                        let verdict = judge(&by_sentence[grounding.clips_of(&moment.span)]);
                        let (score, mean) = (f64::from(worth), Some(moment.score));
                        let hit = Hit::of(file, moment.span, score, mean, verdict, Evidence::Seen);
                        moments.push((worth, hit));
                    }
                }
                if looks.len() > 1 {
                    moments.sort_by(|(one, _), (other, _)| other.total_cmp(one));
                    moments.truncate(question.per_file);
                }
                kept.note(&moments);
                by_file.push(moments);
            }
        }
        let verdict = judge(&best);
        let mut hits: Vec<Hit> = in_one_order(by_file).into_iter().map(|(_, hit)| hit).collect();
        hits.iter_mut().for_each(|hit| hit.verdict = hit.verdict.no_surer_than(verdict));
        let text = question.sentence.as_ref().map_or("", |sentence| sentence.text.as_str());
        let num_words = num_known_words(self.training_words.as_ref(), text);
        let denial = Denial::of(calibration.as_ref(), num_words, standout(&best));
        let mut answer =
            Answer { verdict, denial, background: Some(background), ..Answer::unseen() };
        if question.show_all {
            return Ok(Answer { hits, ..answer });
        }
        // Where something is there, the best moment is it.
        if let Some(first) = hits.first_mut()
            && !verdict.is_not_found()
            && first.verdict.is_not_found()
        {
            first.verdict = verdict;
        }
        let stands_out = |hit: &Hit| !verdict.is_not_found() && !hit.verdict.is_not_found();
        let (hits, held_back): (Vec<Hit>, Vec<Hit>) = hits.into_iter().partition(stands_out);
        answer.has_more = !held_back.is_empty();
        answer.guesses = held_back;
        answer.guesses.truncate(MOST_GUESSES.min(question.top));
        Ok(Answer { hits, ..answer })
    }

    /// Moves the ends of what is seen; a file that is gone, was changed or cannot be read leaves them.
    fn refine(
        &self,
        hit: &mut Hit,
        question: &Question,
        query: &SentenceEmbedding,
        files: &[FileRecord],
        cancel: &CancelToken,
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
        let opener = VideoOpener { cancel: cancel.clone(), ..self.opener.clone() };
        match refined(&self.embedder, &opener, &coarse, query, question.score) {
            Ok(span) => (hit.span, hit.is_refined) = (span, true),
            Err(VideoError::Cancelled { .. }) => return Err(FinderError::Cancelled),
            Err(_) => {}
        }
        Ok(())
    }
}

/// # Errors
/// When nobody waits for the answer any more.
fn check(cancel: &CancelToken) -> Result<(), FinderError> {
    if cancel.is_cancelled() { Err(FinderError::Cancelled) } else { Ok(()) }
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

/// The clips of a file before those at a moment or beside it, and the clips behind them.
fn around(vectors: &TrackVectors, at: Seconds) -> Vec<TrackVectors> {
    let moment = TimeSpan { start: at, end: at };
    let is_beside = |span: &TimeSpan| are_neighbours(span, &moment);
    let spans = &vectors.spans;
    let before = spans.iter().position(is_beside).unwrap_or(spans.len());
    let behind = spans.iter().rposition(is_beside).map_or(spans.len(), |last| last + 1);
    let part = |range: std::ops::Range<usize>| TrackVectors {
        spans: spans[range.clone()].to_vec(),
        numbers: vectors.numbers[range.start * vectors.width..range.end * vectors.width].to_vec(),
        width: vectors.width,
    };
    let parts = [0..before, behind..spans.len()];
    parts.into_iter().filter(|range| !range.is_empty()).map(part).collect()
}

/// The words of a sentence, without those that the model's training never showed: these tell it nothing.
fn num_known_words(training: Option<&TrainingWords>, sentence: &str) -> usize {
    let is_known = |word: &String| match training {
        Some(training) if !training.pretrained => training.words.contains_key(word),
        _ => true,
    };
    words_of(sentence).iter().filter(|word| is_known(word)).count()
}

fn file_of(files: &[FileRecord], track: TrackId) -> Option<&FileRecord> {
    files.iter().find(|file| file.track == Some(track))
}

/// The sum of several vectors as a direction.
///
/// # Errors
/// [`QuestionError::Cancelled`] where they take one another away: what is left of unit vectors is then rounding.
fn direction(question: &Question, sum: &[f32]) -> Result<JointVector, QuestionError> {
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length < 1e-3 {
        let sentence = question.sentence.as_ref().map(Sentence::typed).unwrap_or_default();
        return Err(QuestionError::Cancelled { sentence });
    }
    Ok(unit(sum))
}

/// Whether a file holds no picture that can be read, and is not merely out of reach or over a limit.
fn is_no_picture(error: &VideoError) -> bool {
    use VideoError as E;
    !matches!(
        error,
        E::Io { .. }
            | E::Part { .. }
            | E::TooManyFrames { .. }
            | E::GaveUp { .. }
            | E::TooLarge { .. }
    )
}
