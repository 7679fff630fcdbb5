//! One shard: what it holds, and the bytes of its videos.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use locvtp_video::plain_file::{self, LARGEST_TEXT};
use locvtp_video::{FileStretch, MediaPart};

use super::cache::FetchCache;
use super::index;
use super::listing::ShardPlace;
use super::scan::{Contents, Member, scan};
use super::settings::{Fetch, ShardSettings};
use super::storage::{ObjectState, Storage};
use crate::error::CorpusError;
use crate::stable_hash::stable_hash;

/// Bytes read at once of a tar on another machine: texts beside small videos come with one request.
const READ_AHEAD: u64 = 1 << 18;

/// Goes up when more is found in a shard than before, so that indexes that were kept are made anew.
const SCAN: u32 = 3;

/// Bytes of the indexes that were made here, where videos have less room.
const ROOM_FOR_INDEXES: u64 = 1 << 30;

/// What all shards of a corpus share.
#[derive(Debug)]
pub(crate) struct Fetcher {
    videos: FetchCache,
    indexes: FetchCache,
    whole_shards: bool,
    most_index_bytes: u64,
}

/// A shard whose present state is known.
#[derive(Debug)]
pub(crate) struct Shard {
    place: ShardPlace,
    state: ObjectState,
    fetcher: Arc<Fetcher>,
}

impl Fetcher {
    /// # Errors
    /// When the folder for what is fetched is not this user's.
    pub(crate) fn new(settings: &ShardSettings) -> Result<Self, CorpusError> {
        let folder = settings.cache_folder()?;
        let room = settings.cache_mib.saturating_mul(1 << 20);
        // Indexes are small, and losing one costs more than its room.
        let indexes = FetchCache::new(folder.join("shard-indexes"), room.max(ROOM_FOR_INDEXES));
        let videos = FetchCache::new(folder.join("shards"), room);
        let whole_shards = settings.fetch == Fetch::Shard;
        let most_index_bytes = settings.most_index_bytes();
        Ok(Self { videos, indexes, whole_shards, most_index_bytes })
    }
}

impl Shard {
    /// Asks how large the shard is.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn open(place: ShardPlace, fetcher: Arc<Fetcher>) -> Result<Self, CorpusError> {
        let state = match &place {
            ShardPlace::Local(path) => local_state(path)
                .map_err(|source| CorpusError::Read { path: path.clone(), source })?,
            ShardPlace::Remote(storage, path) => storage.state(path)?,
        };
        Ok(Self { place, state, fetcher })
    }

    /// The path or address.
    pub(crate) fn name(&self) -> String {
        self.place.name()
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> u64 {
        self.state.bytes
    }

    /// What it holds: from the index beside it, from the one made earlier, or by walking through it.
    ///
    /// # Errors
    /// When neither can be read.
    pub(crate) fn contents(&self) -> Result<Contents, CorpusError> {
        if let Some(contents) = self.index_beside()?.and_then(|text| self.believed(&text)) {
            return Ok(contents);
        }
        let (mut scanned, mut failed) = (None, None);
        // Held for the state that the shard is in.
        let name = (self.name(), self.state.bytes, self.state.version, SCAN);
        // How long it will be is not known.
        let kept = self.fetcher.indexes.get(&name, 0, |file| {
            let contents = match self.scan() {
                Ok(contents) => contents,
                Err(error) => {
                    // The error goes to the caller; the cache learns only that there is no file.
                    failed = Some(error);
                    return Err(CorpusError::NoShards { place: self.name() });
                }
            };
            let text = index::text(&contents, self.state.bytes);
            scanned = Some(contents);
            let address = self.name();
            file.write_all(text.as_bytes())
                .map_err(|source| CorpusError::ShardCacheWrite { address, source })
        });
        if let Some(failed) = failed {
            return Err(failed);
        }
        if let Some(scanned) = scanned {
            // Also where it could not be kept: then it is made again the next time.
            return Ok(scanned);
        }
        let mut text = Vec::new();
        let read = kept.is_ok_and(|mut file| file.read_to_end(&mut text).is_ok());
        match self.believed(&text).filter(|_| read) {
            Some(contents) => Ok(contents),
            None => self.scan(),
        }
    }

    fn believed(&self, text: &[u8]) -> Option<Contents> {
        index::read(text, self.state.bytes)
    }

    fn index_beside(&self) -> Result<Option<Vec<u8>>, CorpusError> {
        match &self.place {
            ShardPlace::Local(path) => {
                let index = index::name_for(&path.to_string_lossy());
                Ok(plain_file::read(Path::new(&index), LARGEST_TEXT).ok())
            }
            ShardPlace::Remote(storage, path) => {
                storage.read(&index::name_for(path), self.fetcher.most_index_bytes)
            }
        }
    }

    fn scan(&self) -> Result<Contents, CorpusError> {
        let unreadable = |source| CorpusError::Read { path: self.name().into(), source };
        let bytes = self.state.bytes;
        match &self.place {
            ShardPlace::Local(path) => {
                plain_file::open(path).and_then(|file| scan(file, bytes)).map_err(unreadable)
            }
            ShardPlace::Remote(storage, path) => {
                let mut reader = RemoteReader::new(storage, path, bytes);
                match scan(&mut reader, bytes) {
                    Ok(contents) => Ok(contents),
                    Err(error) => match reader.failed {
                        Some(CorpusError::NoRanges { .. }) => {
                            let whole = self
                                .whole()
                                .map_err(|error| unreadable(io::Error::other(error)))?;
                            scan(whole, bytes).map_err(unreadable)
                        }
                        Some(failed) => Err(failed),
                        None => Err(unreadable(error)),
                    },
                }
            }
        }
    }

    /// The whole shard in the cache.
    fn whole(&self) -> Result<File, Arc<CorpusError>> {
        let ShardPlace::Remote(storage, path) = &self.place else {
            unreachable!("a shard on this disk is not fetched");
        };
        let bytes = self.state.bytes;
        self.has_room(bytes)?;
        let name = (self.name(), self.state.version);
        let mut file = self
            .fetcher
            .videos
            .get(&name, bytes, |file| storage.download(path, None, bytes, file))?;
        // The handle of who fetched it stands at the end.
        file.rewind().map_err(|source| CorpusError::Read { path: self.name().into(), source })?;
        Ok(file)
    }

    /// Whether so many bytes may be fetched.
    fn has_room(&self, bytes: u64) -> Result<(), CorpusError> {
        let room = self.fetcher.videos.most_bytes();
        if bytes <= room {
            return Ok(());
        }
        let ShardPlace::Remote(storage, path) = &self.place else { return Ok(()) };
        let (address, cache_mib) = (storage.address(path), room >> 20);
        Err(CorpusError::LargerThanCache { address, bytes, cache_mib })
    }

    /// A stretch of the shard as an open file here.
    fn stretch(&self, member: &Member) -> Result<FileStretch, Box<dyn Error + Send + Sync>> {
        let &Member { offset, len, .. } = member;
        if offset.checked_add(len).is_none_or(|end| end > self.state.bytes) {
            let member = format!("{}/{}", self.name(), member.name);
            return Err(Box::new(CorpusError::MemberOutside { member }));
        }
        let part = |file, start| FileStretch { file: Arc::new(file), start, len };
        let (storage, path) = match &self.place {
            ShardPlace::Local(path) => return Ok(part(plain_file::open(path)?, offset)),
            ShardPlace::Remote(storage, path) => (storage, path),
        };
        if !self.fetcher.whole_shards {
            self.has_room(len)?;
            let name = (self.name(), self.state.version, offset, len);
            let fetched = self.fetcher.videos.get(&name, len, |file| {
                storage.download(path, Some(offset..offset + len), self.state.bytes, file)?;
                let stretch = FileStretch {
                    file: Arc::new(file.try_clone().map_err(|source| {
                        CorpusError::ShardCacheWrite { address: self.name(), source }
                    })?),
                    start: 0,
                    len,
                };
                check(&stretch, member, &self.name())
            });
            match fetched {
                Ok(file) => return Ok(part(file, 0)),
                Err(error) if matches!(*error, CorpusError::NoRanges { .. }) => {}
                Err(error) => return Err(Box::new(error)),
            }
        }
        Ok(part(self.whole()?, offset))
    }
}

/// Whether the bytes are those that were packed, where that is known.
fn check(stretch: &FileStretch, member: &Member, shard: &str) -> Result<(), CorpusError> {
    let Some(expected) = member.crc32 else { return Ok(()) };
    let (mut reader, mut hasher) = (stretch.reader(), crc32fast::Hasher::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hasher.update(&buffer[..read]),
            Err(source) => return Err(CorpusError::Read { path: shard.into(), source }),
        }
    }
    if hasher.finalize() == expected {
        return Ok(());
    }
    Err(CorpusError::MemberDamaged { member: format!("{shard}/{}", member.name) })
}

fn local_state(path: &Path) -> io::Result<ObjectState> {
    let about = std::fs::metadata(path)?;
    let changed = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let version = stable_hash(&(&*std::path::absolute(path)?, about.len(), changed));
    Ok(ObjectState { bytes: about.len(), version })
}

/// A video in a shard.
#[derive(Debug)]
pub(crate) struct ShardMember {
    pub(crate) shard: Arc<Shard>,
    pub(crate) member: Member,
}

impl MediaPart for ShardMember {
    fn num_bytes(&self) -> u64 {
        self.member.len
    }

    fn version(&self) -> Option<u64> {
        Some(self.shard.state.version)
    }

    fn open(&self) -> Result<FileStretch, Box<dyn Error + Send + Sync>> {
        self.shard.stretch(&self.member)
    }

    fn is_remote(&self) -> bool {
        matches!(self.shard.place, ShardPlace::Remote(..))
    }

    fn verify(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let stretch = self.open()?;
        Ok(check(&stretch, &self.member, &self.shard.name())?)
    }
}

/// Reads a tar on another machine by ranges; what is passed over is not fetched.
struct RemoteReader<'a> {
    storage: &'a Storage,
    path: &'a str,
    bytes: u64,
    at: u64,
    block: Vec<u8>,
    block_start: u64,
    failed: Option<CorpusError>,
}

impl<'a> RemoteReader<'a> {
    fn new(storage: &'a Storage, path: &'a str, bytes: u64) -> Self {
        Self { storage, path, bytes, at: 0, block: Vec::new(), block_start: 0, failed: None }
    }
}

impl Read for RemoteReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.bytes || buffer.is_empty() {
            return Ok(0);
        }
        let block_end = self.block_start + self.block.len() as u64;
        if !(self.block_start..block_end).contains(&self.at) {
            let end = self.bytes.min(self.at + READ_AHEAD);
            self.block = match self.storage.read_range(self.path, self.at..end, self.bytes) {
                Ok(block) => block,
                Err(error) => {
                    self.failed = Some(error);
                    return Err(io::ErrorKind::Other.into());
                }
            };
            self.block_start = self.at;
        }
        let from = (self.at - self.block_start) as usize;
        let read = buffer.len().min(self.block.len().saturating_sub(from));
        buffer[..read].copy_from_slice(&self.block[from..from + read]);
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for RemoteReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
