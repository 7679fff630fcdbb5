//! Packs the videos of a corpus, with their captions, into shards.
//!
//! Which video goes where is planned first, from the corpus alone: the videos are mixed, so that a
//! shard is a sample of the corpus, and a shard is full by bytes or by videos. Then shard after shard
//! is written beside its place and renamed, its index after it, and at the end the list of all,
//! `shards.json`. So a packing that was stopped goes on with the first shard that is not whole, and
//! what is not whole is never read as a corpus. Every video is opened as training would open it, and
//! left out where that fails.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use locvtp_video::causes::with_causes;
use locvtp_video::whole_file::{self, PartName};
use locvtp_video::{FolderLock, ReaderSettings, Seconds, VideoReader};
use rayon::prelude::*;

use super::index;
use super::listing::{LIST_FILE, ListedShard, ShardList};
use super::record::SampleRecord;
use super::scan::{Contents, Member, Sample};
use crate::corpus::{Corpus, NarratedVideo};
use crate::error::CorpusError;
use crate::stable_hash::StableHasher;
use crate::video_files::rank;
use locvtp_video::randomness::{Purpose, mix};

/// Videos that are opened side by side, before they are written one after another.
const VIDEOS_AT_ONCE: usize = 64;
/// A header and what rounds a member up, on average.
const BYTES_AROUND: u64 = 768;
/// Digits of a shard's number, and of a sample's number in it, at least: as video2dataset has them.
const SHARD_DIGITS: usize = 5;
const SAMPLE_DIGITS: usize = 4;

/// When a shard is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PackSettings {
    /// Bytes of a shard, about; a larger video has a shard of its own.
    pub shard_bytes: u64,
    /// Videos of a shard, at most.
    pub shard_videos: usize,
}

impl Default for PackSettings {
    /// 512 MiB, or 10,000 videos.
    fn default() -> Self {
        Self { shard_bytes: 512 << 20, shard_videos: 10_000 }
    }
}

/// What was packed.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct PackReport {
    /// Videos in the shards.
    pub videos: usize,
    /// Shards.
    pub shards: usize,
    /// Those of them that were there already.
    pub kept_shards: usize,
    /// Bytes of the shards.
    pub bytes: u64,
    /// Videos that training could not open, and why.
    pub left_out: Vec<LeftOut>,
    /// Videos that were left out of the shards that were there already.
    pub left_out_before: usize,
}

/// A video that was not packed.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LeftOut {
    /// The corpus's id.
    pub video: String,
    /// Why, with all causes.
    pub reason: String,
}

/// Packs the corpus into the folder `out`; `progress` is told of videos done and in all.
///
/// # Errors
/// When the folder holds something else, or cannot be written; when the settings cannot be used.
pub fn pack(
    corpus: &dyn Corpus,
    out: &Path,
    settings: PackSettings,
    progress: &dyn Fn(usize, usize),
) -> Result<PackReport, CorpusError> {
    for (key, value) in
        [("--shard-mib", settings.shard_bytes), ("--shard-samples", settings.shard_videos as u64)]
    {
        if value == 0 {
            return Err(CorpusError::Setting { key, found: "0".into(), expected: "1 or more" });
        }
    }
    let videos = corpus.videos();
    let plan = Plan::new(videos, settings);
    let _lock = begin(out, &plan.name, videos.len())?;
    let mut report = PackReport::default();
    let mut listed = Vec::new();
    let mut done = 0;
    for (number, members) in plan.shards.iter().enumerate() {
        let writer = ShardWriter { out, number, digits: plan.sample_digits };
        let (shard, kept) = match writer.whole() {
            Some(shard) => (shard, true),
            None => {
                let told = |of_shard| progress(done + of_shard, videos.len());
                (writer.write(videos, members, &mut report.left_out, &told)?, false)
            }
        };
        done += members.len();
        if kept {
            progress(done, videos.len());
            report.kept_shards += 1;
            report.left_out_before += members.len() - shard.videos.min(members.len());
        }
        report.videos += shard.videos;
        report.bytes += shard.bytes;
        listed.push(shard);
    }
    report.shards = listed.len();
    let list = ShardList {
        locvtp_shards: 1,
        complete: true,
        plan: plan.name,
        videos: report.videos,
        shards: listed,
    };
    write_list(out, &list)?;
    Ok(report)
}

/// Which videos, by their place in the corpus, go into which shard.
struct Plan {
    name: String,
    shards: Vec<Vec<usize>>,
    sample_digits: usize,
}

impl Plan {
    fn new(videos: &[NarratedVideo], settings: PackSettings) -> Self {
        let mut order: Vec<usize> = (0..videos.len()).collect();
        order.sort_by_key(|video| mix(0, Purpose::PackOrder, *video as u64, 0));
        let mut hasher = StableHasher::new();
        hasher.add(&(settings.shard_bytes, settings.shard_videos as u64));
        let mut shards: Vec<Vec<usize>> = Vec::new();
        let mut bytes = 0;
        for place in order {
            let video = &videos[place];
            // What cannot be asked is left out when its turn comes.
            let own = video.media.num_bytes().unwrap_or(0);
            let (json, text) = SampleRecord::of(video, Seconds(0.0)).files("");
            hasher.add(&(own, changed(video), &json));
            let own = own + json.len() as u64 + text.len() as u64 + 3 * BYTES_AROUND;
            let full = |shard: &Vec<usize>| {
                shard.len() == settings.shard_videos || bytes + own > settings.shard_bytes
            };
            match shards.last_mut().filter(|shard| !full(shard)) {
                Some(shard) => shard.push(place),
                None => {
                    shards.push(vec![place]);
                    bytes = 0;
                }
            }
            bytes += own;
        }
        let most = shards.iter().map(Vec::len).max().unwrap_or(1);
        let sample_digits = SAMPLE_DIGITS.max((most - 1).to_string().len());
        Self { name: format!("{:016x}", hasher.finish()), shards, sample_digits }
    }
}

/// When a file was written last; a part is packed from shards, whose names tell enough.
fn changed(video: &NarratedVideo) -> Option<std::time::SystemTime> {
    fs::metadata(video.media.path()).ok()?.modified().ok()
}

/// Makes the folder ready, or finds that it holds the beginning of the same packing; no other program packs into it then.
fn begin(out: &Path, plan: &str, videos: usize) -> Result<FolderLock, CorpusError> {
    let unwritable = |source| CorpusError::Write { path: out.to_owned(), source };
    let occupied = |found| CorpusError::PackOccupied { path: out.to_owned(), found };
    fs::create_dir_all(out).map_err(unwritable)?;
    let lock = FolderLock::take(out).map_err(|error| CorpusError::not_locked(out, error))?;
    let list = out.join(LIST_FILE);
    match fs::read(&list) {
        Ok(text) => {
            let there = ShardList::read(&text, &list.to_string_lossy())?;
            if there.plan != plan {
                return Err(occupied("shards of another corpus, or of other settings"));
            }
            return Ok(lock);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(CorpusError::Read { path: list, source }),
    }
    if fs::read_dir(out).map_err(unwritable)?.next().is_some() {
        return Err(occupied("files that are no shards of LocVTP"));
    }
    let (plan, shards) = (plan.to_owned(), Vec::new());
    write_list(out, &ShardList { locvtp_shards: 1, complete: false, plan, videos, shards })?;
    Ok(lock)
}

fn write_list(out: &Path, list: &ShardList) -> Result<(), CorpusError> {
    let text = serde_json::to_string_pretty(list).expect("plain data") + "\n";
    write_whole(&out.join(LIST_FILE), |file| file.write_all(text.as_bytes()).map_err(Into::into))
}

/// What stopped a file from being written: the disk, or what was to be written into it.
enum Stopped {
    Write(io::Error),
    Other(CorpusError),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Writes a file whole, by the same other name each time, so that a packing that is taken up again
/// leaves nothing behind.
fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), Stopped>,
) -> Result<(), CorpusError> {
    let written: Result<(), Stopped> =
        whole_file::write_whole(path, PartName::Same("partial"), |file| {
            let mut file = BufWriter::with_capacity(1 << 20, file);
            write(&mut file)?;
            Ok(file.flush()?)
        });
    written.map_err(|stopped| match stopped {
        Stopped::Write(source) => CorpusError::Write { path: path.to_owned(), source },
        Stopped::Other(error) => error,
    })
}

/// Writes one shard and its index.
struct ShardWriter<'a> {
    out: &'a Path,
    number: usize,
    digits: usize,
}

/// A video that can be used.
struct Opened<'a> {
    video: &'a NarratedVideo,
    end: Seconds,
    is_picture: bool,
    ending: String,
}

impl ShardWriter<'_> {
    fn name(&self) -> String {
        format!("{:0SHARD_DIGITS$}.tar", self.number)
    }

    fn path(&self) -> PathBuf {
        self.out.join(self.name())
    }

    fn index_path(&self) -> PathBuf {
        self.out.join(index::name_for(&self.name()))
    }

    /// The shard when an earlier packing wrote all of it.
    fn whole(&self) -> Option<ListedShard> {
        let bytes = fs::metadata(self.path()).ok()?.len();
        let contents = index::read(&fs::read(self.index_path()).ok()?, bytes)?;
        let videos = contents.samples.len();
        (!contents.is_damaged).then(|| ListedShard { name: self.name(), bytes, videos })
    }

    fn write(
        &self,
        videos: &[NarratedVideo],
        members: &[usize],
        left_out: &mut Vec<LeftOut>,
        progress: &dyn Fn(usize),
    ) -> Result<ListedShard, CorpusError> {
        let mut contents = Contents::default();
        write_whole(&self.path(), |file| {
            let mut tar = TarWriter { tar: tar::Builder::new(file), at: 0 };
            for (block, places) in members.chunks(VIDEOS_AT_ONCE).enumerate() {
                let first = block * VIDEOS_AT_ONCE;
                let opened: Vec<Result<Opened<'_>, LeftOut>> =
                    places.par_iter().map(|place| open(&videos[*place])).collect();
                for (number, opened) in opened.into_iter().enumerate() {
                    match opened {
                        Ok(opened) => {
                            let key = self.key(first + number);
                            contents.samples.push(tar.sample(key, &opened)?);
                        }
                        Err(reason) => left_out.push(reason),
                    }
                }
                progress(first + places.len());
            }
            Ok(tar.tar.finish()?)
        })?;
        let bytes = fs::metadata(self.path())
            .map_err(|source| CorpusError::Read { path: self.path(), source })?
            .len();
        let text = index::text(&contents, bytes);
        write_whole(&self.index_path(), |file| Ok(file.write_all(text.as_bytes())?))?;
        Ok(ListedShard { name: self.name(), bytes, videos: contents.samples.len() })
    }

    fn key(&self, number: usize) -> String {
        format!("{:0SHARD_DIGITS$}{number:0digits$}", self.number, digits = self.digits)
    }
}

/// Opens a video as training does before its first step.
fn open(video: &NarratedVideo) -> Result<Opened<'_>, LeftOut> {
    let left_out = |error: &dyn std::error::Error| LeftOut {
        video: video.id.clone(),
        reason: with_causes(error),
    };
    let reader = VideoReader::open_media(&video.media, ReaderSettings::default(), None);
    let reader = reader.map_err(|error| left_out(&error))?;
    let (end, is_picture) = (reader.frame_table().end(), reader.frame_table().len() == 1);
    video.ending_at(end).map_err(|error| left_out(&error))?;
    let path = video.media.path();
    let ending = match path.extension().filter(|_| rank(path).is_some()) {
        Some(ending) => ending.to_string_lossy().to_ascii_lowercase(),
        None => ending_for(&reader.info().codec).to_owned(),
    };
    Ok(Opened { video, end, is_picture, ending })
}

/// The ending of a file that has none, as the pictures of CC3M.
fn ending_for(codec: &str) -> &'static str {
    match codec {
        "mjpeg" => "jpg",
        "png" => "png",
        "webp" => "webp",
        "gif" => "gif",
        _ => "mp4",
    }
}

/// A tar being written, and how long it is.
struct TarWriter<W: Write> {
    tar: tar::Builder<W>,
    at: u64,
}

impl<W: Write> TarWriter<W> {
    fn sample(&mut self, key: String, opened: &Opened<'_>) -> Result<Sample, Stopped> {
        let mut record = SampleRecord::of(opened.video, opened.end);
        record.picture = opened.is_picture;
        let (json, text) = record.files(&key);
        let name = format!("{key}.{}", opened.ending);
        let bytes = opened.video.media.open().map_err(|error| Stopped::Other(error.into()))?;
        let mut summed = Summed { inner: bytes.reader(), sum: Default::default(), len: 0 };
        let len = bytes.len;
        let offset = self.member(&name, &mut summed, len)?;
        if summed.len != len {
            let path = opened.video.media.path().to_owned();
            let source = io::Error::other("it became shorter while it was packed");
            return Err(Stopped::Other(CorpusError::Read { path, source }));
        }
        let crc32 = Some(summed.sum.finalize());
        self.member(&format!("{key}.json"), &mut json.as_bytes(), json.len() as u64)?;
        self.member(&format!("{key}.txt"), &mut text.as_bytes(), text.len() as u64)?;
        let media = Some(Member { name, offset, len, crc32 });
        Ok(Sample { key, media, record: Ok(record), members: Vec::new() })
    }

    /// Writes a member; where its bytes begin. Equal members are equal bytes: no owner, no date.
    fn member(&mut self, name: &str, bytes: &mut dyn Read, len: u64) -> io::Result<u64> {
        let mut header = tar::Header::new_ustar();
        header.set_size(len);
        header.set_mode(0o644);
        header.set_mtime(0);
        self.tar.append_data(&mut header, name, bytes.take(len))?;
        let offset = self.at + 512;
        self.at = offset + len.div_ceil(512) * 512;
        Ok(offset)
    }
}

/// Sums up what is read through it.
struct Summed<R> {
    inner: R,
    sum: crc32fast::Hasher,
    len: u64,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        self.len += read as u64;
        Ok(read)
    }
}
