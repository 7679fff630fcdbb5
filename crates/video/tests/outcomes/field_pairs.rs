//! H.264 whose fields are coded apart, as interlaced television and camcorders have it; x264 cannot make
//! it. Main profile, every block raw (I_PCM), in a transport stream with one time for both fields.

use std::fs;
use std::path::{Path, PathBuf};

use crate::burned_in_code::picture;
use crate::maker::{SOURCE, Source};

/// Frames from key frame to key frame.
const KEY_EVERY: usize = 10;
const BLOCK: usize = 16;
const VIDEO_PID: u16 = 0x100;
const TABLE_PID: u16 = 0x1000;
/// Ticks of a transport stream's clock from frame to frame, and at the first.
const FRAME_TICKS: u64 = 3600;
const FIRST_TICKS: u64 = 90_000;

/// The numbered pictures in a transport stream, two fields a frame.
pub(crate) fn field_pairs(folder: &Path, file: &str) -> PathBuf {
    let mut stream = TransportStream::default();
    for number in 0..SOURCE.count {
        if number % KEY_EVERY == 0 {
            stream.tables();
        }
        let access_units: Vec<u8> =
            [false, true].into_iter().flat_map(|is_bottom| field(number, is_bottom)).collect();
        stream.picture(FIRST_TICKS + FRAME_TICKS * number as u64, &access_units);
    }
    let path = folder.join(file);
    fs::write(&path, stream.bytes).unwrap();
    path
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are taken.
    taken: u32,
}

impl BitWriter {
    fn bits(&mut self, count: u32, value: u32) -> &mut Self {
        for at in (0..count).rev() {
            if self.taken == 0 {
                self.bytes.push(0);
            }
            let bit = (value >> at & 1) as u8;
            *self.bytes.last_mut().unwrap() |= bit << (7 - self.taken);
            self.taken = (self.taken + 1) % 8;
        }
        self
    }

    /// Exp-Golomb: so many zeros as the number plus one has bits behind its first.
    fn golomb(&mut self, values: &[u32]) -> &mut Self {
        for value in values {
            self.bits(2 * (value + 1).ilog2() + 1, value + 1);
        }
        self
    }

    fn align(&mut self) -> &mut Self {
        self.taken = 0;
        self
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.align().bytes.extend_from_slice(bytes);
        self
    }

    /// A unit with its start code, the end bit, and threes where a start code would arise.
    fn unit(&mut self, head: u8) -> Vec<u8> {
        self.bits(1, 1);
        let mut unit = vec![0, 0, 0, 1, head];
        let mut zeros = 0;
        for &byte in &self.bytes {
            if zeros >= 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            unit.push(byte);
            zeros = if byte == 0 { zeros + 1 } else { 0 };
        }
        unit
    }
}

fn parameters() -> Vec<u8> {
    let (columns, rows_of_pairs) = (SOURCE.width / BLOCK, SOURCE.height / BLOCK / 2);
    let mut sequence = BitWriter::default();
    // Profile, flags, level; number 0, frame numbers and picture orders of 8 bits, one reference.
    sequence.bits(8, 77).bits(8, 0).bits(8, 30).golomb(&[0, 4, 0, 4, 1]).bits(1, 0);
    sequence.golomb(&[columns as u32 - 1, rows_of_pairs as u32 - 1]);
    // Fields allowed, not block by block; direct inference; no cropping; more follows: 50 fields a
    // second, nothing reordered.
    sequence.bits(2, 0b00).bits(1, 1).bits(1, 0).bits(1, 1).bits(4, 0);
    sequence.bits(1, 1).bits(32, 1).bits(32, 50).bits(1, 1).bits(3, 0);
    sequence.bits(2, 0b11).golomb(&[0, 0, 10, 10, 0, 1]);
    let mut pictures = BitWriter::default();
    pictures.golomb(&[0, 0]).bits(2, 0).golomb(&[0, 0, 0]).bits(3, 0).golomb(&[0, 0, 0]);
    pictures.bits(3, 0b100);
    [sequence.unit(0x67), pictures.unit(0x68)].concat()
}

/// Every second row of a picture, from the first or the second on.
fn field(number: usize, is_bottom: bool) -> Vec<u8> {
    let Source { width, height, .. } = SOURCE;
    let in_group = number % KEY_EVERY;
    let is_key = in_group == 0 && !is_bottom;
    let mut slice = BitWriter::default();
    slice.golomb(&[0, 7, 0]).bits(8, in_group as u32).bits(2, 0b10 | u32::from(is_bottom));
    if is_key {
        slice.golomb(&[(number / KEY_EVERY % 2) as u32]);
    }
    slice.bits(8, 2 * in_group as u32 + u32::from(is_bottom));
    slice.bits(if is_key { 2 } else { 1 }, 0).golomb(&[0, 1]);
    let rgb = picture(number, width, height);
    let luma = |x: usize, y: usize| {
        let [r, g, b] = [0, 1, 2].map(|i| u32::from(rgb[(y * width + x) * 3 + i]));
        (16 + (66 * r + 129 * g + 25 * b) / 256) as u8
    };
    for row in 0..height / BLOCK / 2 {
        for column in 0..width / BLOCK {
            let block = (0..BLOCK * BLOCK).map(|at| {
                let y = 2 * (row * BLOCK + at / BLOCK) + usize::from(is_bottom);
                luma(column * BLOCK + at % BLOCK, y)
            });
            slice.golomb(&[25]).raw(&block.collect::<Vec<u8>>()).raw(&[128; 128]);
        }
    }
    let parameters = if is_key { parameters() } else { Vec::new() };
    let delimiter = vec![0, 0, 0, 1, 9, 0xf0];
    [delimiter, parameters, slice.unit(if is_key { 0x65 } else { 0x41 })].concat()
}

#[derive(Default)]
struct TransportStream {
    bytes: Vec<u8>,
    /// Packets so far, by stream.
    counts: std::collections::BTreeMap<u16, u8>,
}

impl TransportStream {
    /// Which programs there are, and of which streams the only one is made.
    fn tables(&mut self) {
        let (table, video) = (TABLE_PID.to_be_bytes(), VIDEO_PID.to_be_bytes());
        let [t, v] = [table, video].map(|pid| [pid[0] | 0xe0, pid[1]]);
        let programs = [0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, t[0], t[1]];
        self.section(0, &programs);
        let streams =
            [0x02, 0xb0, 18, 0, 1, 0xc1, 0, 0, v[0], v[1], 0xf0, 0, 0x1b, v[0], v[1], 0xf0, 0];
        self.section(TABLE_PID, &streams);
    }

    fn section(&mut self, pid: u16, body: &[u8]) {
        let mut section = [&[0], body, &checksum(body).to_be_bytes()].concat();
        section.resize(184, 0xff);
        self.packets(pid, &section);
    }

    fn picture(&mut self, ticks: u64, data: &[u8]) {
        let part = |shift: u32| (ticks >> shift << 1) as u8 | 1;
        let time =
            [0x20 | part(30) & 0x0f, (ticks >> 22) as u8, part(15), (ticks >> 7) as u8, part(0)];
        let head = [0, 0, 1, 0xe0, 0, 0, 0x84, 0x80, 5];
        self.packets(VIDEO_PID, &[&head[..], &time, data].concat());
    }

    fn packets(&mut self, pid: u16, data: &[u8]) {
        for (at, payload) in data.chunks(184).enumerate() {
            let count = self.counts.entry(pid).or_default();
            let is_full = payload.len() == 184;
            let begins = u8::from(at == 0) << 6;
            let [high, low] = pid.to_be_bytes();
            let kind = if is_full { 0x10 } else { 0x30 };
            self.bytes.extend([0x47, begins | high, low, kind | *count]);
            *count = (*count + 1) % 16;
            if !is_full {
                let filler = 183 - payload.len();
                self.bytes.push(filler as u8);
                let flags = [0].into_iter().chain(std::iter::repeat(0xff));
                self.bytes.extend(flags.take(filler));
            }
            self.bytes.extend_from_slice(payload);
        }
    }
}

/// The check sum of MPEG's tables.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        let shift = |sum: u32, _| sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 };
        (0..8).fold(sum ^ u32::from(*byte) << 24, shift)
    };
    bytes.iter().fold(!0, step)
}
