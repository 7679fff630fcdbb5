//! Files that are not what they should be: genuine formats, mutated. Whatever the bytes, reading
//! ends with a report or an error that names the file; it never panics, and takes no more memory
//! than a small multiple of the file.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::alloc::{GlobalAlloc, Layout as MemoryLayout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use locvtp_corpus::layouts::Taxonomy;
use locvtp_corpus::layouts::read_tasks;
use locvtp_corpus::layouts::{read_task_names, read_video_list};
use locvtp_corpus::{
    CorpusReader, FileLookup, IdList, Layout, NarratedVideo, NarrationCare, ReadSettings,
    ShardSettings,
};
use proptest::prelude::*;

/// The largest block that was asked for at once.
struct Watched;
static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: MemoryLayout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: MemoryLayout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: MemoryLayout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Files are a few hundred bytes to a few hundred kilobytes; buffers are at most 1 MiB.
const MOST_AT_ONCE: usize = 48 << 20;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every fixture that a reader opens, by its path below the fixtures.
const FILES: [&str; 36] = [
    "qvhighlights/highlight_val_release.jsonl",
    "activitynet/train.json",
    "activitynet/val_2.json",
    "cc3m/Train_GCC-training.tsv",
    "charades/Charades_v1_train.csv",
    "charades/charades_sta_train.txt",
    "coin/COIN.json",
    "coin/taxonomy.xlsx",
    "crosstask/crosstask_constraints/23521_4Sqh-PlUzeo.csv",
    "crosstask/crosstask_release/annotations/23521_4Sqh-PlUzeo.csv",
    "crosstask/crosstask_release/tasks_primary.txt",
    "crosstask/crosstask_release/tasks_related.txt",
    "crosstask/crosstask_release/videos.csv",
    "crosstask/crosstask_release/videos_val.csv",
    "howto100m/HowTo100M_v1.csv",
    "howto100m/caption.json",
    "howto100m/mil_nce_list.csv",
    "howto100m_csv/nVbIUDjzWY4.csv",
    "manifest/spans.csv",
    "manifest_lines/spans.jsonl",
    "msrvtt/train_val_videodatainfo.json",
    "msrvtt_1ka/MSRVTT_JSFUSION_test.csv",
    "msrvtt_1ka/MSRVTT_data.json",
    "msrvtt_1ka/MSRVTT_train.9k.csv",
    "msrvtt_frozen/annotation/MSR_VTT.json",
    "msrvtt_frozen/high-quality/structured-symlinks/train_list_jsfusion.txt",
    "shards/00000.tar",
    "shards/00001.tar",
    "subtitles/dawn.en.vtt",
    "subtitles/dusk.srt",
    "tacos/train.json",
    "transcripts/talk.en.json3",
    "transcripts/talk.en.srv3",
    "transcripts/talk.json",
    "transcripts/talk.tsv",
    "youcook2/youcookii_annotations_trainval.json",
];

/// What is done to a file's bytes; places are shares of its length.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(f64, u8),
    Cut(f64),
    Remove(f64, usize),
    Repeat(f64, usize),
    Insert(f64, Vec<u8>),
    Prefix(Vec<u8>),
    CarriageReturns,
    Utf16,
}

/// What goes wrong in files, besides chance.
fn nasty() -> Vec<Vec<u8>> {
    let mut pieces: Vec<Vec<u8>> = [
        &b"\xef\xbb\xbf"[..],
        b"\xff\xfe",
        b"\xe8\x80\x00",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-1e308",
        b"99999999999999999999999999",
        b"\\ud800",
        b"\"",
        b"\"\"",
        b"\\",
        b",,,,",
        b"[[[[",
        b"}}}}",
        b"\r",
        b"\n\n",
        b"-->",
        b"##",
        b"null",
        b"../../../etc/passwd",
        b"&lt;<c>",
        b"00:00:00.000 --> 99999999999:00:00.000",
    ]
    .iter()
    .map(|piece| piece.to_vec())
    .collect();
    pieces.push(b"[".repeat(100_000));
    pieces.push(b"{\"a\":".repeat(50_000));
    pieces.push(b"a".repeat(300_000));
    pieces.push(b"9".repeat(5_000));
    pieces
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = 0.0..1.0f64;
    prop_oneof![
        4 => (place.clone(), any::<u8>()).prop_map(|(at, byte)| Mutation::Flip(at, byte)),
        2 => place.clone().prop_map(Mutation::Cut),
        2 => (place.clone(), 1..60usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
        2 => (place.clone(), 1..60usize).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        4 => (place, prop::sample::select(nasty())).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        1 => prop::sample::select(nasty()).prop_map(Mutation::Prefix),
        1 => Just(Mutation::CarriageReturns),
        1 => Just(Mutation::Utf16),
    ]
}

fn mutated(mut bytes: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
    for mutation in mutations {
        let place = |share: f64| (share * bytes.len() as f64) as usize;
        match mutation {
            Mutation::Flip(at, byte) => {
                let at = place(*at);
                if let Some(found) = bytes.get_mut(at) {
                    *found = *byte;
                }
            }
            Mutation::Cut(at) => bytes.truncate(place(*at)),
            Mutation::Remove(at, count) => {
                let at = place(*at);
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Mutation::Repeat(at, count) => {
                let at = place(*at);
                let end = (at + count).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            Mutation::Insert(at, piece) => {
                let at = place(*at);
                bytes.splice(at..at, piece.iter().copied());
            }
            Mutation::Prefix(piece) => {
                bytes.splice(0..0, piece.iter().copied());
            }
            Mutation::CarriageReturns => {
                bytes = String::from_utf8_lossy(&bytes).replace('\n', "\r\n").into_bytes();
            }
            Mutation::Utf16 => {
                let text = format!("\u{feff}{}", String::from_utf8_lossy(&bytes));
                bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            }
        }
    }
    bytes
}

/// A copy of the fixture's whole folder with `bytes` in the place of the file.
fn folder_with(file: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &target);
            } else {
                std::fs::copy(&path, &target).unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let (folder, inside) = file.split_once('/').unwrap();
    copy(&fixtures().join(folder), &dir.path().join(folder));
    let path = dir.path().join(folder).join(inside);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// Reads the folder as whatever it seems to be, and the file as every layout; checks what is promised
/// of whatever comes out.
fn read_every_way(folder: &Path, file: &Path) {
    let care = NarrationCare { remove_repeats: true, merge_to_s: 10.0, grow_to_s: 4.0 };
    let cache = tempfile::tempdir().unwrap();
    let shards = ShardSettings { cache: Some(cache.path().to_owned()), ..Default::default() };
    let settings = |layout| ReadSettings {
        layout,
        narration: care.clone(),
        shards: shards.clone(),
        ..Default::default()
    };
    let folder_of = file.parent().unwrap();
    let mut ways = vec![(folder, settings(None)), (folder_of, settings(Some(Layout::CrossTask)))];
    ways.push((folder_of, settings(Some(Layout::HowTo100m))));
    ways.extend(Layout::ALL.map(|layout| (file, settings(Some(layout)))));
    for (path, settings) in ways {
        let reader = match CorpusReader::new(path, &settings, FileLookup::WhereThereIsAFolder) {
            Ok(reader) => reader,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        for source in reader.sources() {
            let mut videos: Vec<NarratedVideo> = Vec::new();
            match reader.read(source, &mut videos) {
                Ok(report) => {
                    assert_eq!(report.videos, videos.len());
                    let captions: usize = videos.iter().map(|video| video.captions.len()).sum();
                    assert_eq!(report.captions, captions);
                    assert!(report.captions_s.is_finite() && report.captions_s >= 0.0);
                }
                Err(error) => assert!(error.to_string().len() > 10, "{error}"),
            }
            for video in &videos {
                assert!(!video.captions.is_empty(), "{video:?}");
                assert!(video.captions.is_sorted_by(|a, b| a.span.start <= b.span.start));
                for caption in &video.captions {
                    let (start, end) = (caption.span.start.0, caption.span.end.0);
                    assert!(start >= 0.0 && start < end && start.is_finite(), "{caption:?}");
                    assert!(!caption.text.trim().is_empty(), "{caption:?}");
                    assert!(!caption.text.contains(['\n', '\r']), "{caption:?}");
                }
            }
        }
    }
    let _ = IdList::read(file);
    let _ = Taxonomy::read(file);
    let _ = read_tasks(file);
    let _ = read_video_list(file);
    let _ = read_task_names(file);
}

fn survive(file: &str, bytes: &[u8]) {
    let (dir, path) = folder_with(file, bytes);
    read_every_way(dir.path(), &path);
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest < MOST_AT_ONCE, "{file}: {largest} bytes at once for {} bytes", bytes.len());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("LOCVTP_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_mutated_file_makes_reading_panic_or_take_much_memory(
        file in prop::sample::select(FILES.to_vec()),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let bytes = std::fs::read(fixtures().join(file)).unwrap();
        survive(file, &mutated(bytes, &mutations));
    }
}

#[test]
fn every_file_survives_every_kind_of_damage_once() {
    for file in FILES {
        let bytes = std::fs::read(fixtures().join(file)).unwrap();
        survive(file, b"");
        survive(file, &bytes);
        for mutation in [Mutation::CarriageReturns, Mutation::Utf16, Mutation::Cut(0.5)] {
            survive(file, &mutated(bytes.clone(), &[mutation]));
        }
    }
    for piece in nasty() {
        survive("howto100m/caption.json", &piece);
        survive("manifest/spans.csv", &piece);
    }
}

#[test]
fn a_workbook_that_unpacks_without_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("taxonomy.xlsx");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    archive.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..40 {
        std::io::Write::write_all(&mut archive, &spaces).unwrap();
    }
    archive.finish().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 200_000, "40 MiB of spaces pack well");
    let error = Taxonomy::read(&path).unwrap_err().to_string();
    assert!(error.contains("too large"), "{error}");
}
