//! Features of clips on their way into the catalogue: a file is there whole, or not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use locvtp_search::catalogue::{Catalogue, GenerationId, JobId, JobProgress, JobState, NewVideo};
use locvtp_search::identity::{Candidate, ContentIdentity};
use locvtp_search::segment::{VectorBatch, VectorError, VectorKind};
use locvtp_transfer::TransferError;
use locvtp_transfer::extraction::{
    BadVideo, ClipSink, ExtractObserver, ExtractProgress, VideoEnd, VideoFile,
};
use locvtp_video::counted::counted;
use locvtp_video::{Seconds, TimeSpan};

use crate::beside_clips::BesideClips;
use crate::error::FinderError;
use crate::observer::IndexObserver;
use crate::passing_fault::is_of_the_moment;

/// What the sink and the watcher of an extraction tell of.
pub(crate) struct Told<'o> {
    pub(crate) observer: &'o mut dyn IndexObserver,
    pub(crate) progress: JobProgress,
    /// Whether the observer was told that all files are done.
    pub(crate) is_over: bool,
}

/// A video whose clips are coming.
struct OpenVideo {
    batch: VectorBatch,
    fault: Option<VectorError>,
}

/// What a run left.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) added: Vec<PathBuf>,
    pub(crate) bad: Vec<(PathBuf, String)>,
    /// Changed while they were read.
    pub(crate) changing: Vec<PathBuf>,
    /// Gone since they were looked at, as with a drive that is unplugged.
    pub(crate) gone: Vec<PathBuf>,
    pub(crate) num_cut_short: usize,
    pub(crate) num_clips: u64,
    pub(crate) num_cues: u64,
    pub(crate) media: Seconds,
}

/// Puts videos into a generation as they come out of the encoder.
pub(crate) struct VideoSink<'a, 'o> {
    pub(crate) catalogue: &'a dyn Catalogue,
    pub(crate) generation: GenerationId,
    pub(crate) job: JobId,
    pub(crate) width: usize,
    pub(crate) candidates: &'a HashMap<PathBuf, Candidate>,
    pub(crate) told: &'a RefCell<Told<'o>>,
    open: HashMap<PathBuf, OpenVideo>,
    pub(crate) kept: Kept,
    /// Why the catalogue took no more.
    pub(crate) failure: Option<FinderError>,
}

impl<'a, 'o> VideoSink<'a, 'o> {
    pub(crate) fn new(
        catalogue: &'a dyn Catalogue,
        (generation, width): (GenerationId, usize),
        job: JobId,
        candidates: &'a HashMap<PathBuf, Candidate>,
        told: &'a RefCell<Told<'o>>,
    ) -> Self {
        let (open, kept, failure) = (HashMap::new(), Kept::default(), None);
        Self { catalogue, generation, job, width, candidates, told, open, kept, failure }
    }

    /// Ends the encoding with an error that is kept here.
    fn fail(&mut self, error: impl Into<FinderError>) -> TransferError {
        self.failure = Some(error.into());
        TransferError::Stopped
    }

    /// Takes clips of a video. What makes one of them no vector is told when the video ends.
    fn push(&mut self, path: &Path, spans: &[TimeSpan], values: &[f32]) {
        let width = self.width;
        let open = self
            .open
            .entry(path.to_owned())
            .or_insert_with(|| OpenVideo { batch: VectorBatch::new(width), fault: None });
        for (span, vector) in spans.iter().zip(values.chunks_exact(width)) {
            let pushed = open.batch.push(vector, *span);
            open.fault = open.fault.or(pushed.err());
        }
    }

    /// The vectors of a video that has no more clips.
    fn vectors(&mut self, path: &Path) -> Result<VectorBatch, VectorError> {
        let Some(open) = self.open.remove(path) else {
            return Ok(VectorBatch::new(self.width));
        };
        open.fault.map_or(Ok(open.batch), Err)
    }

    fn keep(
        &mut self,
        path: &Path,
        end: &VideoEnd,
        beside: BesideClips,
    ) -> Result<(), FinderError> {
        let duration = Seconds(end.duration_s);
        let Some(candidate) = self.candidates.get(path).cloned() else { return Ok(()) };
        let vectors = match self.vectors(path) {
            Ok(vectors) => vectors,
            Err(error) => return self.bad(path, &error.to_string()),
        };
        let lost = beside.lost_subtitles;
        if let Some(reason) = lost.as_deref().filter(|reason| is_of_the_moment(reason)) {
            return self.bad(path, reason);
        }
        let identity = ContentIdentity { whole: beside.whole, ..candidate.identity };
        if beside.is_changed {
            self.kept.changing.push(path.to_owned());
            return Ok(());
        }
        let (cues, notes) = (beside.cues, beside.notes);
        for note in notes {
            self.told.borrow_mut().observer.note(&note);
        }
        self.kept.num_clips += vectors.len() as u64;
        self.kept.num_cues += cues.len() as u64;
        self.kept.media += duration;
        let lost = lost.as_deref().map(|reason| without_path(reason, path));
        let (file, look, note) = (candidate.file, candidate.look, note(end, lost));
        if let Some(note) = &note {
            self.told.borrow_mut().observer.note(&format!("{}: {note}", path.display()));
        }
        self.kept.num_cut_short += usize::from(end.cut_short.is_some());
        let vectors = vec![(VectorKind::Clip, vectors)];
        let video = NewVideo { file, identity, look, duration, note, vectors, cues };
        self.catalogue.add_video(self.generation, &video)?;
        self.kept.added.push(path.to_owned());
        self.told.borrow_mut().progress.done_files += 1;
        self.say_job()
    }

    fn bad(&mut self, path: &Path, reason: &str) -> Result<(), FinderError> {
        self.open.remove(path);
        if !path.exists() {
            self.kept.gone.push(path.to_owned());
            return Ok(());
        }
        let reason = without_path(reason, path);
        self.kept.bad.push((path.to_owned(), reason.to_owned()));
        if let Some(candidate) = self.candidates.get(path) {
            self.catalogue.note_bad(candidate, reason)?;
        }
        {
            let mut told = self.told.borrow_mut();
            told.progress.bad_files += 1;
            told.observer.bad(path, reason);
        }
        self.say_job()
    }

    fn say_job(&self) -> Result<(), FinderError> {
        let progress = self.told.borrow().progress;
        Ok(self.catalogue.set_job(self.job, JobState::Running, &progress, None)?)
    }
}

impl ClipSink for VideoSink<'_, '_> {
    fn clips(
        &mut self,
        video: &VideoFile,
        spans: &[TimeSpan],
        values: &[f32],
    ) -> Result<(), TransferError> {
        self.push(&video.path, spans, values);
        Ok(())
    }

    fn done(
        &mut self,
        video: &VideoFile,
        end: &VideoEnd,
        aside: &[u8],
    ) -> Result<(), TransferError> {
        let kept = self.keep(&video.path, end, BesideClips::of_bytes(aside));
        kept.map_err(|error| self.fail(error))
    }

    fn left_out(&mut self, video: &VideoFile, bad: &BadVideo) -> Result<(), TransferError> {
        let noted = self.bad(&video.path, &bad.reason);
        noted.map_err(|error| self.fail(error))
    }
}

/// Errors of files begin with the path, which is told beside the reason.
fn without_path<'a>(reason: &'a str, path: &Path) -> &'a str {
    let own = format!("{}: ", path.display());
    reason.strip_prefix(&own).unwrap_or(reason)
}

/// What a file lacks, as `index add` tells and the catalogue keeps it.
fn note(end: &VideoEnd, lost_subtitles: Option<&str>) -> Option<String> {
    let damage = (!end.damaged.is_empty()).then(|| {
        format!(
            "pictures are missing or damaged at {}; left out: {}",
            counted(end.damaged.len(), "place"),
            counted(end.num_skipped, "clip"),
        )
    });
    let lost = lost_subtitles.map(|reason| format!("its subtitles could not be read: {reason}"));
    let all: Vec<String> = end.cut_short.iter().cloned().chain(damage).chain(lost).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Watches an extraction for whoever watches an index.
pub(crate) struct Watcher<'a, 'o>(pub(crate) &'a RefCell<Told<'o>>);

impl ExtractObserver for Watcher<'_, '_> {
    fn progress(&mut self, extract: &ExtractProgress) {
        let mut told = self.0.borrow_mut();
        // How long files play is known when they are opened; until then by their bytes.
        let all = extract.total_bytes / extract.bytes.max(1.0);
        told.progress.done_media = Seconds(extract.video_s);
        told.progress.media = Seconds(extract.video_s * all.max(1.0));
        told.progress.worked = Seconds(extract.seconds);
        told.progress.decoded_frames = Some(extract.decoded);
        let progress = told.progress;
        let is_over = progress.done_files + progress.bad_files == progress.num_files;
        // The other processes say as well that they are done.
        if !std::mem::replace(&mut told.is_over, is_over) || !is_over {
            told.observer.progress(&progress);
        }
    }

    fn should_stop(&self) -> bool {
        self.0.borrow().observer.should_stop()
    }
}
