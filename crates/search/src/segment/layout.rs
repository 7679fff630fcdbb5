//! Where the parts of a segment file stand.
//!
//! In this order, each from a multiple of 64 bytes on: a header of 128 bytes, the codes (a row of
//! [`padded_width`] bytes each), their scales (`f32`), the runs, the spans (two `f64` each), what the codes
//! leave over (`i16`), the checksums of all that stands before them (one XXH3 for each MiB). All numbers are
//! little endian. Codes and scales come first, so that the scan maps them and nothing else.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::quantise::padded_width;

/// What a file begins with.
pub(super) const MAGIC: [u8; 8] = *b"LVTPVEC\0";

/// The version that is written.
pub(super) const VERSION: u32 = 1;

/// Bytes of the header.
pub(super) const HEADER: usize = 128;

/// Bytes that one checksum covers.
pub(super) const BLOCK: u64 = 1 << 20;

/// Bytes of a run in the file.
pub(super) const RUN_BYTES: usize = 16;

/// The number of a track, the stretch of a video that vectors belong to. Numbers are given once and
/// small enough to be places in a bitmap.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TrackId(pub u32);

/// What the vectors of a segment stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorKind {
    /// What is seen: features of clips.
    Clip,
    /// What is said: the meaning of cues.
    Cue,
}

impl VectorKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Clip, Self::Cue];

    /// The kind's name in files and catalogues.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::Cue => "cue",
        }
    }

    /// The kind with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn number(self) -> u32 {
        match self {
            Self::Clip => 1,
            Self::Cue => 2,
        }
    }
}

/// Vectors of one track that lie together: rows `first_row..first_row + num_rows`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Whose vectors these are.
    pub track: TrackId,
    /// Row of the track's first vector.
    pub first_row: u32,
    /// How many there are.
    pub num_rows: u32,
}

impl Run {
    /// The run's rows.
    pub fn rows(&self) -> Range<usize> {
        let first = self.first_row as usize;
        first..first + self.num_rows as usize
    }
}

/// What the header of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// What the vectors stand for.
    pub kind: VectorKind,
    /// Numbers of a vector.
    pub width: u32,
    /// How many vectors there are.
    pub num_vectors: u32,
    /// How many runs they make.
    pub num_runs: u32,
    /// A hash of the model, its preprocessing and its sampling.
    pub model: u128,
}

/// The parts of a file, in bytes from its start.
pub(super) struct Places {
    pub(super) codes: u64,
    pub(super) scales: u64,
    pub(super) runs: u64,
    pub(super) spans: u64,
    pub(super) remainders: u64,
    pub(super) checksums: u64,
    pub(super) end: u64,
}

impl Places {
    pub(super) fn of(header: &SegmentHeader) -> Self {
        let rows = u64::from(header.num_vectors);
        let after = |place: u64, bytes: u64| (place + bytes).next_multiple_of(64);
        let codes = HEADER as u64;
        let scales = after(codes, rows * padded_width(header.width as usize) as u64);
        let runs = after(scales, rows * 4);
        let spans = after(runs, u64::from(header.num_runs) * RUN_BYTES as u64);
        let remainders = after(spans, rows * 16);
        let checksums = after(remainders, rows * u64::from(header.width) * 2);
        let end = checksums + checksums.div_ceil(BLOCK) * 8;
        Self { codes, scales, runs, spans, remainders, checksums, end }
    }
}

/// Why bytes are no header.
pub(super) enum HeaderFault {
    NoSegment,
    Newer(u32),
    Damaged,
}

impl SegmentHeader {
    /// The header's bytes; `checksums` is the hash of the table of checksums.
    pub(super) fn to_bytes(self, checksums: u64) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &MAGIC);
        put(8, &VERSION.to_le_bytes());
        put(12, &self.kind.number().to_le_bytes());
        put(16, &self.width.to_le_bytes());
        put(20, &self.num_vectors.to_le_bytes());
        put(24, &self.num_runs.to_le_bytes());
        put(32, &self.model.to_le_bytes());
        put(48, &checksums.to_le_bytes());
        let own = xxh3_64(&bytes[..HEADER - 8]);
        bytes[HEADER - 8..].copy_from_slice(&own.to_le_bytes());
        bytes
    }

    /// The header, and the hash of the table of checksums.
    pub(super) fn from_bytes(bytes: &[u8; HEADER]) -> Result<(Self, u64), HeaderFault> {
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte]));
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        if bytes[..8] != MAGIC {
            return Err(HeaderFault::NoSegment);
        }
        if word(8) > VERSION {
            return Err(HeaderFault::Newer(word(8)));
        }
        if long(HEADER - 8) != xxh3_64(&bytes[..HEADER - 8]) {
            return Err(HeaderFault::Damaged);
        }
        let kind = VectorKind::ALL.into_iter().find(|kind| kind.number() == word(12));
        let header = Self {
            kind: kind.ok_or(HeaderFault::Damaged)?,
            width: word(16),
            num_vectors: word(20),
            num_runs: word(24),
            model: u128::from(long(32)) | u128::from(long(40)) << 64,
        };
        Ok((header, long(48)))
    }
}
