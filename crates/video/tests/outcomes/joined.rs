//! Recordings joined byte for byte, with their clocks, and pictures packed in odd ways.

use std::fs;
use std::path::{Path, PathBuf};

use crate::maker::written;

/// The files one after another.
pub(crate) fn joined(folder: &Path, file: &str, parts: &[&str]) -> PathBuf {
    let bytes: Vec<u8> =
        parts.iter().flat_map(|part| fs::read(folder.join(part)).unwrap()).collect();
    written(folder, file, &bytes)
}

/// A transport stream without the packets of its first pictures, of those in the order of the file.
pub(crate) fn beheaded(folder: &Path, file: &str, from: &str, num_pictures: usize) -> PathBuf {
    const PACKET: usize = 188;
    const VIDEO: u16 = 0x100;
    let bytes = fs::read(folder.join(from)).unwrap();
    let (mut num_begun, mut rest) = (0, Vec::new());
    for packet in bytes.chunks(PACKET) {
        let is_video = u16::from(packet[1] & 0x1f) << 8 | u16::from(packet[2]) == VIDEO;
        let begins = packet[1] & 0x40 != 0;
        num_begun += usize::from(is_video && begins);
        if !is_video || num_begun > num_pictures {
            rest.extend_from_slice(packet);
        }
    }
    written(folder, file, &rest)
}

/// Two FLV files as a recorder writes them that was connected twice: one header, two clocks.
pub(crate) fn flv_with_two_clocks(folder: &Path, file: &str, parts: [&str; 2]) -> PathBuf {
    const HEADER: usize = 13;
    let [first, second] = parts.map(|part| fs::read(folder.join(part)).unwrap());
    written(folder, file, &[&first[..], &second[HEADER..]].concat())
}

/// A fragmented MP4 and the fragments of another one alone.
pub(crate) fn fragments_with_two_clocks(folder: &Path, file: &str, parts: [&str; 2]) -> PathBuf {
    let [first, second] = parts.map(|part| boxes(folder, part));
    let first = first.iter().filter(|(kind, _)| kind != b"mfra");
    let second = second.iter().filter(|(kind, _)| kind == b"moof" || kind == b"mdat");
    let bytes: Vec<u8> = first.chain(second).flat_map(|(_, bytes)| bytes.clone()).collect();
    written(folder, file, &bytes)
}

/// A fragmented MP4 without its second fragment.
pub(crate) fn without_a_fragment(folder: &Path, file: &str, from: &str) -> PathBuf {
    let mut boxes = boxes(folder, from);
    boxes.retain(|(kind, _)| kind != b"mfra");
    let first = boxes.iter().position(|(kind, _)| kind == b"moof").unwrap();
    boxes.drain(first + 2..first + 4);
    let bytes: Vec<u8> = boxes.into_iter().flat_map(|(_, bytes)| bytes).collect();
    written(folder, file, &bytes)
}

/// What stands at the top of an MP4, by kind.
fn boxes(folder: &Path, file: &str) -> Vec<([u8; 4], Vec<u8>)> {
    let bytes = fs::read(folder.join(file)).unwrap();
    let (mut rest, mut boxes) = (bytes.as_slice(), Vec::new());
    while rest.len() >= 8 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        boxes.push((rest[4..8].try_into().unwrap(), rest[..size].to_vec()));
        rest = &rest[size..];
    }
    boxes
}

/// An AVI of MPEG-4 whose B-frames are packed with the picture before them, and a short "as before"
/// in their place, as DivX wrote them.
pub(crate) fn packed_b_frames(folder: &Path, file: &str, from: &str) -> PathBuf {
    const PICTURE: &[u8] = b"\0\0\x01\xb6";
    const AS_BEFORE: &[u8] = b"\0\0\x01\xb6\x50\x4f";
    const WRITER: &[u8] = b"\0\0\x01\xb2DivX503b1393p";
    let bytes = fs::read(folder.join(from)).unwrap();
    let place = |tag: &[u8]| bytes.windows(4).position(|window| window == tag).unwrap();
    let (begin, end) = (place(b"movi") + 4, place(b"idx1"));
    let mut pictures: Vec<Vec<u8>> = Vec::new();
    let mut rest = &bytes[begin..end];
    while rest.len() >= 8 {
        let size = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        let data = &rest[8..8 + size];
        let kind_at = data.windows(4).position(|window| window == PICTURE).unwrap() + 4;
        match pictures.last_mut() {
            Some(before) if data[kind_at] >> 6 == 2 => {
                before.extend_from_slice(data);
                pictures.push(AS_BEFORE.to_vec());
            }
            Some(_) => pictures.push(data.to_vec()),
            None => pictures.push([WRITER, data].concat()),
        }
        rest = &rest[(8 + size).next_multiple_of(2).min(rest.len())..];
    }
    let (mut movie, mut index) = (b"movi".to_vec(), Vec::new());
    for data in &pictures {
        let length = (data.len() as u32).to_le_bytes();
        index.extend([&b"00dc\0\0\0\0"[..], &(movie.len() as u32).to_le_bytes(), &length].concat());
        movie.extend([&b"00dc"[..], &length, data, &[0][..data.len() % 2]].concat());
    }
    let chunk = |tag: &[u8], body: &[u8]| [tag, &(body.len() as u32).to_le_bytes(), body].concat();
    let header = &bytes[12..begin - 12];
    let body = [b"AVI ", header, &chunk(b"LIST", &movie), &chunk(b"idx1", &index)].concat();
    written(folder, file, &chunk(b"RIFF", &body))
}
