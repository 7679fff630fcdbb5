//! An index as it lay there when it was opened, and what it answers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use locvtp_finder::{self as finder, Question};
use locvtp_search::catalogue::{Catalogue, Cue, FileState, GenerationId, JobState as RecordState};
use locvtp_search::scan::ScanRequest;
use locvtp_search::segment::VectorKind;
use locvtp_serve::{
    Answer, BadFile, ClipScore, Evidence, ExportFormat, ExportHit, ExportedFile, Hit, Job,
    JobState, LibraryState, Media, MediaId, MediaPage, PageRequest, Query, SubtitleCue,
    SubtitleTrack,
};
use locvtp_video::CancelToken;

use super::failures::{Failure, not_there};
use super::live_index::LiveIndex;
use super::picture::picture;
use super::videos::{Videos, file_name, path_of};
use super::{asking, giving_away};

/// Jobs that are told of.
const JOBS: usize = 20;

/// Moments whose ends are looked for in the videos at most: those of the page's first list.
const MOST_REFINED: usize = 50;

/// A catalogue and its model.
pub(super) struct OpenIndex {
    catalogue: Arc<dyn Catalogue>,
    index: LiveIndex,
    videos: Videos,
    /// Clips of an index, as they were counted when it had so many files.
    num_clips: Mutex<Option<(GenerationId, u64, usize)>>,
}

impl OpenIndex {
    /// With the model that is given, or else with the one of the index; `root` is the folder in which
    /// the index lies, where it lies in that of its videos.
    pub(super) fn open(
        catalogue: Arc<dyn Catalogue>,
        model: Option<PathBuf>,
        root: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let index = LiveIndex::open(Arc::clone(&catalogue), model)?;
        let videos = Videos::new(Arc::clone(&catalogue), root);
        Ok(Self { catalogue, index, videos, num_clips: Mutex::default() })
    }

    /// All clips of the live index.
    fn num_clips(&self) -> Result<usize, Failure> {
        let record = self.index.record()?;
        let lock = || self.num_clips.lock().unwrap_or_else(PoisonError::into_inner);
        let known = *lock();
        if let Some((generation, files, clips)) = known
            && (generation, files) == (record.id, record.num_files)
        {
            return Ok(clips);
        }
        // A scan counts them, whatever it looks for.
        let mut any = vec![0.0; record.model.width as usize];
        any.iter_mut().take(1).for_each(|x| *x = 1.0);
        let request = ScanRequest::new(&any, 0);
        let scanned = self.catalogue.scan(record.id, VectorKind::Clip, &request);
        let clips = scanned?.background.num_scores() as usize;
        *lock() = Some((record.id, record.num_files, clips));
        Ok(clips)
    }
}

impl OpenIndex {
    pub(super) fn search(&self, query: &Query, cancel: &CancelToken) -> Result<Answer, Failure> {
        let began = Instant::now();
        let picture = query.image.as_deref().map(picture).transpose()?;
        let question = asking::question(query, &self.videos, picture)?;
        let question = Question { most_refined: MOST_REFINED, ..question };
        let asked = self.index.ask(|opened| {
            asking::ask(opened, &asking::compared(&question, query.scores, opened), cancel)
        })?;
        let (verdict, false_alarm_rate) = asking::verdict(&asked);
        let mut hits = Vec::with_capacity(asked.answer.hits.len());
        for hit in &asked.answer.hits {
            // One that was removed meanwhile is no hit.
            let Some(media) = self.videos.id(hit.file)? else { continue };
            let (evidence, text, score) = match &hit.evidence {
                finder::Evidence::Seen => (Evidence::Seen, None, Some(hit.score as f32)),
                finder::Evidence::Said { text, .. } => (Evidence::Said, Some(text.clone()), None),
            };
            let false_alarm_rate = hit.verdict.false_alarms();
            let sure = asking::of_sureness(hit.sure());
            hits.push(Hit { media, span: hit.span, score, sure, false_alarm_rate, evidence, text });
        }
        Ok(Answer {
            verdict,
            false_alarm_rate,
            hits,
            has_more: asked.answer.has_more,
            num_other_media: asked.answer.num_other_files,
            distribution: asked.distribution,
            took_ms: began.elapsed().as_secs_f64() * 1000.0,
            warnings: asked.warnings,
        })
    }

    pub(super) fn media(&self, id: &MediaId) -> Result<Option<Media>, Failure> {
        let file = self.videos.file(id)?;
        Ok(file.map(|file| self.videos.media(&file)))
    }

    pub(super) fn heat(
        &self,
        id: &MediaId,
        query: &Query,
        cancel: &CancelToken,
    ) -> Result<Vec<ClipScore>, Failure> {
        let file = self.videos.file(id)?;
        let track = file.and_then(|file| file.track);
        let gone = || not_there("the index has no such video any more");
        let track = track.ok_or_else(gone)?;
        let picture = query.image.as_deref().map(picture).transpose()?;
        let question = asking::question(query, &self.videos, picture)?;
        let scored = self.index.ask(|opened| {
            let question = asking::compared(&question, query.scores, opened);
            asking::scores(opened, &question, track, cancel)
        })?;
        let clips = scored.iter().flat_map(|it| it.clips.iter().zip(&it.scores));
        Ok(clips.map(|(span, score)| ClipScore { span: *span, score: *score }).collect())
    }

    pub(super) fn list(&self, page: &PageRequest) -> Result<MediaPage, Failure> {
        let mut files = self.videos.all()?;
        let fits = |path: &Path| page.fits(&self.videos.shown_folder(path), &file_name(path));
        files.retain(|file| page.name.is_none() || file.looks.iter().any(|look| fits(&look.path)));
        let first = match &page.after {
            None => 0,
            Some(after) => {
                let gone =
                    || not_there("`after`: the index has no such video any more; begin again");
                let after = self.videos.file(after)?.ok_or_else(gone)?;
                files.partition_point(|file| path_of(file) <= path_of(&after))
            }
        };
        let last = files.len().min(first + page.limit);
        Ok(MediaPage {
            media: files[first..last].iter().map(|file| self.videos.listed(file)).collect(),
            total: files.len(),
            has_more: last < files.len(),
        })
    }

    pub(super) fn jobs(&self) -> Result<Vec<Job>, Failure> {
        let jobs = self.catalogue.jobs()?;
        let shown = jobs.into_iter().take(JOBS).map(|job| {
            let progress = &job.progress;
            let done = progress.done_files + progress.bad_files;
            Job {
                id: job.id.0.to_string(),
                what: format!("{}: {done} of {} files", job.kind, progress.num_files),
                state: match job.state {
                    RecordState::Running => JobState::Running,
                    RecordState::Done => JobState::Done,
                    RecordState::Failed => JobState::Failed,
                    RecordState::Stopped => JobState::Cancelled,
                },
                done_s: progress.done_media.0,
                total_s: Some(progress.media.0).filter(|total| *total > 0.0),
                times_real_time: progress.rate(),
                left_s: progress.time_left().map(|left| left.0),
                message: job.message,
            }
        });
        Ok(shown.collect())
    }

    pub(super) fn bad_files(&self) -> Result<Vec<BadFile>, Failure> {
        let files = self.catalogue.files()?;
        let bad = files.iter().filter(|file| file.state == FileState::Bad).map(|file| {
            let path = path_of(file);
            let reason = file.reason.as_deref().unwrap_or("it cannot be read");
            let own = format!("{}: ", path.display());
            BadFile {
                name: file_name(path),
                folder: self.videos.shown_folder(path),
                reason: reason.strip_prefix(&own).unwrap_or(reason).to_owned(),
            }
        });
        Ok(bad.collect())
    }

    pub(super) fn state(&self) -> Result<LibraryState, Failure> {
        let record = self.index.record()?;
        let files = self.catalogue.files()?;
        let holdings = finder::Holdings::of(&files);
        let in_state = |state| files.iter().filter(|file| file.state == state).count();
        let videos = files.iter().filter(|file| file.track.is_some());
        Ok(LibraryState {
            model: model_name(Path::new(&record.model.name)),
            // The upper half is of the weights.
            model_version: format!("{:x}", record.model.hash >> 64),
            is_ready: true,
            num_media: holdings.num_videos,
            num_files: holdings.num_files,
            num_missing: in_state(FileState::Missing),
            num_clips: self.num_clips()?,
            // A sum of nothing would be -0.
            duration_s: videos.fold(0.0, |sum, file| sum + file.duration.0),
            num_bad_files: holdings.num_bad_files,
            generation: record.id.0.unsigned_abs(),
            export_formats: giving_away::FORMATS.map(|(format, _, _)| format).to_vec(),
        })
    }

    pub(super) fn subtitles(&self, id: &MediaId) -> Result<Vec<SubtitleTrack>, Failure> {
        let Some(file) = self.videos.file(id)? else { return Ok(Vec::new()) };
        let mut tracks: Vec<SubtitleTrack> = Vec::new();
        for Cue { span, text, language, source } in self.catalogue.cues(file.id)? {
            let cue = SubtitleCue { span, text };
            match tracks.iter_mut().find(|track| track.name == source && track.language == language)
            {
                Some(track) => track.cues.push(cue),
                None => tracks.push(SubtitleTrack { language, name: source, cues: vec![cue] }),
            }
        }
        for track in &mut tracks {
            track.name = file_name(Path::new(&track.name));
        }
        Ok(tracks)
    }

    pub(super) fn export(
        &self,
        format: ExportFormat,
        hits: &[ExportHit],
    ) -> Result<ExportedFile, Failure> {
        giving_away::written(&self.videos, format, hits)
    }
}

/// What people call a model: the folder that is neither `run` nor `model`.
fn model_name(dir: &Path) -> String {
    let named = dir.ancestors().find(|dir| !dir.ends_with("model") && !dir.ends_with("run"));
    named.map(file_name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_called_by_its_own_folder() {
        assert_eq!(model_name(Path::new("/home/me/demo-run/run/model")), "demo-run");
        assert_eq!(model_name(Path::new("/home/me/models/clip")), "clip");
    }
}
