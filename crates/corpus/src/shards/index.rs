//! What a shard holds, in a file of its own, so that a corpus is read without reading its shards.
//!
//! Packing writes `00000.index.jsonl` beside `00000.tar`: a first line that says of which shard and
//! how many samples, then one line a sample with the place of its video and its captions. Of shards
//! that bring no index one is made and kept in the cache folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::address::without_ending;
use super::record::SampleRecord;
use super::scan::{Contents, Member, Sample};
use crate::drop_reason::DropReason;
use crate::json_cell::{self, Cell};

/// In the place of `.tar`.
const ENDING: &str = ".index.jsonl";

/// Samples of a shard, at most; most have a thousand.
const MOST_SAMPLES: usize = 1_000_000;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    /// The format; 1.
    locvtp_shard_index: Cell,
    /// Bytes of the shard.
    bytes: Cell,
    samples: Cell,
    /// See [`Contents`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    doubled: Vec<String>,
    #[serde(default)]
    is_damaged: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compressed: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: Cell,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media: Option<MemberCells>,
    /// Missing where it could not be understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<SampleRecord>,
    /// See [`Sample`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<String>,
}

/// A [`Member`], read without complaint.
#[derive(Serialize, Deserialize)]
struct MemberCells {
    name: Cell,
    offset: Cell,
    len: Cell,
    #[serde(default, skip_serializing_if = "Cell::is_other")]
    crc32: Cell,
}

/// Whether the file's name is one of an index.
pub(crate) fn is_index(path: &Path) -> bool {
    path.to_string_lossy().ends_with(ENDING)
}

/// The name of the index of a shard.
pub(crate) fn name_for(shard: &str) -> String {
    format!("{}{ENDING}", without_ending(shard))
}

/// The file's text, for a shard of `bytes` bytes.
pub(crate) fn text(contents: &Contents, bytes: u64) -> String {
    let number = |number: u64| Cell::Number(number as f64);
    let head = Head {
        locvtp_shard_index: Cell::Number(1.0),
        bytes: number(bytes),
        samples: number(contents.samples.len() as u64),
        doubled: contents.doubled.clone(),
        is_damaged: contents.is_damaged,
        compressed: contents.compressed.clone(),
    };
    let mut text = serde_json::to_string(&head).expect("plain data") + "\n";
    for Sample { key, media, record, members } in &contents.samples {
        let media = media.as_ref().map(|media| MemberCells {
            name: Cell::Text(media.name.clone()),
            offset: number(media.offset),
            len: number(media.len),
            crc32: media.crc32.map_or(Cell::Other, |sum| number(sum.into())),
        });
        let (record, members) = (record.as_ref().ok().cloned(), members.clone());
        let line = Line { key: Cell::Text(key.clone()), media, record, members };
        text += &serde_json::to_string(&line).expect("plain data");
        text.push('\n');
    }
    text
}

/// What an index says of a shard that has `bytes` bytes now; none when it is not whole, is of another
/// format, or of a shorter shard. Of a shard that was longer it tells what may be lost.
pub(crate) fn read(text: &[u8], bytes: u64) -> Option<Contents> {
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let head: Head = json_cell::from_slice(lines.next()?).ok()?;
    let whole = |cell: &Cell| {
        let number = cell.number()?;
        // Exact up to 2^53, which is more than any shard has.
        (number >= 0.0 && number.fract() == 0.0 && number < 9e15).then_some(number as u64)
    };
    let indexed = whole(&head.bytes)?;
    if head.locvtp_shard_index.number() != Some(1.0) || indexed < bytes {
        return None;
    }
    let mut samples = Vec::new();
    for line in lines {
        if samples.len() == MOST_SAMPLES {
            return None;
        }
        let Line { key, media, record, members } = json_cell::from_slice(line).ok()?;
        let media = match media {
            Some(media) => Some(Member {
                name: media.name.text()?,
                offset: whole(&media.offset)?,
                len: whole(&media.len)?,
                crc32: media.crc32.count(),
            }),
            None => None,
        };
        // Both are far from what cannot be added.
        if media.as_ref().is_some_and(|media| media.offset + media.len > indexed) {
            return None;
        }
        let record = record.ok_or(DropReason::NotUnderstood);
        samples.push(Sample { key: key.text()?, media, record, members });
    }
    (whole(&head.samples)? == samples.len() as u64).then_some(Contents {
        samples,
        doubled: head.doubled,
        is_damaged: head.is_damaged || bytes < indexed,
        compressed: head.compressed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: u64 = 9_000_010_000;

    fn contents() -> Contents {
        let record = SampleRecord::read(Some(br#"{"caption": "a fox"}"#), None);
        let media =
            Member { name: "a.mp4".into(), offset: 512, len: 9_000_000_000, crc32: Some(7) };
        let samples = vec![
            Sample { key: "a".into(), media: Some(media), record, members: Vec::new() },
            Sample {
                key: "b".into(),
                media: None,
                record: Err(DropReason::NotUnderstood),
                members: vec!["info.json".into()],
            },
        ];
        let compressed = Some("gzip".into());
        Contents { samples, doubled: vec!["a".into()], is_damaged: false, compressed }
    }

    #[test]
    fn an_index_gives_back_what_was_put_in() {
        let text = text(&contents(), BYTES);
        assert_eq!(read(text.as_bytes(), BYTES), Some(contents()));
    }

    #[test]
    fn an_index_that_is_cut_or_of_another_shard_is_not_believed() {
        let text = text(&contents(), BYTES);
        let lines: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        for cut in [0, 10, lines[0], lines[1], lines[1] + 5] {
            assert_eq!(read(&text.as_bytes()[..cut], BYTES), None, "cut at {cut}");
        }
        assert_eq!(read(text.as_bytes(), BYTES + 1), None);
        assert!(read(text.as_bytes(), BYTES - 1).unwrap().is_damaged);
        assert_eq!(read(text.replace("index\":1", "index\":2").as_bytes(), BYTES), None);
        // A video beyond the end of the shard.
        let beyond = text.replace("\"len\":9000000000", "\"len\":9000009489");
        assert_eq!(read(beyond.as_bytes(), BYTES), None);
    }
}
