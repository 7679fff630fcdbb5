//! What opening a long file takes of memory, counted by an allocator that watches.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use locvtp_video::{Encoder, EncoderSettings, VideoReader};

include!("../../../tests/support/watched_memory.rs");

#[test]
fn a_frame_costs_some_bytes_while_a_file_is_opened_and_fewer_afterwards() {
    // Just more than a power of two: a list that doubles would have room for twice as many, beside the half.
    const FRAMES: usize = 33_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.mp4");
    let mut encoder = Encoder::create(&path, EncoderSettings::new(32, 32, 30)).unwrap();
    for frame in 0..FRAMES {
        encoder.push(&[(frame / 300) as u8; 32 * 32 * 3]).unwrap();
    }
    encoder.finish().unwrap();

    let (reader, most, kept) = memory_of(|| VideoReader::open(&path).unwrap());
    assert_eq!(reader.frame_table().len(), FRAMES);
    let [most, kept] = [most, kept].map(|bytes| bytes / FRAMES);
    assert!(most < 120, "{most} bytes a frame while it is opened");
    assert!(kept < 24, "{kept} bytes a frame afterwards");
}
