//! Which samples a tar file holds, and where: found by walking from header to header.
//!
//! Members whose names agree up to the first dot of the file name are one sample, wherever they
//! stand. Where names have more dots, `clip.v1.mp4` and `clip.v1.txt`, a video with words of its own
//! name is a sample of its own, `clip.v1`. Only headers and texts are read; over videos is passed. Long names in GNU's and in PAX form
//! are followed. A tar that is cut short, or has a damaged header, gives what lies before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read, Seek};

use serde::{Deserialize, Serialize};

use super::record::SampleRecord;
use crate::drop_reason::DropReason;
use crate::video_files::rank;

/// A JSON or text longer than this tells no captions.
const LONGEST_TEXT: u64 = 1 << 26;

/// What a shard may hold at most: the walk over a server's has to end, and texts are kept until then.
const MOST: Most = Most { members: 4_000_000, text_bytes: 1 << 30 };

/// Members of a sample that are told; samples have some three.
const MOST_TOLD: usize = 32;

/// One sample of a shard.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) key: String,
    pub(crate) media: Option<Member>,
    /// What it says of its video; the reason where it cannot be understood.
    pub(crate) record: Result<SampleRecord, DropReason>,
    /// The first members by what stands behind the key, where a video or captions were not found.
    pub(crate) members: Vec<String>,
}

/// Where a video is in its shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// The first byte, from the start of the shard.
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Known of what was packed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc32: Option<u32>,
}

/// What a shard holds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Contents {
    /// In the order of their first members.
    pub(crate) samples: Vec<Sample>,
    /// Keys with a member that was there twice; the first counts.
    pub(crate) doubled: Vec<String>,
    /// Whether the shard ends before its end, or something in it is no header.
    pub(crate) is_damaged: bool,
    /// How it is compressed, where it is: then nothing was found.
    pub(crate) compressed: Option<String>,
}

/// Bounds of a walk.
struct Most {
    members: usize,
    /// Bytes of all JSON and texts together.
    text_bytes: u64,
}

impl Most {
    fn check(&self, members: usize, text_bytes: u64) -> io::Result<()> {
        let what = match () {
            () if members > self.members => format!("{} members", self.members),
            () if text_bytes > self.text_bytes => format!("{} bytes of texts", self.text_bytes),
            () => return Ok(()),
        };
        Err(io::Error::other(format!("it has more than {what}; split it into smaller shards")))
    }
}

/// The members under a key so far.
#[derive(Default)]
struct Gathered {
    /// By what stands between the key and the last ending, mostly nothing.
    parts: BTreeMap<String, Part>,
    /// In their order.
    endings: Vec<String>,
    known: BTreeSet<String>,
}

#[derive(Default)]
struct Part {
    media: Option<Member>,
    /// How good the media file's ending is, 0 best.
    rank: usize,
    json: Option<Vec<u8>>,
    text: Option<Vec<u8>>,
}

/// Walks through a tar of `bytes` bytes.
///
/// # Errors
/// When it cannot be read, or holds more than any shard. A file that is no tar, or is damaged, is none: it holds what
/// was found.
pub(crate) fn scan<R: Read + Seek>(tar: R, bytes: u64) -> io::Result<Contents> {
    scan_within(&MOST, tar, bytes)
}

fn scan_within<R: Read + Seek>(most: &Most, mut tar: R, bytes: u64) -> io::Result<Contents> {
    if let Some(compressed) = compression(&mut tar)? {
        return Ok(Contents { compressed: Some(compressed.to_owned()), ..Contents::default() });
    }
    let mut archive = tar::Archive::new(Faithful { inner: tar, failed: None });
    let mut contents = Contents::default();
    let (mut order, mut gathered) = (Vec::new(), HashMap::<String, Gathered>::new());
    let (mut end, mut text_bytes) = (0, 0);
    for (before, entry) in archive.entries_with_seek()?.enumerate() {
        most.check(before + 1, text_bytes)?;
        let Ok(mut entry) = entry else {
            contents.is_damaged = true;
            break;
        };
        let (offset, len) = (entry.raw_file_position(), entry.size());
        end = offset.saturating_add(len).div_ceil(512) * 512;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some((key, ending)) = key_and_ending(&name) else { continue };
        let sample = gathered.entry(key.to_owned()).or_insert_with(|| {
            order.push(key.to_owned());
            Gathered::default()
        });
        if !sample.known.insert(ending.to_owned()) {
            contents.doubled.push(key.to_owned());
            continue;
        }
        if sample.endings.len() < MOST_TOLD {
            sample.endings.push(ending.to_owned());
        }
        let (between, ending) = ending.rsplit_once('.').unwrap_or(("", ending));
        let sample = sample.parts.entry(between.to_owned()).or_default();
        if ending.eq_ignore_ascii_case("json") || ending.eq_ignore_ascii_case("txt") {
            let mut text = Vec::new();
            let read = entry.by_ref().take(LONGEST_TEXT).read_to_end(&mut text);
            if read.is_err() || (text.len() as u64) < len.min(LONGEST_TEXT) {
                contents.is_damaged = true;
                break;
            }
            text_bytes += text.len() as u64;
            let is_json = ending.eq_ignore_ascii_case("json");
            *(if is_json { &mut sample.json } else { &mut sample.text }) = Some(text);
        } else if let Some(rank) = rank(name.as_ref())
            && sample.media.as_ref().is_none_or(|_| rank < sample.rank)
        {
            sample.media = Some(Member { name: name.clone(), offset, len, crc32: None });
            sample.rank = rank;
        }
    }
    let faithful = archive.into_inner();
    if let Some(error) = faithful.failed {
        return Err(error);
    }
    // Two blocks of zeros end a tar.
    contents.is_damaged |= end + 1024 > bytes;
    for key in order {
        let gathered = gathered.remove(&key).unwrap_or_default();
        contents.samples.extend(gathered.samples(&key));
    }
    Ok(contents)
}

/// How a file is compressed, by its first bytes; stands at its start before and after.
fn compression(file: &mut (impl Read + Seek)) -> io::Result<Option<&'static str>> {
    const SIGNS: [(&[u8], &str); 4] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh", "bzip2"),
    ];
    let mut start = Vec::new();
    file.by_ref().take(6).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(SIGNS.iter().find(|(sign, _)| start.starts_with(sign)).map(|(_, name)| *name))
}

impl Gathered {
    /// One sample, or one for each video that has words of its own name.
    fn samples(mut self, key: &str) -> Vec<Sample> {
        let has_media = |part: &Part| part.media.is_some();
        let of_key = self.parts.get("").is_some_and(has_media);
        let own: Vec<String> = self
            .parts
            .iter()
            .filter(|(name, part)| !name.is_empty() && has_media(part) && part.has_words())
            .map(|(name, _)| name.clone())
            .collect();
        let mut samples = Vec::new();
        for name in &own {
            let part = self.parts.remove(name).unwrap_or_default();
            samples.push(part.sample(format!("{key}.{name}"), &self.endings));
        }
        if own.is_empty() || of_key || self.parts.values().any(has_media) {
            let mut whole = self.parts.remove("").unwrap_or_default();
            for part in self.parts.into_values() {
                let better =
                    part.media.is_some() && (whole.media.is_none() || part.rank < whole.rank);
                if better && !of_key {
                    (whole.media, whole.rank) = (part.media, part.rank);
                }
            }
            samples.insert(0, whole.sample(key.to_owned(), &self.endings));
        }
        samples
    }
}

impl Part {
    fn has_words(&self) -> bool {
        self.json.is_some() || self.text.is_some()
    }

    fn sample(self, key: String, endings: &[String]) -> Sample {
        let record = SampleRecord::read(self.json.as_deref(), self.text.as_deref());
        let is_found = self.media.is_some() && record.as_ref().is_ok_and(|r| !r.says_nothing());
        let members = if is_found { Vec::new() } else { endings.to_vec() };
        Sample { key, media: self.media, record, members }
    }
}

/// `train/000.seg.mp4` as `train/000` and `seg.mp4`; none for what belongs to no sample.
fn key_and_ending(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = file + name[file..].find('.')?;
    (dot > file).then(|| (&name[..dot], &name[dot + 1..]))
}

/// Remembers when reading itself fails, which the tar reader does not tell from damage.
struct Faithful<R> {
    inner: R,
    failed: Option<io::Error>,
}

impl<R> Faithful<R> {
    fn noted<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}

impl<R: Read> Read for Faithful<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        self.noted(read)
    }
}

impl<R: Seek> Seek for Faithful<R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let at = self.inner.seek(to);
        self.noted(at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn scanned(bytes: &[u8]) -> Contents {
        scan(Cursor::new(bytes), bytes.len() as u64).unwrap()
    }

    fn keys(contents: &Contents) -> Vec<&str> {
        contents.samples.iter().map(|sample| sample.key.as_str()).collect()
    }

    const JSON: &[u8] = br#"{"caption": "a fox"}"#;

    #[test]
    fn members_make_samples_in_any_order_and_only_the_videos_place_is_kept() {
        let bytes = tar(&[
            ("b.txt", b"b"),
            ("a.json", JSON),
            ("b.mp4", b"bbb"),
            ("dir/c.jpg", b"jpg"),
            ("dir/c.mp4", b"mp4"),
            ("a.mp4", b"aa"),
            ("README", b"no sample"),
        ]);
        let contents = scanned(&bytes);
        assert_eq!(keys(&contents), ["b", "a", "dir/c"]);
        assert!(!contents.is_damaged && contents.doubled.is_empty());
        for (sample, content) in contents.samples.iter().zip(["bbb", "aa", "mp4"]) {
            let media = sample.media.as_ref().unwrap();
            let (start, end) = (media.offset as usize, (media.offset + media.len) as usize);
            assert_eq!(&bytes[start..end], content.as_bytes());
        }
    }

    #[test]
    fn a_sample_of_very_many_endings_takes_no_time_of_its_own() {
        // Comparing each with each would be two milliards of comparisons, and listing all for each more.
        let names: Vec<String> = (0..60_000).map(|i| format!("a.{i:05}.mp4")).collect();
        let texts: Vec<String> = (0..100).map(|i| format!("a.{i:05}.json")).collect();
        let videos = names.iter().map(|name| (name.as_str(), &b""[..]));
        let texts = texts.iter().map(|name| (name.as_str(), &b"{}"[..]));
        let members: Vec<(&str, &[u8])> =
            videos.chain(texts).chain([("a.00007.mp4", &b""[..])]).collect();
        let contents = scanned(&tar(&members));
        assert_eq!((contents.samples.len(), &contents.doubled[..]), (101, &["a".to_owned()][..]));
        assert!(contents.samples.iter().all(|sample| sample.members.len() <= MOST_TOLD));
    }

    #[test]
    fn the_walk_over_more_than_any_shard_holds_ends() {
        let bytes =
            tar(&[("a.mp4", b"1"), ("a.txt", b"four"), ("b.mp4", b"2"), ("b.txt", b"five")]);
        let walk = |members, text_bytes| {
            let most = Most { members, text_bytes };
            scan_within(&most, Cursor::new(&bytes), bytes.len() as u64)
        };
        assert_eq!(walk(4, 8).unwrap().samples.len(), 2);
        let many = walk(3, 8).unwrap_err().to_string();
        assert!(many.contains("more than 3 members; split it"), "{many}");
        let long = walk(4, 3).unwrap_err().to_string();
        assert!(long.contains("more than 3 bytes of texts"), "{long}");
    }

    #[test]
    fn long_names_in_both_forms_are_followed() {
        let long = format!("{}/{}.mp4", "d".repeat(150), "n".repeat(200));
        let gnu = tar(&[(&long, b"gnu")]);
        assert_eq!(scanned(&gnu).samples[0].media.as_ref().unwrap().name, long);
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("path", long.as_bytes())]).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        header.set_mode(0o644);
        builder.append_data(&mut header, "short.mp4", &b"pax"[..]).unwrap();
        let pax = builder.into_inner().unwrap();
        let media = scanned(&pax).samples[0].media.clone().unwrap();
        assert_eq!(media.name, long);
        assert_eq!(&pax[media.offset as usize..][..3], b"pax");
    }

    #[test]
    fn a_name_with_dots_is_a_sample_of_its_own_where_it_has_words() {
        let told = |members: &[(&str, &[u8])]| {
            let samples = scanned(&tar(members)).samples;
            let told = samples.into_iter().map(|sample| {
                let words = sample.record.is_ok_and(|record| !record.says_nothing());
                (sample.key, sample.media.map(|media| media.name), words)
            });
            told.collect::<Vec<_>>()
        };
        let owned = |key: &str, name: &str| (key.to_owned(), Some(name.to_owned()), true);
        let versions = told(&[
            ("clip.v1.mp4", b"1"),
            ("clip.v1.txt", b"one"),
            ("clip.v2.mp4", b"22"),
            ("clip.v2.json", JSON),
        ]);
        assert_eq!(versions, [owned("clip.v1", "clip.v1.mp4"), owned("clip.v2", "clip.v2.mp4")]);
        // Several views of one sample, a picture that goes with a video, and JSON about a member.
        assert_eq!(
            told(&[("a.left.mp4", b"1"), ("a.right.mp4", b"2"), ("a.txt", b"both")]),
            [owned("a", "a.left.mp4")]
        );
        assert_eq!(
            told(&[("a.seg.png", b"1"), ("a.mp4", b"2"), ("a.mp4.json", b"{}"), ("a.txt", b"x")]),
            [owned("a", "a.mp4")]
        );
        assert_eq!(told(&[("b.v1.mp4", b"1"), ("b.v1.TXT", b"one")]), [owned("b.v1", "b.v1.mp4")]);
    }

    #[test]
    fn where_a_video_or_words_are_missing_the_members_are_told() {
        let contents = scanned(&tar(&[
            ("000.info.json", b"{\"script\": \"she bakes\"}"),
            ("000.mp4", b"1"),
            ("000.mp4.json", b"{}"),
            ("001.mp4", b"1"),
            ("001.txt", b"x"),
        ]));
        assert_eq!(contents.samples[0].members, ["info.json", "mp4", "mp4.json"]);
        assert!(contents.samples[1].members.is_empty());
    }

    #[test]
    fn a_compressed_shard_is_told_from_a_damaged_one() {
        for (start, name) in [
            (&b"\x1f\x8b\x08\0\0\0"[..], "gzip"),
            (b"\x28\xb5\x2f\xfd\0\0", "zstd"),
            (b"\xfd7zXZ\0", "xz"),
            (b"BZh91A", "bzip2"),
        ] {
            let mut bytes = start.to_vec();
            bytes.resize(2000, 7);
            let contents = scanned(&bytes);
            assert_eq!(contents.compressed.as_deref(), Some(name));
            assert!(!contents.is_damaged && contents.samples.is_empty());
        }
    }

    #[test]
    fn a_member_that_is_there_twice_counts_once() {
        let contents = scanned(&tar(&[("a.mp4", b"1"), ("a.txt", b"t"), ("a.mp4", b"22")]));
        assert_eq!(contents.doubled, ["a"]);
        assert_eq!(contents.samples[0].media.as_ref().unwrap().len, 1);
    }

    #[test]
    fn a_tar_that_is_cut_or_damaged_gives_what_lies_before() {
        let bytes = tar(&[("a.mp4", &[1; 700]), ("a.json", JSON), ("b.mp4", &[2; 700])]);
        for cut in (0..bytes.len()).step_by(256) {
            let contents = scanned(&bytes[..cut]);
            assert!(contents.is_damaged, "cut at {cut}");
            if cut >= 512 + 1024 + 512 + 512 {
                assert!(contents.samples[0].record.is_ok());
            }
        }
        let mut flipped = bytes.clone();
        flipped[512 + 1024 + 512 + 512 + 3] ^= 1;
        let contents = scanned(&flipped);
        assert!(contents.is_damaged);
        assert_eq!(keys(&contents), ["a"]);
        assert!(scanned(&[7; 4096]).is_damaged);
        let empty = scanned(&tar(&[]));
        assert!(!empty.is_damaged && empty.samples.is_empty());
    }

    #[test]
    fn a_disk_that_fails_is_no_damaged_tar() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        impl Seek for Failing {
            fn seek(&mut self, _: io::SeekFrom) -> io::Result<u64> {
                Ok(0)
            }
        }
        assert!(scan(Failing, 5000).unwrap_err().to_string().contains("the disk is gone"));
    }
}
