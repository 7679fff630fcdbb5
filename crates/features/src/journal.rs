//! What a run has finished so far: a file that is only ever added to.
//!
//! HDF5 files do not survive a program that dies while it writes them, so features go to a journal
//! beside the output first, and the output is written at the end, whole. A journal is a header and
//! records, each with its length and checksum: after a kill the last record may be half there, is
//! cut off, and everything before it counts.
//!
//! ```text
//! header   "LOCVTPJ1", 24 bytes of text: the process that writes
//! record   u32 length of head, u32 length of body, u32 CRC-32 of both lengths, head and body
//!          head: JSON of what it is; body: spans as f64, then features as f32 (all little endian)
//! ```
//!
//! The journal is locked by the system while it is written, so two runs never write one output; the
//! lock ends with its process, however that ends.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use locvtp_video::{TimeSpan, plain_file};
use serde::{Deserialize, Serialize};

use crate::error::FeatureError;
use crate::provenance::{Difference, Provenance, VideoSource};
use crate::video_features::{ClipBlock, as_spans, as_times};
use crate::video_id::check_id;

const MAGIC: &[u8; 8] = b"LOCVTPJ1";
const HEADER: u64 = 32;
/// Longest head and longest body that are believed, bytes.
const LONGEST_HEAD: usize = 64 << 20;
const LONGEST_BODY: usize = 1 << 30;
/// Bytes of a clip's span.
const SPAN: usize = 16;
/// A power cut loses at most this much; a kill loses nothing that was written.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What a record is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Head {
    /// The first record: what makes the features, and what they are called.
    Settings { provenance: Provenance, dataset: String },
    /// Clips of a video, in the body; `first` is 0 where a video begins (again).
    Clips { id: String, first: usize, count: usize, width: usize },
    /// All clips of the video are there.
    Done { id: String, source: VideoSource },
}

/// Where a block of clips lies in the journal.
#[derive(Clone, Copy, Debug)]
struct Place {
    first: usize,
    count: usize,
    width: usize,
    body: u64,
}

/// The clips of a video that are in the journal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journalled {
    blocks: Vec<Place>,
    /// Where it came from; none while clips are missing.
    pub(crate) source: Option<VideoSource>,
}

impl Journalled {
    /// Number of clips so far.
    pub(crate) fn num_clips(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.first + block.count)
    }

    /// Numbers of a feature.
    pub(crate) fn width(&self) -> usize {
        self.blocks.first().map_or(0, |block| block.width)
    }
}

/// A journal, locked for this process.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
    synced: Instant,
    is_new: bool,
    videos: BTreeMap<String, Journalled>,
}

impl Journal {
    /// The journal of an output file.
    pub(crate) fn path_for(out: &Path) -> PathBuf {
        let mut name = out.as_os_str().to_owned();
        name.push(".journal");
        name.into()
    }

    /// Opens the journal of `out`, or begins one, and locks it. What a killed run left half written
    /// is cut off; with `fresh`, so is everything else.
    ///
    /// # Errors
    /// When another run holds it, it was begun with other settings, or the disk refuses.
    pub(crate) fn open(
        out: &Path,
        provenance: &Provenance,
        dataset: &str,
        fresh: bool,
    ) -> Result<Self, FeatureError> {
        let path = Self::path_for(out);
        let file = locked(&path, out)?;
        let (synced, videos) = (Instant::now(), BTreeMap::new());
        let mut journal = Self { path, file, end: HEADER, synced, is_new: false, videos };
        let begun = if fresh { None } else { journal.scan()? };
        journal.is_new = begun.is_none();
        match begun {
            Some((there, name)) => {
                let path = journal.path.clone();
                if there.is_of_before() {
                    return Err(FeatureError::OfBefore { path });
                }
                let other_name = (name != dataset).then(|| Difference {
                    key: "dataset".to_owned(),
                    there: name,
                    here: dataset.to_owned(),
                });
                if let Some(difference) = provenance.difference(&there).or(other_name) {
                    return Err(FeatureError::OtherSettings { path, difference });
                }
                journal.cut(journal.end)?;
                journal.write_header()?;
            }
            None => {
                journal.cut(0)?;
                journal.write_header()?;
                journal.end = HEADER;
                let (provenance, dataset) = (provenance.clone(), dataset.to_owned());
                journal.append(&Head::Settings { provenance, dataset }, &[])?;
            }
        }
        Ok(journal)
    }

    /// Whether nothing of an earlier run is in it.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// The videos that have clips in the journal.
    pub(crate) fn videos(&self) -> &BTreeMap<String, Journalled> {
        &self.videos
    }

    /// Adds the next clips of a video; `values` is `[spans, width]`.
    ///
    /// # Errors
    /// When the disk refuses; what was there before stays whole.
    pub(crate) fn push(
        &mut self,
        id: &str,
        spans: &[TimeSpan],
        values: &[f32],
        restart: bool,
    ) -> Result<(), FeatureError> {
        let first = if restart { 0 } else { self.videos.get(id).map_or(0, Journalled::num_clips) };
        let (count, width) = (spans.len(), values.len() / spans.len().max(1));
        let mut body: Vec<u8> = as_times(spans).flat_map(f64::to_le_bytes).collect();
        body.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        let head = Head::Clips { id: id.to_owned(), first, count, width };
        let body_at = self.append(&head, &body)?;
        self.note(head, body_at);
        Ok(())
    }

    /// Says that all clips of a video are there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn done(&mut self, id: &str, source: VideoSource) -> Result<(), FeatureError> {
        let head = Head::Done { id: id.to_owned(), source };
        let body_at = self.append(&head, &[])?;
        self.note(head, body_at);
        if self.synced.elapsed() >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn sync(&mut self) -> Result<(), FeatureError> {
        self.synced = Instant::now();
        self.file.sync_data().map_err(FeatureError::io(&self.path, "sync it"))
    }

    /// The block of a video's clips that begins with clip `first`.
    ///
    /// # Errors
    /// When the disk refuses, or there is no such block.
    pub(crate) fn block(&mut self, id: &str, first: usize) -> Result<ClipBlock, FeatureError> {
        let place = self.videos.get(id).and_then(|video| {
            let at = video.blocks.binary_search_by_key(&first, |block| block.first).ok()?;
            video.blocks.get(at).copied()
        });
        let Some(place) = place else {
            return Err(FeatureError::damaged(&self.path, format!("clip {first} of {id} is gone")));
        };
        let mut body = vec![0; place.count * (SPAN + place.width * size_of::<f32>())];
        self.file
            .seek(SeekFrom::Start(place.body))
            .and_then(|_| self.file.read_exact(&mut body))
            .map_err(FeatureError::io(&self.path, "read it"))?;
        let (spans, values) = body.split_at(place.count * SPAN);
        let time = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("chunks of eight"));
        let number = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("chunks of four"));
        Ok(ClipBlock {
            spans: as_spans(&spans.chunks_exact(8).map(time).collect::<Vec<_>>()),
            values: values.chunks_exact(4).map(number).collect(),
        })
    }

    /// Removes the journal: the output has everything.
    ///
    /// # Errors
    /// When the folder refuses.
    pub(crate) fn remove(self) -> Result<(), FeatureError> {
        std::fs::remove_file(&self.path).map_err(FeatureError::io(&self.path, "remove it"))
    }

    /// Reads all whole records, leaves `end` behind the last, and gives the settings; none for a
    /// file without a whole first record.
    fn scan(&mut self) -> Result<Option<(Provenance, String)>, FeatureError> {
        let io = || FeatureError::io(&self.path, "read it");
        self.file.seek(SeekFrom::Start(0)).map_err(io())?;
        let mut reader = BufReader::new(self.file.try_clone().map_err(io())?);
        let mut header = [0; HEADER as usize];
        if reader.read_exact(&mut header).is_err() {
            return Ok(None);
        }
        if &header[..8] != MAGIC {
            let reason = "it is no journal of locvtp; move it away";
            return Err(FeatureError::damaged(&self.path, reason));
        }
        let mut settings = None;
        let mut at = HEADER;
        while let Some((head, body_at, end)) = next_record(&mut reader, at) {
            self.check_record(&head, end - body_at)?;
            match head {
                Head::Settings { provenance, dataset } => settings = Some((provenance, dataset)),
                other => self.note(other, body_at),
            }
            at = end;
        }
        self.end = at;
        Ok(settings)
    }

    /// That a whole record says what its body and the records before it bear out: the checksum of one that
    /// somebody has changed may be right.
    ///
    /// # Errors
    /// When it does not.
    fn check_record(&self, head: &Head, body: u64) -> Result<(), FeatureError> {
        let fault = match head {
            Head::Settings { .. } => return Ok(()),
            Head::Clips { id, .. } | Head::Done { id, .. } if check_id(id).is_err() => {
                format!("{id:?} is no name of a video")
            }
            Head::Clips { id, first, count, width } => {
                let known = self.videos.get(id).filter(|_| *first > 0);
                let goes_on = *first == known.map_or(0, Journalled::num_clips)
                    && known.is_none_or(|video| video.width() == *width);
                if goes_on && body_bytes(*count, *width) == Some(body) {
                    return Ok(());
                }
                format!("{count} clips of {id:?} from clip {first} on are not what is stored")
            }
            Head::Done { .. } => return Ok(()),
        };
        let reason = format!("{fault}; it was changed, so move it away or start over with --fresh");
        Err(FeatureError::damaged(&self.path, reason))
    }

    /// Remembers a record.
    fn note(&mut self, head: Head, body: u64) {
        match head {
            Head::Settings { .. } => {}
            Head::Clips { id, first, count, width } => {
                let video = self.videos.entry(id).or_default();
                if first == 0 {
                    *video = Journalled::default();
                }
                video.blocks.push(Place { first, count, width, body });
            }
            Head::Done { id, source } => {
                self.videos.entry(id).or_default().source = Some(source);
            }
        }
    }

    /// Writes a record behind the last and returns where its body lies.
    fn append(&mut self, head: &Head, body: &[u8]) -> Result<u64, FeatureError> {
        let head = serde_json::to_vec(head).expect("plain data");
        let mut record = Vec::with_capacity(12 + head.len() + body.len());
        record.extend((head.len() as u32).to_le_bytes());
        record.extend((body.len() as u32).to_le_bytes());
        record.extend(checksum(&head, body).to_le_bytes());
        record.extend(&head);
        record.extend(body);
        self.file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(&record))
            .map_err(FeatureError::io(&self.path, "write it; is the disk full?"))?;
        let body_at = self.end + 12 + head.len() as u64;
        self.end += record.len() as u64;
        Ok(body_at)
    }

    fn cut(&mut self, length: u64) -> Result<(), FeatureError> {
        self.file.set_len(length).map_err(FeatureError::io(&self.path, "cut it"))
    }

    fn write_header(&mut self) -> Result<(), FeatureError> {
        let header = format!("{:<24}", std::process::id());
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(MAGIC))
            .and_then(|()| self.file.write_all(header.as_bytes()))
            .map_err(FeatureError::io(&self.path, "write it"))
    }
}

/// Opens and locks the file. A run that ends removes its journal: a lock on one that has just been
/// removed is worth nothing, and the next is tried.
fn locked(path: &Path, out: &Path) -> Result<File, FeatureError> {
    loop {
        let mut file = opened(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut header = [0; HEADER as usize];
                let _ = file.read_exact(&mut header);
                let process = String::from_utf8_lossy(&header[8..]);
                let process = process.trim_matches([' ', '\0']).to_owned();
                return Err(FeatureError::Busy { out: out.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => {
                return Err(FeatureError::io(path, "lock it")(error));
            }
        }
        let about = file.metadata().map_err(FeatureError::io(path, "look at it"))?;
        if std::fs::metadata(path).is_ok_and(|there| there.ino() == about.ino()) {
            return Ok(file);
        }
    }
}

/// Opens the file or makes it. By a link another file would be cut and written, and a pipe would be waited for.
fn opened(path: &Path) -> Result<File, FeatureError> {
    plain_file::open_or_make(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => FeatureError::damaged(path, format!("{error}; remove it")),
        _ => FeatureError::io(path, "open or make it")(error),
    })
}

/// The record at `at` with where its body lies and where it ends; none at the end, or where a kill
/// left half of one.
fn next_record(reader: &mut impl Read, at: u64) -> Option<(Head, u64, u64)> {
    let mut word = || {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    let (head_length, body_length, expected) = (word()? as usize, word()? as usize, word()?);
    if head_length > LONGEST_HEAD || body_length > LONGEST_BODY {
        return None;
    }
    let mut head = Vec::new();
    reader.by_ref().take(head_length as u64).read_to_end(&mut head).ok()?;
    if head.len() != head_length {
        return None;
    }
    let mut hasher = checksum_of(&head, body_length);
    // The numbers are read when they are wanted.
    let body =
        std::io::copy(&mut reader.take(body_length as u64), &mut Hashed(&mut hasher)).ok()?;
    if body != body_length as u64 || hasher.finalize() != expected {
        return None;
    }
    let body_at = at + 12 + head.len() as u64;
    Some((serde_json::from_slice(&head).ok()?, body_at, body_at + body))
}

/// Bytes of so many clips; none where they are more than can be counted.
fn body_bytes(count: usize, width: usize) -> Option<u64> {
    let clip = width.checked_mul(size_of::<f32>())?.checked_add(SPAN)?;
    u64::try_from(count.checked_mul(clip)?).ok()
}

fn checksum(head: &[u8], body: &[u8]) -> u32 {
    let mut hasher = checksum_of(head, body.len());
    hasher.update(body);
    hasher.finalize()
}

/// The checksum of a record up to its body.
fn checksum_of(head: &[u8], body_length: usize) -> crc32fast::Hasher {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(head.len() as u32).to_le_bytes());
    hasher.update(&(body_length as u32).to_le_bytes());
    hasher.update(head);
    hasher
}

/// Adds to a checksum what is written to it.
struct Hashed<'a>(&'a mut crc32fast::Hasher);

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
