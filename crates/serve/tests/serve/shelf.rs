//! An index of a few real files, with scores that the test chooses, and a server over it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use locvtp_serve::{
    Answer, BadFile, ClipScore, Distribution, Evidence, ExportFormat, ExportHit, ExportedFile, Hit,
    Job, JobState, LeftOut, Library, LibraryError, LibraryState, Media, MediaId, MediaPage,
    PageRequest, Query, RequestLog, ServeSettings, Server, Stopper, SubtitleCue, SubtitleTrack,
    Sureness, Verdict,
};
use locvtp_video::{CancelToken, TimeSpan};

use crate::films;

/// Seconds of a clip.
const CLIP_S: f64 = 2.0;

/// A few videos. A sentence is answered by its words: `red` finds the moments that the test gave.
pub(crate) struct Shelf {
    pub(crate) media: Vec<Media>,
    /// Sentence and its moments: the video, its span, and its score.
    pub(crate) moments: Vec<(&'static str, usize, TimeSpan, f32)>,
    /// How long a search takes.
    pub(crate) search_time: Duration,
    pub(crate) num_proxies: AtomicUsize,
    /// Work without an end.
    pub(crate) endless: Endless,
    pub(crate) copies_from_0_are_endless: bool,
    /// What an answer says that the asker should know.
    pub(crate) warnings: Vec<String>,
    /// What an export says that is not in it.
    pub(crate) left_out: Vec<LeftOut>,
}

/// What a picture beside this question begins as.
const WHICH_PICTURE: &str = "what is this picture";

fn told_of_picture(query: &Query) -> Option<String> {
    let image = query.image.as_ref().filter(|_| query.text == WHICH_PICTURE)?;
    let kind = if image.starts_with(b"\x89PNG") { "a PNG" } else { "a JPEG" };
    Some(format!("It came as {kind}."))
}

/// The question that is worked on until nobody waits for it any more.
pub(crate) const ENDLESS: &str = "what never ends";

/// How often work without an end has begun, and how often it was cancelled.
#[derive(Default)]
pub(crate) struct Endless {
    pub(crate) num_begun: AtomicUsize,
    pub(crate) num_cancelled: AtomicUsize,
}

impl Endless {
    fn run_until(&self, cancel: &CancelToken) {
        self.num_begun.fetch_add(1, Ordering::SeqCst);
        while !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.num_cancelled.fetch_add(1, Ordering::SeqCst);
    }
}

impl Shelf {
    /// Over these files: path, seconds, where its clock begins, and what to ask the browser.
    pub(crate) fn new(files: &[(&Path, f64, f64, Option<&str>)]) -> Self {
        let media =
            files.iter().enumerate().map(|(number, &(path, duration_s, start_s, kind))| Media {
                id: MediaId::new(&format!("video-{number}")).unwrap(),
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                folder: "films".into(),
                path: path.to_owned(),
                size_bytes: std::fs::metadata(path).unwrap().len(),
                duration_s,
                start_s,
                width: films::WIDTH,
                height: films::HEIGHT,
                frame_rate_hz: Some(f64::from(films::FRAME_RATE_HZ)),
                codec: "h264".into(),
                media_type: kind.map(str::to_owned),
                modified_unix_s: Some(1_780_000_000),
                is_missing: false,
                is_changed: false,
                note: None,
            });
        Self {
            media: media.collect(),
            moments: Vec::new(),
            search_time: Duration::ZERO,
            num_proxies: AtomicUsize::new(0),
            endless: Endless::default(),
            copies_from_0_are_endless: false,
            warnings: Vec::new(),
            left_out: Vec::new(),
        }
    }

    fn score(&self, text: &str, video: usize, span: TimeSpan) -> f32 {
        let moments = self.moments.iter().filter(|moment| moment.0 == text && moment.1 == video);
        let best = moments.map(|(_, _, of, score)| (span.overlap(of).0 / CLIP_S) as f32 * score);
        // A hum of other clips, different from each other.
        let hum = ((span.start.0 * 12.9898 + video as f64).sin() * 43_758.547).fract().abs() as f32;
        best.fold(0.15 * hum, f32::max)
    }

    fn clips(&self, text: &str, video: usize) -> Vec<ClipScore> {
        let duration_s = self.media[video].duration_s;
        let starts = (0..).map(|clip| f64::from(clip) * CLIP_S).take_while(|&at| at < duration_s);
        let spans = starts.map(|at| TimeSpan::new(at, (at + CLIP_S).min(duration_s)));
        spans.map(|span| ClipScore { span, score: self.score(text, video, span) }).collect()
    }
}

impl Library for Shelf {
    fn search(&self, query: &Query, cancel: &CancelToken) -> Result<Answer, LibraryError> {
        std::thread::sleep(self.search_time);
        if query.text == ENDLESS {
            self.endless.run_until(cancel);
        }
        let text = query.text.as_str();
        if text == "the index is locked" {
            return Err(LibraryError::NotNow("the index is being written; ask again".into(), None));
        }
        let mut hits: Vec<Hit> = Vec::new();
        for (number, (sentence, video, span, score)) in self.moments.iter().enumerate() {
            if *sentence == text {
                let said = number % 3 == 2;
                hits.push(Hit {
                    media: self.media[*video].id.clone(),
                    span: *span,
                    score: Some(*score),
                    sure: match *score {
                        score if score > 0.6 => Sureness::Found,
                        score if score > 0.3 => Sureness::Maybe,
                        _ => Sureness::Guess,
                    },
                    false_alarm_rate: (!said).then_some(f64::from(1.0 - *score)),
                    evidence: if said { Evidence::Said } else { Evidence::Seen },
                    text: said.then(|| "and here you see the square turn".into()),
                });
            }
        }
        hits.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap());
        let mut of_video = std::collections::HashMap::new();
        hits.retain(|hit| {
            let num = of_video.entry(hit.media.clone()).or_insert(0);
            *num += 1;
            *num <= query.per_file
        });
        let is_guess = |hit: &Hit| hit.sure == Sureness::Guess;
        let num_found = hits.len();
        if !query.all && !hits.iter().all(is_guess) {
            hits.retain(|hit| !is_guess(hit));
        }
        hits.truncate(query.top);
        let all = (0..self.media.len()).flat_map(|video| self.clips(text, video));
        let mut counts = vec![0; 40];
        for clip in all {
            counts[((clip.score * 40.0) as usize).min(39)] += 1;
        }
        let bin_edges = (0..=40).map(|edge| edge as f32 / 40.0).collect();
        let best = hits.first().and_then(|hit| hit.score).unwrap_or(0.0);
        let (verdict, rate) = match best {
            best if best > 0.6 => (Verdict::Found, 0.02),
            best if best > 0.3 => (Verdict::Maybe, 0.2),
            best if best > 0.1 => (Verdict::NothingStandsOut, 0.74),
            _ => (Verdict::NotInTheseVideos, 0.98),
        };
        Ok(Answer {
            verdict,
            false_alarm_rate: Some(rate),
            has_more: hits.len() < num_found || self.media.len() > of_video.len(),
            num_other_media: self.media.len() - of_video.len(),
            hits,
            distribution: Some(Distribution { bin_edges, counts, cut: Some(0.3) }),
            took_ms: 3.4,
            warnings: self.warnings.iter().cloned().chain(told_of_picture(query)).collect(),
        })
    }

    fn media(&self, id: &MediaId) -> Result<Option<Media>, LibraryError> {
        Ok(self.media.iter().find(|media| media.id == *id).cloned())
    }

    fn heat(
        &self,
        id: &MediaId,
        query: &Query,
        _: &CancelToken,
    ) -> Result<Vec<ClipScore>, LibraryError> {
        let video = self.media.iter().position(|media| media.id == *id);
        let gone = || LibraryError::NotThere("it is gone".into(), None);
        Ok(self.clips(&query.text, video.ok_or_else(gone)?))
    }

    fn list(&self, page: &PageRequest) -> Result<MediaPage, LibraryError> {
        let after = page.after.as_ref();
        let mut media = self.media.clone();
        media.retain(|one| page.fits(&one.folder, &one.name));
        let total = media.len();
        media.retain(|one| after.is_none_or(|after| one.id > *after));
        let has_more = media.len() > page.limit;
        media.truncate(page.limit);
        Ok(MediaPage { media, total, has_more })
    }

    fn subtitles(&self, id: &MediaId) -> Result<Vec<SubtitleTrack>, LibraryError> {
        if *id != self.media[0].id {
            return Ok(Vec::new());
        }
        let cue = |start, end, text: &str| SubtitleCue {
            span: TimeSpan::new(start, end),
            text: text.into(),
        };
        Ok(vec![SubtitleTrack {
            language: Some("en".into()),
            name: "film.en.srt".into(),
            cues: vec![cue(4.0, 7.0, "now it turns"), cue(20.0, 22.0, "<and> stops")],
        }])
    }

    fn jobs(&self) -> Result<Vec<Job>, LibraryError> {
        let job = |id: &str, what: &str, state, done_s, message: Option<&str>| Job {
            id: id.into(),
            what: what.into(),
            state,
            done_s,
            total_s: Some(3600.0),
            times_real_time: (done_s > 0.0).then_some(14.2),
            left_s: (state == JobState::Running).then_some(128.0),
            message: message.map(str::to_owned),
        };
        Ok(vec![
            job("3", "index harbour at night.mov", JobState::Running, 1780.0, None),
            job("2", "index birthday.mp4", JobState::Waiting, 0.0, None),
            job("1", "index lake.mp4", JobState::Done, 3600.0, None),
        ])
    }

    fn bad_files(&self) -> Result<Vec<BadFile>, LibraryError> {
        Ok(vec![BadFile {
            name: "IMG_0042.MOV".into(),
            folder: "films/phone".into(),
            reason: "it ends in the middle: the index of the file is missing".into(),
        }])
    }

    fn state(&self) -> Result<LibraryState, LibraryError> {
        Ok(LibraryState {
            model: "demo".into(),
            model_version: "7f3a9c".into(),
            is_ready: true,
            num_media: self.media.len(),
            num_files: self.media.len(),
            num_missing: 0,
            num_clips: (0..self.media.len()).map(|video| self.clips("", video).len()).sum(),
            duration_s: self.media.iter().map(|media| media.duration_s).sum(),
            num_bad_files: 1,
            generation: 12,
            export_formats: vec![ExportFormat::Csv, ExportFormat::Json, ExportFormat::Edl],
        })
    }

    fn export(
        &self,
        format: ExportFormat,
        hits: &[ExportHit],
    ) -> Result<ExportedFile, LibraryError> {
        if format == ExportFormat::Edl {
            let why = "an EDL needs a constant frame rate; this file has none: export as OTIO";
            return Err(LibraryError::Refused(why.into()));
        }
        let rows = hits.iter().map(|hit| {
            let (start, end) = (hit.span.start.0, hit.span.end.0);
            format!(
                "{},{start},{end},{},{}\n",
                hit.media,
                hit.query,
                hit.text.as_deref().unwrap_or_default()
            )
        });
        Ok(ExportedFile {
            name: "moments \"of\" today.csv".into(),
            media_type: "text/csv; charset=utf-8".into(),
            bytes: rows.collect::<String>().into_bytes(),
            left_out: self.left_out.clone(),
        })
    }

    fn proxy(
        &self,
        media: &Media,
        span: TimeSpan,
        into: &Path,
        cancel: &CancelToken,
    ) -> Result<(), LibraryError> {
        self.num_proxies.fetch_add(1, Ordering::SeqCst);
        if span.start.0 == 0.0 && self.copies_from_0_are_endless {
            self.endless.run_until(cancel);
        }
        let mut command = Command::new("ffmpeg");
        let (start, length) = (span.start.0.to_string(), span.duration().0.to_string());
        command.args(["-v", "error", "-y", "-ss", &start, "-i"]).arg(&media.path);
        command.args([
            "-t", &length, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast", "-bf",
            "0",
        ]);
        command.args(["-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4"]);
        let status = command.arg(into).status().unwrap();
        let failed = || {
            let words = "no proxy of this file can be made";
            LibraryError::Failed(words.into(), Some("/secret/place: cannot be decoded".into()))
        };
        status.success().then_some(()).ok_or_else(failed)
    }
}

/// A running server, stopped when it is dropped.
pub(crate) struct Running {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) log: Arc<Mutex<Vec<RequestLog>>>,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// On a free port of the loopback address.
    pub(crate) fn start(shelf: impl Into<Arc<Shelf>>, mut settings: ServeSettings) -> Self {
        settings.address.set_port(0);
        let log: Arc<Mutex<Vec<RequestLog>>> = Arc::default();
        let lines = Arc::clone(&log);
        let observer = Arc::new(move |line: &RequestLog| lines.lock().unwrap().push(line.clone()));
        let library: Arc<Shelf> = shelf.into();
        let server = Server::bind(settings, library, observer).unwrap();
        let (address, stopper) = (server.address(), server.stopper());
        let thread = Some(std::thread::spawn(move || server.run().unwrap()));
        Self { address, log, stopper, thread }
    }

    pub(crate) fn stop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

/// One film of 12 seconds and a server over it.
pub(crate) struct OneFilm {
    pub(crate) path: PathBuf,
    pub(crate) server: Running,
    _folder: tempfile::TempDir,
}

impl OneFilm {
    pub(crate) fn start() -> Self {
        Self::with(ServeSettings::new(), |_| {})
    }

    pub(crate) fn with(settings: ServeSettings, change: impl FnOnce(&mut Shelf)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        films::make(&path, 12);
        let mut shelf = Shelf::new(&[(&path, 12.0, 0.0, None)]);
        shelf.moments = vec![("a red square", 0, TimeSpan::new(4.0, 7.0), 0.9)];
        change(&mut shelf);
        Self { path, server: Running::start(shelf, settings), _folder: folder }
    }
}
