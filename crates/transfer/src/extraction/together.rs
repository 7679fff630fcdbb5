//! The videos of one extraction, encoded by one process or by several together.
//!
//! Each rank takes its share of the videos, and what comes of them goes to rank 0: a video when its last clip is
//! encoded, whole. Rank 0 encodes its own share, and between two clips takes what the others sent. It
//! alone has a sink and tells how it goes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use locvtp_cluster::{Communicator, Letter};
use locvtp_video::TimeSpan;

use crate::embedding::Embedder;
use crate::error::TransferError;
use crate::extraction::decoding::{ClipRule, VideoEnd};
use crate::extraction::encoding::{Aside, ClipSink, Encoded, Encoding};
use crate::extraction::letter::{Clips, Head, from_bytes, to_bytes};
use crate::extraction::observer::{BadVideo, DamagedVideo, ExtractObserver, ExtractProgress};
use crate::extraction::settings::ExtractSettings;
use crate::extraction::sharing::{share, shares};
use crate::extraction::video_list::VideoFile;

/// Between two letters that only say how far a rank is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// How videos are encoded, and by which processes.
pub struct VideoEncoding<'a> {
    /// The processes; all of them have the same videos, model and settings.
    pub ranks: &'a dyn Communicator,
    /// The model.
    pub embedder: &'a Embedder,
    /// Where clips begin and which features are taken.
    pub settings: &'a ExtractSettings,
}

impl VideoEncoding<'_> {
    /// Encodes videos and hands the features of their clips to `sink`: of rank 0, which is the one process of a run that is
    /// not spread. Here memory does not grow with the length of a video; the other ranks keep the features
    /// of videos that they are at.
    ///
    /// # Errors
    /// When a setting cannot be used, a feature is not finite, or the sink fails. Bad videos are no errors.
    pub fn encode(
        &self,
        videos: &[VideoFile],
        aside: &mut Aside<'_>,
        sink: &mut dyn ClipSink,
        observer: &mut dyn ExtractObserver,
    ) -> Result<Encoded, TransferError> {
        let rule = self.rule()?;
        let hub = RefCell::new(Hub::new(self.ranks, videos, sink, observer));
        let own = share(videos, self.ranks.rank());
        let own: Vec<VideoFile> = own.into_iter().map(|place| videos[place].clone()).collect();
        let encoded = self.encoding(&rule)?.run(&own, aside, &mut OwnSink(&hub), &mut Eyes(&hub));
        hub.into_inner().gathered(encoded?)
    }

    /// Encodes the share of another rank than 0, and sends it there; returns when rank 0 has what all sent.
    /// `should_stop` is asked whether this process is to stop, which stops all.
    ///
    /// # Errors
    /// When a setting cannot be used, or a feature is not finite.
    pub fn help(
        &self,
        videos: &[VideoFile],
        aside: &mut Aside<'_>,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<(), TransferError> {
        let rule = self.rule()?;
        let places = share(videos, self.ranks.rank());
        let own: Vec<VideoFile> = places.iter().map(|&place| videos[place].clone()).collect();
        let by_path = own.iter().map(|video| video.path.clone()).zip(places).collect();
        let mut outbox = Outbox { ranks: self.ranks, places: by_path, open: HashMap::new() };
        let (told, is_stopped) = (Instant::now(), Cell::new(false));
        let mut watcher = Helper { ranks: self.ranks, told, is_stopped, should_stop };
        let encoded = self.encoding(&rule)?.run(&own, aside, &mut outbox, &mut watcher)?;
        let (progress, stopped) = (encoded.progress, encoded.stopped);
        send(self.ranks, 0, &Head::Ended { progress, stopped });
        loop {
            // Others may have more to do, and rank 0 a large file to write.
            self.ranks.progress().rest();
            if next_head(self.ranks, Some(0)) == Some(Head::Over) {
                break;
            }
        }
        self.ranks.progress().rest();
        Ok(())
    }

    fn rule(&self) -> Result<ClipRule, TransferError> {
        self.settings.check()?;
        Ok(ClipRule {
            preprocessing: self.settings.preprocessing(&self.embedder.directory().preprocessing),
            stride: self.settings.stride,
            opener: self.settings.opener.clone(),
            skip_damaged: self.settings.skip_damaged,
        })
    }

    fn encoding<'a>(&'a self, rule: &'a ClipRule) -> Result<Encoding<'a>, TransferError> {
        let (embedder, settings) = (self.embedder, self.settings);
        Ok(Encoding {
            embedder,
            space: settings.space_of(&embedder.directory().config)?,
            rule,
            batch: settings.batch.unwrap_or_else(|| embedder.clips_at_once()),
            decode_threads: settings.decode_threads,
            take_over_stills: settings.take_over_stills && rule.preprocessing.num_frames == 1,
        })
    }
}

fn send(ranks: &dyn Communicator, to: usize, head: &Head) {
    ranks.send(to, to_bytes(head, &Clips::default()));
}

fn next_head(ranks: &dyn Communicator, awaited: Option<usize>) -> Option<Head> {
    ranks.received(awaited).map(|letter| from_bytes(&letter.bytes).0)
}

/// Where rank 0 brings together what comes of all videos.
struct Hub<'a> {
    ranks: &'a dyn Communicator,
    videos: &'a [VideoFile],
    sink: &'a mut dyn ClipSink,
    observer: &'a mut dyn ExtractObserver,
    began: Instant,
    /// Videos and clips that the observer was told of last.
    told: (usize, usize),
    /// By rank.
    progress: Vec<ExtractProgress>,
    /// By rank; rank 0 is none that is waited for.
    has_ended: Vec<bool>,
    /// Whether any rank stops, and all were told to.
    is_stopping: bool,
    /// Of other ranks.
    bad: Vec<BadVideo>,
    damaged: Vec<DamagedVideo>,
    /// Why the sink took no more.
    failure: Option<TransferError>,
}

impl<'a> Hub<'a> {
    fn new(
        ranks: &'a dyn Communicator,
        videos: &'a [VideoFile],
        sink: &'a mut dyn ClipSink,
        observer: &'a mut dyn ExtractObserver,
    ) -> Self {
        let not_begun = |share: &Vec<usize>| ExtractProgress {
            total_videos: share.len(),
            total_bytes: share.iter().map(|&place| videos[place].bytes as f64).sum(),
            ..ExtractProgress::default()
        };
        let num_ranks = ranks.rank().world_size();
        Self {
            ranks,
            videos,
            sink,
            observer,
            began: Instant::now(),
            told: (0, 0),
            progress: shares(videos, num_ranks).iter().map(not_begun).collect(),
            has_ended: (0..num_ranks).map(|rank| rank == 0).collect(),
            is_stopping: false,
            bad: Vec::new(),
            damaged: Vec::new(),
            failure: None,
        }
    }

    /// Takes all letters that are there.
    fn look(&mut self) -> Result<(), TransferError> {
        while let Some(letter) = self.ranks.received(None) {
            self.take(letter)?;
        }
        Ok(())
    }

    fn take(&mut self, Letter { from, bytes }: Letter) -> Result<(), TransferError> {
        let (head, clips) = from_bytes(&bytes);
        match head {
            Head::Done { video, end, .. } => self.take_video(&self.videos[video], &end, &clips),
            Head::Bad { video, reason, is_damaged, has_hung } => {
                let file = &self.videos[video];
                let (id, path) = (file.id.clone(), file.path.clone());
                let bad = BadVideo { id, path, reason, is_damaged, has_hung };
                self.observer.bad(&bad);
                self.sink.left_out(file, &bad)?;
                self.bad.push(bad);
                Ok(())
            }
            Head::Progress(progress) => {
                self.tell(from, progress);
                Ok(())
            }
            Head::Ended { progress, stopped } => {
                self.has_ended[from] = true;
                self.tell(from, progress);
                if stopped {
                    self.stop_all();
                }
                Ok(())
            }
            Head::Stop | Head::Over => unreachable!("rank 0 alone says that"),
        }
    }

    fn take_video(
        &mut self,
        file: &VideoFile,
        end: &VideoEnd,
        clips: &Clips,
    ) -> Result<(), TransferError> {
        if !clips.spans.is_empty() {
            self.sink.clips(file, &clips.spans, &clips.values)?;
        }
        self.sink.done(file, end, &clips.aside)?;
        if let Some(damaged) = DamagedVideo::of(file, end) {
            self.observer.damaged(&damaged);
            self.damaged.push(damaged);
        }
        Ok(())
    }

    /// Says how far all are together, now that one rank is so far.
    fn tell(&mut self, rank: usize, progress: ExtractProgress) {
        self.progress[rank] = progress;
        let all = self.all();
        let now = (all.videos, all.clips);
        if std::mem::replace(&mut self.told, now) != now {
            self.observer.progress(&all);
        }
    }

    fn all(&self) -> ExtractProgress {
        let mut all = ExtractProgress::default();
        for one in &self.progress {
            all.videos += one.videos;
            all.total_videos += one.total_videos;
            all.clips += one.clips;
            all.taken_over += one.taken_over;
            all.decoded += one.decoded;
            all.video_s += one.video_s;
            all.bytes += one.bytes;
            all.total_bytes += one.total_bytes;
        }
        all.seconds = self.began.elapsed().as_secs_f64();
        all
    }

    fn should_stop(&mut self) -> bool {
        self.ranks.progress().moved();
        if self.failure.is_none() {
            self.failure = self.look().err();
        }
        if self.observer.should_stop() {
            self.stop_all();
        }
        self.is_stopping || self.failure.is_some()
    }

    fn stop_all(&mut self) {
        if !std::mem::replace(&mut self.is_stopping, true) {
            for rank in 1..self.has_ended.len() {
                send(self.ranks, rank, &Head::Stop);
            }
        }
    }

    /// Waits for what the others still do, now that this rank is done with its share.
    fn gathered(mut self, own: Encoded) -> Result<Encoded, TransferError> {
        self.progress[0] = own.progress;
        loop {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            let awaited = self.has_ended.iter().position(|has_ended| !has_ended);
            let Some(awaited) = awaited else { break };
            if self.observer.should_stop() {
                self.stop_all();
            }
            if let Some(letter) = self.ranks.received(Some(awaited)) {
                self.take(letter)?;
            }
        }
        (1..self.has_ended.len()).for_each(|rank| send(self.ranks, rank, &Head::Over));
        self.ranks.progress().rest();
        let progress = self.all();
        let stopped = own.stopped || self.is_stopping;
        let (mut bad, mut damaged) = (own.bad, own.damaged);
        bad.append(&mut self.bad);
        damaged.append(&mut self.damaged);
        Ok(Encoded { progress, bad, damaged, stopped })
    }
}

/// Takes what comes of rank 0's own share.
struct OwnSink<'h, 'a>(&'h RefCell<Hub<'a>>);

impl ClipSink for OwnSink<'_, '_> {
    fn clips(
        &mut self,
        video: &VideoFile,
        spans: &[TimeSpan],
        values: &[f32],
    ) -> Result<(), TransferError> {
        self.0.borrow_mut().sink.clips(video, spans, values)
    }

    fn done(
        &mut self,
        video: &VideoFile,
        end: &VideoEnd,
        aside: &[u8],
    ) -> Result<(), TransferError> {
        self.0.borrow_mut().sink.done(video, end, aside)
    }

    fn left_out(&mut self, video: &VideoFile, bad: &BadVideo) -> Result<(), TransferError> {
        self.0.borrow_mut().sink.left_out(video, bad)
    }
}

/// Watches rank 0's own share, and looks for letters.
struct Eyes<'h, 'a>(&'h RefCell<Hub<'a>>);

impl ExtractObserver for Eyes<'_, '_> {
    fn progress(&mut self, progress: &ExtractProgress) {
        self.0.borrow_mut().tell(0, *progress);
    }

    fn bad(&mut self, bad: &BadVideo) {
        self.0.borrow_mut().observer.bad(bad);
    }

    fn damaged(&mut self, damaged: &DamagedVideo) {
        self.0.borrow_mut().observer.damaged(damaged);
    }

    fn should_stop(&self) -> bool {
        self.0.borrow_mut().should_stop()
    }
}

/// Sends what comes of the share of another rank than 0.
struct Outbox<'a> {
    ranks: &'a dyn Communicator,
    /// Of the share's videos among all.
    places: HashMap<PathBuf, usize>,
    /// Videos whose clips are coming.
    open: HashMap<usize, Clips>,
}

impl Outbox<'_> {
    fn place(&self, path: &Path) -> usize {
        *self.places.get(path).expect("a video of this share")
    }
}

impl ClipSink for Outbox<'_> {
    fn clips(
        &mut self,
        video: &VideoFile,
        spans: &[TimeSpan],
        values: &[f32],
    ) -> Result<(), TransferError> {
        let clips = self.open.entry(self.place(&video.path)).or_default();
        clips.spans.extend(spans);
        clips.values.extend(values);
        Ok(())
    }

    fn done(
        &mut self,
        video: &VideoFile,
        end: &VideoEnd,
        aside: &[u8],
    ) -> Result<(), TransferError> {
        let video = self.place(&video.path);
        let mut clips = self.open.remove(&video).unwrap_or_default();
        clips.aside = aside.to_vec();
        let (num_clips, num_numbers) = (clips.spans.len(), clips.values.len());
        let head = Head::Done { video, end: end.clone(), num_clips, num_numbers };
        self.ranks.send(0, to_bytes(&head, &clips));
        Ok(())
    }

    fn left_out(&mut self, video: &VideoFile, bad: &BadVideo) -> Result<(), TransferError> {
        let video = self.place(&video.path);
        self.open.remove(&video);
        let (reason, is_damaged, has_hung) = (bad.reason.clone(), bad.is_damaged, bad.has_hung);
        send(self.ranks, 0, &Head::Bad { video, reason, is_damaged, has_hung });
        Ok(())
    }
}

/// Watches the share of another rank than 0.
struct Helper<'a> {
    ranks: &'a dyn Communicator,
    /// When rank 0 was told last how far this one is.
    told: Instant,
    is_stopped: Cell<bool>,
    should_stop: &'a dyn Fn() -> bool,
}

impl ExtractObserver for Helper<'_> {
    fn progress(&mut self, progress: &ExtractProgress) {
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            send(self.ranks, 0, &Head::Progress(*progress));
        }
    }

    fn should_stop(&self) -> bool {
        self.ranks.progress().moved();
        let is_told = next_head(self.ranks, None) == Some(Head::Stop);
        self.is_stopped.set(self.is_stopped.get() || is_told || (self.should_stop)());
        self.is_stopped.get()
    }
}
