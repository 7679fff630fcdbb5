//! Brings a catalogue up to date with folders.
//!
//! Files are told apart by their content, so only what the catalogue does not know is decoded. Clips go
//! through the encoder as `locvtp extract` sends them, and a file is in the catalogue when its last clip
//! is: whoever stops it loses the files in work and no other.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use locvtp_cluster::{Alone, Communicator};
use locvtp_search::catalogue::{
    Catalogue, CatalogueError, FileId, FileRecord, FileState, GenerationId, GenerationState,
    JobProgress, JobState, ModelRecord,
};
use locvtp_search::identity::{
    Candidate, Copied, FileNow, FolderWalk, Look, Moved, Plan, PlanSettings, look_at, plan, walk,
    whole_hash,
};
use locvtp_transfer::Embedder;
use locvtp_transfer::extraction::{ExtractSettings, VideoEncoding};
use locvtp_video::causes::with_causes;
use locvtp_video::{LimitReached, Seconds, VideoOpener, plain_file};

use crate::error::FinderError;
use crate::holdings::Holdings;
use crate::index_helper::{beside_clips, by_path, index_settings, share_out, videos};
use crate::index_sampling::IndexSampling;
use crate::index_summary::IndexSummary;
use crate::judge;
use crate::model_record::model_record;
use crate::observer::IndexObserver;
use crate::passing_fault::is_of_the_moment;
use crate::true_path::true_path;
use crate::unfinished;
use crate::video_sink::{Kept, Told, VideoSink, Watcher};
use crate::words_again::WordsAgain;

/// Between two looks at files that may still be written to.
const SETTLE: Duration = Duration::from_secs(2);

/// How what is noted of a video begins that is cut short.
const CUT_SHORT: &str = "cut short: ";

/// Indexes videos with one model.
pub struct Indexer<'a> {
    catalogue: &'a dyn Catalogue,
    embedder: &'a Embedder,
    model: ModelRecord,
    settings: ExtractSettings,
    null_sentences: Vec<String>,
    ranks: &'a dyn Communicator,
}

impl<'a> Indexer<'a> {
    /// With the model of the directory `dir`, which was opened as `embedder`.
    ///
    /// # Errors
    /// When its files cannot be read, or it has no joint space.
    pub fn new(
        catalogue: &'a dyn Catalogue,
        embedder: &'a Embedder,
        dir: &Path,
        sampling: IndexSampling,
    ) -> Result<Self, FinderError> {
        let model = model_record(embedder, dir, sampling)?;
        let settings = index_settings(embedder, sampling);
        let (null_sentences, ranks) = (Vec::new(), &Alone);
        Ok(Self { catalogue, embedder, model, settings, null_sentences, ranks })
    }

    /// The same, opening files in another way.
    #[must_use]
    pub fn with_opener(mut self, opener: VideoOpener) -> Self {
        self.settings.opener = opener;
        self
    }

    /// The same, with sentences that are true elsewhere: what "not here" is measured by. Without them a
    /// search cannot tell.
    #[must_use]
    pub fn with_null_sentences(self, null_sentences: Vec<String>) -> Self {
        Self { null_sentences, ..self }
    }

    /// The same as rank 0 of several processes, of which the others [help](crate::help_to_index) it once.
    #[must_use]
    pub fn with_ranks(self, ranks: &'a dyn Communicator) -> Self {
        Self { ranks, ..self }
    }

    /// Makes the index hold what lies in `roots`, files or folders.
    ///
    /// # Errors
    /// When the catalogue cannot be written, or the model's features are not finite. Files that were
    /// done are kept. Bad files are no errors.
    pub fn add(
        &self,
        roots: &[PathBuf],
        observer: &mut dyn IndexObserver,
    ) -> Result<IndexSummary, FinderError> {
        let roots: Vec<PathBuf> = roots.iter().map(|root| true_path(root)).collect();
        let generation = self.catalogue.generation(&self.model)?;
        let (mut walked, mut plan) = self.look(&roots, observer)?;
        if !plan.waiting.is_empty() && !observer.should_stop() {
            self.catalogue.note_waiting(&plan.waiting)?;
            std::thread::sleep(SETTLE);
            (walked, plan) = self.look(&roots, observer)?;
        }
        if observer.should_stop() {
            self.nothing_to_encode()?;
            // What was not compared to its end is not known.
            return Ok(IndexSummary { is_stopped: true, ..IndexSummary::default() });
        }
        let mut summary = self.note(&plan)?;
        summary.links.clone_from(&walked.links);
        summary.left_out.clone_from(&walked.left_out);
        for (path, error) in &walked.closed {
            let leads_nowhere = error.kind() == ErrorKind::NotFound && path.is_symlink();
            let reason = match leads_nowhere {
                true => "is a link to what does not exist; mend the link or remove it".to_owned(),
                false => format!("cannot be looked at: {error}"),
            };
            observer.bad(path, &reason);
            summary.bad.push((path.clone(), reason));
        }
        for unreadable in &plan.unreadable {
            let reason = format!("cannot be read: {}", unreadable.error);
            observer.bad(&unreadable.path, &reason);
            summary.bad.push((unreadable.path.clone(), reason));
        }
        let files = self.catalogue.files()?;
        let within_limits = self.worth_another_try(&files, &plan);
        let is_tried = |file: &&FileId| within_limits.iter().any(|it| it.file == Some(**file));
        summary.num_still_bad -= plan.still_bad.iter().filter(is_tried).count();
        let candidates = self.candidates(generation, &plan, within_limits)?;
        let again: HashSet<FileId> = candidates.iter().filter_map(|it| it.file).collect();
        summary.num_unchanged = plan.unchanged.iter().filter(|it| !again.contains(it)).count();
        summary.num_still_cut_short = num_cut_short(&files, &plan, &again);
        observer.planned(summary.num_unchanged + plan.moved.len(), candidates.len());
        let nothing_is_left = candidates.is_empty();
        self.encode(generation, candidates, "add", observer, &mut summary)?;
        if !plan.copies.is_empty() {
            let moved = self.moved(&plan.copies)?;
            self.catalogue.note_moved(&moved)?;
            summary.num_moved += moved.len();
        }
        if !summary.is_stopped {
            self.read_words_again(generation, &roots, observer, &mut summary)?;
        }
        self.finish(generation, &mut summary)?;
        if nothing_is_left && !summary.is_stopped && summary.num_left == 0 {
            unfinished::close(self.catalogue, "add", &roots)?;
        }
        Ok(summary)
    }

    /// Reads subtitles that came, went or changed beside files that were known before, and counts what the index holds.
    fn read_words_again(
        &self,
        generation: GenerationId,
        roots: &[PathBuf],
        observer: &mut dyn IndexObserver,
        summary: &mut IndexSummary,
    ) -> Result<(), FinderError> {
        let mut words = WordsAgain::new(self.catalogue, generation);
        let files = self.catalogue.files()?;
        summary.holdings = Holdings::of(&files);
        for file in files {
            let lies_below = |look: &&Look| roots.iter().any(|root| look.path.starts_with(root));
            let is_there = file.state == FileState::Present;
            let Some(look) = file.looks.iter().find(lies_below).filter(|_| is_there) else {
                continue;
            };
            if let Some((num_cues, notes)) = words.read(&file, look)? {
                notes.iter().for_each(|note| observer.note(note));
                summary.num_cues += num_cues as u64;
                summary.num_other_words += 1;
            }
        }
        Ok(())
    }

    /// Drops what is damaged of the index, and encodes those files again; also all that an index beside
    /// the live one lacks.
    ///
    /// # Errors
    /// As [`Indexer::add`].
    pub fn rebuild(&self, observer: &mut dyn IndexObserver) -> Result<IndexSummary, FinderError> {
        // First, as it may be refused.
        let generation = self.catalogue.generation(&self.model)?;
        let dropped = self.catalogue.drop_damaged(&|file| there(file).is_some())?;
        let mut lost: HashSet<FileId> = dropped.kept.into_iter().collect();
        let left = self.catalogue.files_left(generation)?;
        lost.extend(left.iter().filter(|file| there(file).is_none()).map(|file| file.id));
        let plan = Plan::default();
        let candidates = self.candidates(generation, &plan, Vec::new())?;
        observer.planned(0, candidates.len());
        let files = self.catalogue.files()?.into_iter().filter(|file| lost.contains(&file.id));
        let lost = files.filter_map(|file| Some(file.looks.into_iter().next()?.path)).collect();
        let mut summary = IndexSummary { lost, ..IndexSummary::default() };
        let nothing_is_left = candidates.is_empty();
        self.encode(generation, candidates, "rebuild", observer, &mut summary)?;
        self.finish(generation, &mut summary)?;
        if nothing_is_left && summary.num_left == 0 {
            unfinished::close(self.catalogue, "rebuild", &[])?;
        }
        Ok(summary)
    }

    /// Files that must be read whole to be told from others are named to the observer, who may stop that.
    fn look(
        &self,
        roots: &[PathBuf],
        observer: &mut dyn IndexObserver,
    ) -> Result<(FolderWalk, Plan), FinderError> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let settings = PlanSettings::at(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX));
        let walked = walk(roots);
        let mut read_whole = |look: &Look| {
            observer.comparing(&look.path, look.size);
            whole_hash(&look.path, &|| observer.should_stop())
        };
        let plan = plan(&walked, &self.catalogue.known()?, settings, &mut read_whole);
        Ok((walked, plan))
    }

    /// Further files of a content that is in the catalogue now.
    fn moved(&self, copies: &[Copied]) -> Result<Vec<Moved>, FinderError> {
        let known = self.catalogue.known()?;
        let by_path: HashMap<_, _> =
            known.paths.iter().map(|path| (&path.look.path, path.file)).collect();
        let moved = copies.iter().filter_map(|Copied { of, to }| {
            Some(Moved { file: *by_path.get(of)?, from: None, to: to.clone(), whole: None })
        });
        Ok(moved.collect())
    }

    /// Notes what needs no decoding.
    fn note(&self, plan: &Plan) -> Result<IndexSummary, FinderError> {
        for moved in [&plan.moved, &plan.moved_bad].into_iter().filter(|it| !it.is_empty()) {
            self.catalogue.note_moved(moved)?;
        }
        let gone = self.note_gone(&plan.missing)?;
        self.catalogue.note_waiting(&plan.waiting)?;
        Ok(IndexSummary {
            num_moved: plan.moved.len(),
            num_still_bad: plan.still_bad.len() + plan.moved_bad.len(),
            waiting: plan.waiting.iter().map(|look| look.path.clone()).collect(),
            ..gone
        })
    }

    /// Notes places where nothing lies any more, and tells what became of them.
    fn note_gone(&self, gone: &[(FileId, PathBuf)]) -> Result<IndexSummary, FinderError> {
        let mut summary = IndexSummary::default();
        if gone.is_empty() {
            return Ok(summary);
        }
        self.catalogue.note_missing(gone)?;
        let files = self.catalogue.files()?;
        let files: HashMap<FileId, &FileRecord> = files.iter().map(|it| (it.id, it)).collect();
        for (file, path) in gone {
            let list = match files.get(file) {
                Some(file) if file.looks.iter().any(|look| look.path == *path) => {
                    &mut summary.missing
                }
                Some(_) => &mut summary.gone_places,
                None => &mut summary.gone_bad,
            };
            list.push(path.clone());
        }
        Ok(summary)
    }

    /// Bad files, as they were, that were over a limit which is wider now, or bad for a reason of that moment.
    fn worth_another_try(&self, files: &[FileRecord], plan: &Plan) -> Vec<Candidate> {
        let limits = self.settings.opener.settings.limits;
        let still_bad: HashSet<FileId> = plan.still_bad.iter().copied().collect();
        let may_be_good = |reason: &str| {
            is_of_the_moment(reason)
                || LimitReached::in_text(reason).is_some_and(|limit| limits.are_wider_than(limit))
        };
        let worth_it = files.iter().filter(|file| {
            still_bad.contains(&file.id) && file.reason.as_deref().is_some_and(may_be_good)
        });
        worth_it.filter_map(candidate_again).collect()
    }

    /// What is to be decoded: what is new, what is tried `again`, and what the generation lacks.
    fn candidates(
        &self,
        generation: GenerationId,
        plan: &Plan,
        again: Vec<Candidate>,
    ) -> Result<Vec<Candidate>, FinderError> {
        let changed = plan.changed.iter().map(|(_, candidate)| candidate);
        let new = plan.add.iter().chain(changed).cloned();
        let mut candidates: Vec<Candidate> = new.chain(again).collect();
        let mut paths: HashSet<_> = candidates.iter().map(|it| it.look.path.clone()).collect();
        for file in self.catalogue.files_left(generation)? {
            if let Some(candidate) = candidate_again(&file)
                && paths.insert(candidate.look.path.clone())
            {
                candidates.push(candidate);
            }
        }
        candidates.sort_by(|one, other| one.look.path.cmp(&other.look.path));
        Ok(candidates)
    }

    fn encode(
        &self,
        generation: GenerationId,
        candidates: Vec<Candidate>,
        kind: &str,
        observer: &mut dyn IndexObserver,
        summary: &mut IndexSummary,
    ) -> Result<(), FinderError> {
        if candidates.is_empty() {
            return self.nothing_to_encode();
        }
        let began = std::time::Instant::now();
        let candidates = share_out(self.ranks, &self.model, &candidates)?;
        let videos = videos(&candidates);
        let progress = JobProgress {
            num_files: videos.len() as u64,
            decoded_frames: Some(0),
            ..JobProgress::default()
        };
        let job = self.catalogue.start_job(kind, &progress)?;
        let told = RefCell::new(Told { observer, progress, is_over: false });
        let candidates = by_path(candidates);
        let mut sink = VideoSink::new(
            self.catalogue,
            (generation, self.model.width as usize),
            job,
            &candidates,
            &told,
        );
        let mut watcher = Watcher(&told);
        let (ranks, embedder, settings) = (self.ranks, self.embedder, &self.settings);
        let mut beside = beside_clips(&candidates, settings.opener.settings.limits);
        let encoded = VideoEncoding { ranks, embedder, settings }.encode(
            &videos,
            &mut beside,
            &mut sink,
            &mut watcher,
        );
        let failure = sink.failure.take();
        let Kept { added, bad, changing, gone, num_cut_short, num_clips, num_cues, media } =
            sink.kept;
        let (mut num_taken_over, mut num_decoded) = (0, None);
        let ended = match (failure, encoded) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(encoded)) => {
                num_taken_over = encoded.progress.taken_over as u64;
                num_decoded = Some(encoded.progress.decoded);
                Ok(encoded.stopped)
            }
        };
        let mut progress = told.borrow().progress;
        progress.worked = Seconds(began.elapsed().as_secs_f64());
        progress.decoded_frames = num_decoded.or(progress.decoded_frames);
        let (state, message) = match &ended {
            Ok(false) => {
                progress.media = progress.done_media;
                (JobState::Done, None)
            }
            Ok(true) => (JobState::Stopped, Some("stopped by a person".to_owned())),
            Err(error) => (JobState::Failed, Some(with_causes(error))),
        };
        // Where the catalogue fails itself, the first failure is the one that is told.
        let said = self.catalogue.set_job(job, state, &progress, message.as_deref());
        summary.is_stopped = ended?;
        said?;
        summary.num_added = added.len();
        summary.bad.extend(bad);
        summary.waiting.extend(changing);
        summary.missing.extend(gone);
        (summary.num_clips, summary.num_cues) = (num_clips, num_cues);
        summary.num_cut_short = num_cut_short;
        summary.num_taken_over = num_taken_over;
        summary.num_frames = progress.decoded_frames.unwrap_or_default();
        summary.media_s = media.0;
        summary.seconds = progress.worked.0;
        Ok(())
    }

    /// Lets the other ranks go.
    fn nothing_to_encode(&self) -> Result<(), FinderError> {
        share_out(self.ranks, &self.model, &[]).map(drop)
    }

    /// Swaps in an index that is whole, and measures what null sentences reach on it.
    fn finish(
        &self,
        generation: GenerationId,
        summary: &mut IndexSummary,
    ) -> Result<(), FinderError> {
        let generations = self.catalogue.generations()?;
        let own = generations.iter().find(|it| it.id == generation);
        if own.is_some_and(|it| it.state == GenerationState::Building) && !summary.is_stopped {
            match self.catalogue.swap_in(generation) {
                Ok(()) => summary.is_swapped_in = true,
                Err(CatalogueError::NotWhole { left, gone, .. }) => {
                    let left_there = self.catalogue.files_left(generation)?;
                    let unnoticed = left_there.iter().filter(|file| is_nowhere(file)).count();
                    summary.num_left = left;
                    summary.num_left_gone = gone + unnoticed as u64;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let beside = unfinished::beside(self.catalogue)?.filter(|it| it.id != generation);
        summary.begun_beside = beside.map(|beside| beside.model.name);
        if !self.null_sentences.is_empty() && !summary.is_stopped {
            let sentences: Vec<&str> = self.null_sentences.iter().map(String::as_str).collect();
            summary.is_calibrated =
                judge::fit(self.catalogue, generation, self.embedder, &sentences)?;
        }
        Ok(())
    }
}

/// A file of the catalogue that is encoded again; none where it is gone or was changed.
fn candidate_again(file: &FileRecord) -> Option<Candidate> {
    Some(Candidate { look: there(file)?, identity: file.identity, file: Some(file.id) })
}

/// Where a file lies as it was indexed; none where it is gone, was changed or may not be read.
fn there(file: &FileRecord) -> Option<Look> {
    let now = |known: &Look| FileNow::surely(&known.path, file.identity, &file.looks);
    let may_be_read = |known: &&Look| plain_file::open(&known.path).is_ok();
    let usable = |known: &&Look| now(known).is_usable();
    let known = file.looks.iter().filter(may_be_read).find(usable)?;
    look_at(&known.path).ok()
}

/// Whether a file is at none of its places, which may lie in folders that were not looked at.
fn is_nowhere(file: &FileRecord) -> bool {
    file.looks.iter().all(|look| !look.path.exists())
}

/// Files as they were that are cut short.
fn num_cut_short(files: &[FileRecord], plan: &Plan, again: &HashSet<FileId>) -> usize {
    let unchanged: HashSet<FileId> = plan.unchanged.iter().copied().collect();
    let as_they_were =
        files.iter().filter(|file| unchanged.contains(&file.id) && !again.contains(&file.id));
    as_they_were
        .filter(|file| file.reason.as_ref().is_some_and(|it| it.starts_with(CUT_SHORT)))
        .count()
}
