//! Scalars in TensorBoard's event file format.
//!
//! A file is a sequence of TFRecords (length, masked CRC of the length, data, masked CRC of the data), each an `Event`
//! message: wall time, step, and a summary of one tagged number. Source: tensorflow/core/util/event.proto and
//! lib/io/record_writer.h. Written out here because the message has four fields, and the crates for it either panic on
//! a full disk or bring a protocol compiler.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::TrainError;

/// Files that one process may begin in a second.
const MOST_OF_A_SECOND: usize = 10_000;

/// An open event file.
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// A new file in `dir`, named as TensorBoard expects.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn create(dir: &Path) -> Result<Self, TrainError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("events.out.tfevents.{}.{}", now.as_secs(), std::process::id());
        let (path, file) = new_of_names(dir, &name)?;
        let mut events = Self { path, file };
        let mut event = double_field(1, now.as_secs_f64());
        event.extend(bytes_field(3, b"brain.Event:2"));
        events.write(&event)?;
        Ok(events)
    }

    /// Adds the numbers of a step.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), TrainError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let mut summary = Vec::new();
        for (tag, value) in values {
            let mut entry = bytes_field(1, tag.as_bytes());
            entry.push(2 << 3 | 5); // simple_value, 32 bit
            entry.extend((*value as f32).to_le_bytes());
            summary.extend(bytes_field(1, &entry));
        }
        let mut event = double_field(1, now);
        event.push(2 << 3); // step, varint
        event.extend(varint(step));
        event.extend(bytes_field(5, &summary));
        self.write(&event)
    }

    fn write(&mut self, event: &[u8]) -> Result<(), TrainError> {
        let length = (event.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked_crc(&length).to_le_bytes());
        record.extend(event);
        record.extend(masked_crc(event).to_le_bytes());
        self.file.write_all(&record).map_err(TrainError::writing(&self.path))
    }
}

/// A new file: a second one of the same second has a number behind its name. What lies there is not written to.
fn new_of_names(dir: &Path, name: &str) -> Result<(PathBuf, File), TrainError> {
    let numbered = (1..MOST_OF_A_SECOND).map(|number| dir.join(format!("{name}.{number}")));
    let mut path = dir.join(name);
    for next in numbered {
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => path = next,
            made => return Ok((path.clone(), made.map_err(TrainError::writing(&path))?)),
        }
    }
    Err(TrainError::writing(&path)(ErrorKind::AlreadyExists.into()))
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn bytes_field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    field.extend(varint(bytes.len() as u64));
    field.extend(bytes);
    field
}

fn double_field(number: u8, value: f64) -> Vec<u8> {
    let mut field = vec![number << 3 | 1];
    field.extend(value.to_le_bytes());
    field
}

/// CRC-32C (Castagnoli), rotated and shifted as TFRecord wants it.
fn masked_crc(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of CRC-32C: 0xe3069283 for "123456789".
        let unmasked = masked_crc(b"123456789").wrapping_sub(0xa282_ead8).rotate_left(15);
        assert_eq!(unmasked, 0xe306_9283);
    }

    #[test]
    fn what_lies_under_the_name_of_a_new_file_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("kept");
        std::fs::write(&kept, "kept").unwrap();
        std::os::unix::fs::symlink(&kept, dir.path().join("events")).unwrap();
        for number in 1..3 {
            let (path, mut file) = new_of_names(dir.path(), "events").unwrap();
            file.write_all(b"new").unwrap();
            assert_eq!(path, dir.path().join(format!("events.{number}")));
        }
        assert_eq!(std::fs::read(&kept).unwrap(), b"kept");
    }

    #[test]
    fn a_record_holds_its_length_and_both_checksums() {
        let dir = tempfile::tempdir().unwrap();
        let mut events = EventFile::create(dir.path()).unwrap();
        events.scalars(300, &[("loss/total", 1.5)]).unwrap();
        let bytes = std::fs::read(&events.path).unwrap();
        let mut at = 0;
        let mut records = Vec::new();
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            let crc = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap());
            assert_eq!(crc, masked_crc(&bytes[at..at + 8]));
            let data = &bytes[at + 12..at + 12 + length];
            let crc =
                u32::from_le_bytes(bytes[at + 12 + length..at + 16 + length].try_into().unwrap());
            assert_eq!(crc, masked_crc(data));
            records.push(data.to_vec());
            at += 16 + length;
        }
        assert_eq!(records.len(), 2);
        let text = String::from_utf8_lossy(&records[1]);
        assert!(text.contains("loss/total"));
        // Step 300 as a varint: 0xac 0x02 after the tag 0x10.
        assert!(records[1].windows(3).any(|w| w == [0x10, 0xac, 0x02]));
        assert!(records[1].windows(4).any(|w| w == 1.5f32.to_le_bytes()));
    }
}
