//! A video that is open in a worker, from the side of the process that asks for its pictures.
//!
//! The worker is not believed. What it says of a video is compared with the limits, pictures have the number and size that were
//! asked for, and every number of an answer is finite, as JSON has no others.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::channel::Most;
use super::messages::{Answer, Place, Request, WantedFrames};
use super::worker::Ended;
use super::workers::{Lent, Workers};
use crate::decode::VideoReader;
use crate::error::VideoError;
use crate::frame_table::FrameTable;
use crate::frame_table_cache::FrameTableCache;
use crate::index_bytes::{index_of, put_index};
use crate::limits::ReadLimits;
use crate::media_location::{FileStretch, MediaLocation};
use crate::open_video::{self, OpenVideo, Opened, Seen, Wanted};
use crate::pixels::FramePixels;
use crate::probe;
use crate::reader_settings::ReaderSettings;
use crate::text_tracks::{MOST_CUES, TextTrack};
use crate::transform::FrameTransform;
use crate::watchdog::{self, Watch};

/// Bytes of an answer without lists.
const SHORT: u64 = 1 << 16;

/// Bytes of all subtitles of a file.
const MOST_SUBTITLES: u64 = 64 << 20;

/// Tracks of subtitles of a file.
const MOST_TRACKS: usize = 1000;

/// Bytes of an index, at most: for each frame, and of all.
const INDEX_OF_A_FRAME: u64 = 64;
const MOST_INDEX: u64 = 512 << 20;

/// Signs of the name of a codec or container.
const LONGEST_NAME: usize = 200;

/// A file that a worker has open.
struct WorkerFile {
    lent: Lent,
    path: PathBuf,
    limits: ReadLimits,
    /// Width and height as shown.
    shown: (u32, u32),
    num_frames: usize,
    num_decoded: u64,
}

impl Workers {
    /// Opens a video in a worker. All else is as with [`VideoReader::open_media`].
    ///
    /// # Errors
    /// As [`VideoReader::open_media`], and [`VideoError::DecoderEnded`].
    pub fn open(
        &self,
        media: &MediaLocation,
        settings: ReaderSettings,
        cache: Option<&FrameTableCache>,
    ) -> Result<VideoReader, VideoError> {
        let opened = open(self, media, settings, cache)?;
        Ok(VideoReader::of(media, settings, opened))
    }
}

fn open(
    workers: &Workers,
    media: &MediaLocation,
    settings: ReaderSettings,
    cache: Option<&FrameTableCache>,
) -> Result<Opened, VideoError> {
    // As without a worker: asked before the packets are read.
    let entry = cache.and_then(|cache| Some((cache.clone(), FrameTableCache::key(media)?)));
    let (path, limits, stretch) =
        (media.path(), settings.limits, stretch(media, &settings.limits)?);
    let known = entry.as_ref().and_then(|(cache, key)| cache.get(key));
    let mut beside = Vec::new();
    known.iter().for_each(|index| put_index(&mut beside, index));

    let mut file = WorkerFile::lend(workers, path, limits)?;
    let request = Request::Open { place: Place::of(path, &stretch), settings };
    let index = (limits.frames as u64).saturating_mul(INDEX_OF_A_FRAME).saturating_add(SHORT);
    let most = Most { head: SHORT, beside: index.min(MOST_INDEX) };
    let (answer, found) = file.ask(&request, &beside, Some(&stretch.file), most)?;
    let index = if found.is_empty() { known } else { index_of(&found) };
    let (Answer::Opened(seen), Some(index)) = (answer, index) else {
        return Err(file.answered_nonsense());
    };
    let table = open_video::table(&index, path)?;
    let as_index_says = seen.num_clocks == index.timeline.parts().len();
    if index.stamps.len() > limits.frames || !as_index_says || !is_possible(&seen, &table, &limits)
    {
        return Err(file.answered_nonsense());
    }
    if let Some((cache, key)) = entry.filter(|_| !found.is_empty()) {
        cache.put(&key, &index);
    }
    (file.shown, file.num_frames) = ((seen.width, seen.height), table.len());
    Ok((Box::new(file), seen, Arc::new(table)))
}

/// The subtitles of a file, read by a worker.
pub(crate) fn text_tracks(
    workers: &Workers,
    path: &Path,
    limits: ReadLimits,
) -> Result<Vec<TextTrack>, VideoError> {
    let stretch = stretch(&path.into(), &limits)?;
    let mut file = WorkerFile::lend(workers, path, limits)?;
    let request = Request::TextTracks { place: Place::of(path, &stretch), limits };
    let most = Most { head: MOST_SUBTITLES, beside: 0 };
    match file.ask(&request, b"", Some(&stretch.file), most)? {
        (Answer::Tracks(tracks), _) if are_possible(&tracks) => Ok(tracks),
        _ => Err(file.answered_nonsense()),
    }
}

/// The bytes of a video, looked at as without a worker. What has to be fetched is fetched outside the limits of time.
fn stretch(media: &MediaLocation, limits: &ReadLimits) -> Result<FileStretch, VideoError> {
    if let Some(stretch) = media.open_part()? {
        return Ok(stretch);
    }
    let file = media.clone();
    let opened = watchdog::run(&Arc::new(Watch::default()), limits, move || {
        probe::file_url(file.path())?;
        probe::check_plain_file(file.path())?;
        file.open()
    });
    opened.unwrap_or_else(|why| Err(watchdog::error(media.path(), "open it", why, limits)))
}

fn is_possible(seen: &Seen, table: &FrameTable, limits: &ReadLimits) -> bool {
    let (width, height) = (u64::from(seen.width), u64::from(seen.height));
    let is_name = |name: &str| name.len() <= LONGEST_NAME;
    let mut ends = table.gaps().iter().flat_map(|gap| [gap.start, gap.end]);
    (1..=limits.frame_pixels).contains(&(width * height))
        && is_name(&seen.codec)
        && is_name(&seen.container)
        && ends.all(|end| end.0.is_finite())
        && table.mean_frame_duration().0 > 0.0
}

fn are_possible(tracks: &[TextTrack]) -> bool {
    let is_possible = |track: &TextTrack| {
        let mut cues = track.cues.iter();
        track.cues.len() <= MOST_CUES
            && cues.all(|(span, _)| 0.0 <= span.start.0 && span.start < span.end)
    };
    tracks.len() <= MOST_TRACKS && tracks.iter().all(is_possible)
}

impl WorkerFile {
    fn lend(workers: &Workers, path: &Path, limits: ReadLimits) -> Result<Self, VideoError> {
        let path = path.to_owned();
        match workers.lend() {
            Ok(lent) => {
                Ok(Self { lent, path, limits, shown: (0, 0), num_frames: 0, num_decoded: 0 })
            }
            Err(how) => Err(VideoError::DecoderEnded { path, how }),
        }
    }

    fn ask(
        &mut self,
        request: &Request,
        beside: &[u8],
        file: Option<&File>,
        most: Most,
    ) -> Result<(Answer, Vec<u8>), VideoError> {
        let path = self.path.clone();
        let Some(worker) = self.lent.worker() else {
            let how = "while an earlier read from this reader went on".into();
            return Err(VideoError::DecoderEnded { path, how });
        };
        let asked = worker.ask(request, beside, file, most, patience(&self.limits));
        let limit = self.limits.reached("worker_bytes");
        let error = match asked {
            Ok((Answer::Failed(error), _)) => error.at(&path),
            Ok(answer) => return Ok(answer),
            Err(Ended::OutOfMemory) => VideoError::TooMuchMemory { path, limit },
            Err(Ended::Aborted(how)) => {
                let how = format!("{how}, as for want of memory: if so, raise {limit}");
                VideoError::DecoderEnded { path, how }
            }
            Err(Ended::Otherwise(how)) => VideoError::DecoderEnded { path, how },
        };
        // What was given up hangs still.
        use VideoError::{DecoderEnded, GaveUp, TooMuchMemory};
        if matches!(error, GaveUp { .. } | TooMuchMemory { .. } | DecoderEnded { .. }) {
            self.lent.end();
        }
        Err(error)
    }

    fn answered_nonsense(&mut self) -> VideoError {
        self.lent.end();
        let (path, how) = (self.path.clone(), "it gave an answer that cannot be right".into());
        VideoError::DecoderEnded { path, how }
    }
}

impl OpenVideo for WorkerFile {
    fn read(
        &mut self,
        wanted: Wanted,
        transform: &FrameTransform,
    ) -> Result<(FramePixels, Vec<usize>), VideoError> {
        let may_miss = matches!(wanted, Wanted::Part { skip_damaged: true, .. });
        let (wanted, num_frames) = on_its_way(wanted, self.num_frames);
        // What does not fit, or is too large, the worker says in words.
        let (width, height) = transform.output_size(self.shown.0, self.shown.1).unwrap_or_default();
        let (width, height) = (width as usize, height as usize);
        let bytes = num_frames.saturating_mul(width * height * 3);
        let beside = (bytes as u64).min(self.limits.output_bytes);
        let head = SHORT + 24 * num_frames as u64;
        let request = Request::Read { wanted, transform: *transform };
        let (answer, data) = self.ask(&request, b"", None, Most { head, beside })?;
        match answer {
            Answer::Frames { missing, num_decoded }
                if data.len() == bytes
                    && (may_miss || missing.is_empty())
                    && missing.iter().all(|place| *place < num_frames) =>
            {
                self.num_decoded = num_decoded;
                Ok((FramePixels { data, num_frames, height, width }, missing))
            }
            _ => Err(self.answered_nonsense()),
        }
    }

    fn num_decoded(&self) -> u64 {
        self.num_decoded
    }
}

/// What is sent, and how many frames that are.
fn on_its_way(wanted: Wanted, num_frames: usize) -> (WantedFrames, usize) {
    match wanted {
        Wanted::All => (WantedFrames::All, num_frames),
        Wanted::Frames(frames) => {
            let num_frames = frames.len();
            (WantedFrames::Frames(frames), num_frames)
        }
        Wanted::Part { list, range, skip_damaged } => {
            let list = (range.start == 0).then(|| list.to_vec());
            let (from, to) = (range.start, range.end);
            (WantedFrames::Part { list, from, to, skip_damaged }, range.len())
        }
    }
}

/// How long a worker may take to answer: the limit of a call, within which its own watchdog answers, and some more.
fn patience(limits: &ReadLimits) -> Option<Duration> {
    let call = Duration::from_secs(limits.call_s.into());
    (limits.call_s > 0).then(|| call * 5 / 4 + Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::channel::Message;
    use crate::sandbox::worker::Worker;
    use crate::time::{Seconds, TimeSpan};

    const SMALL: FrameTransform = FrameTransform::Resize { height: 2, width: 4 };

    /// What a file says of which a worker gives this answer to the question for two frames.
    fn read(answer: Answer, beside: Vec<u8>, skip_damaged: bool) -> Result<Vec<usize>, String> {
        let (worker, mut theirs) = Worker::of_test();
        let answering = std::thread::spawn(move || {
            let most = Most { head: SHORT, beside: 0 };
            let asked: Message<Request> = theirs.receive(most).unwrap().unwrap();
            assert!(matches!(asked.head, Request::Read { .. }));
            // Whoever does not want to hear all of it hangs up.
            let _ = theirs.send(&answer, &beside, None);
        });
        let lent = Lent::of_test(worker);
        let (path, limits) = ("v.mp4".into(), ReadLimits::default());
        let mut file =
            WorkerFile { lent, path, limits, shown: (8, 8), num_frames: 9, num_decoded: 0 };
        let wanted = || Wanted::Part { list: Arc::new(vec![3, 4]), range: 0..2, skip_damaged };
        let read = file.read(wanted(), &SMALL).map(|(_, missing)| missing);
        answering.join().unwrap();
        if read.is_err() {
            let again = file.read(wanted(), &SMALL).unwrap_err().to_string();
            assert!(again.contains("v.mp4") && again.contains("an earlier read"), "{again}");
        }
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn pictures_that_were_not_asked_for_are_not_taken() {
        let frames = |missing: &[usize]| Answer::Frames { missing: missing.into(), num_decoded: 2 };
        let bytes = 2 * 2 * 4 * 3;
        assert_eq!(read(frames(&[]), vec![1; bytes], false), Ok(vec![]));
        assert_eq!(read(frames(&[1]), vec![1; bytes], true), Ok(vec![1]));
        for (answer, length, skip_damaged) in [
            (frames(&[]), bytes - 1, false),
            (frames(&[]), bytes + 1, false),
            (frames(&[]), 1 << 20, false),
            (frames(&[1]), bytes, false),
            (frames(&[2]), bytes, true),
            (Answer::Tracks(Vec::new()), bytes, false),
            (Answer::Refused("x".repeat(1 << 20)), bytes, false),
        ] {
            let error = read(answer, vec![1; length], skip_damaged).unwrap_err();
            assert!(error.contains("v.mp4: the decoder ended"), "{error}");
        }
    }

    #[test]
    fn what_a_worker_says_of_a_video_is_possible() {
        let table = FrameTable::new(vec![Seconds(0.0), Seconds(1.0)], Seconds(2.0));
        let seen = || Seen {
            width: 64,
            height: 32,
            rotation_degrees: 0,
            cut_short_of: None,
            num_clocks: 1,
            codec: "h264".into(),
            container: "mov".into(),
            hdr: None,
            stream_choice: None,
        };
        let limits = ReadLimits { frame_pixels: 64 * 32, ..ReadLimits::default() };
        assert!(is_possible(&seen(), &table, &limits));
        let gap = |start, end| table.clone().with_gaps(vec![TimeSpan { start, end }]);
        for (seen, table) in [
            (Seen { width: 0, ..seen() }, table.clone()),
            (Seen { height: 33, ..seen() }, table.clone()),
            (Seen { codec: "x".repeat(201), ..seen() }, table.clone()),
            (seen(), gap(Seconds(0.5), Seconds(f64::INFINITY))),
            (seen(), gap(Seconds(0.0), Seconds(2.0))),
        ] {
            assert!(!is_possible(&seen, &table, &limits));
        }
        let track = |start, end| TextTrack {
            stream: 1,
            language: None,
            cues: vec![(TimeSpan { start: Seconds(start), end: Seconds(end) }, "a".into())],
        };
        assert!(are_possible(&[track(0.0, 1.0)]));
        assert!(!are_possible(&[track(-1.0, 1.0)]) && !are_possible(&[track(2.0, 1.0)]));
    }
}
