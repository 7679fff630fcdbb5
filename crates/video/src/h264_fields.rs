//! Which packets of an H.264 stream begin a picture.
//!
//! Interlaced television codes the two fields of a frame apart where that is shorter. Readers of
//! containers then give two packets for one frame, and the decoder one frame for two packets. The
//! first slice's header says which: two fields belong together when they follow each other, are of
//! opposite parity, and have the same frame number.

use std::collections::BTreeMap;

use crate::bits::{Bits, start_code};
use crate::content::Content;
use crate::nal_units::{unit_behind_length, units};

/// Bytes of a slice that are looked at; its header's first fields are shorter.
const SLICE_BYTES: usize = 48;
/// The same of sequence parameters, which may hold lists of numbers.
const PARAMETER_BYTES: usize = 1024;

/// What the packets so far have told.
#[derive(Default)]
pub(crate) struct H264Fields {
    /// Bytes of a unit's length in MP4 and Matroska; none where start codes divide units.
    length_bytes: Option<usize>,
    sequences: BTreeMap<u32, Sequence>,
    /// Sequence parameters of picture parameters.
    sequence_of: BTreeMap<u32, u32>,
    /// A first field whose second may come next.
    open: Option<Field>,
}

/// Of sequence parameters what the slice header needs.
#[derive(Clone, Copy)]
struct Sequence {
    has_fields: bool,
    separate_planes: bool,
    frame_number_bits: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Field {
    is_bottom: bool,
    frame_number: u32,
}

/// The picture that a slice is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slice {
    Frame,
    Field(Field),
    Unknown,
}

impl H264Fields {
    /// With the parameters that stand in the container's header.
    pub(crate) fn new(header: &[u8]) -> Self {
        let mut fields = Self::default();
        if header.first() != Some(&1) || header.len() < 7 {
            fields.tell(header);
            return fields;
        }
        fields.length_bytes = Some(usize::from(header[4] & 3) + 1);
        // A count of sequence parameters, each behind its length of two bytes, then the same of
        // picture parameters.
        let mut rest = &header[5..];
        for mask in [0x1f, 0xff] {
            let Some((count, behind)) = rest.split_first() else { break };
            rest = behind;
            for _ in 0..count & mask {
                let Some((unit, behind)) = unit_behind_length(rest, 2) else { return fields };
                fields.parameters(unit);
                rest = behind;
            }
        }
        fields
    }

    /// What the next packet holds.
    pub(crate) fn tell(&mut self, packet: &[u8]) -> Content {
        let mut first: Option<Field> = None;
        for unit in units(packet, self.length_bytes) {
            // What cannot be taken apart is taken for what it most often is.
            let Some(unit) = unit else { return self.frame() };
            if is_beside_pictures(unit) {
                self.parameters(unit);
                continue;
            }
            if !is_slice(unit) {
                return self.frame();
            }
            match (self.slice(unit), first) {
                (Slice::Field(field), None) => first = Some(field),
                (Slice::Field(field), Some(first)) if field.is_bottom == first.is_bottom => {}
                // A frame, or both fields in one packet.
                _ => return self.frame(),
            }
        }
        let Some(field) = first else { return Content::Nothing };
        let other = Field { is_bottom: !field.is_bottom, ..field };
        if self.open.take() == Some(other) {
            return Content::SecondField;
        }
        self.open = Some(field);
        Content::Picture
    }

    fn frame(&mut self) -> Content {
        self.open = None;
        Content::Picture
    }

    fn slice(&self, unit: &[u8]) -> Slice {
        let plain = unescaped(&unit[1..unit.len().min(SLICE_BYTES)]);
        self.read_slice(&plain).unwrap_or(Slice::Unknown)
    }

    fn read_slice(&self, header: &[u8]) -> Option<Slice> {
        let mut bits = Bits::new(header);
        let (_first_block, _kind) = (bits.golomb()?, bits.golomb()?);
        let picture = bits.golomb()?;
        let sequence = self.sequences.get(self.sequence_of.get(&picture)?)?;
        if !sequence.has_fields {
            return Some(Slice::Frame);
        }
        if sequence.separate_planes {
            bits.skip(2);
        }
        let frame_number = bits.number(sequence.frame_number_bits)?;
        if !bits.flag()? {
            return Some(Slice::Frame);
        }
        Some(Slice::Field(Field { is_bottom: bits.flag()?, frame_number }))
    }

    /// Remembers a unit of parameters; others are passed over.
    fn parameters(&mut self, unit: &[u8]) {
        match unit.first().map(|head| head & 0x1f) {
            Some(7) => {
                if let Some((id, sequence)) =
                    sequence(&unescaped(&unit[1..unit.len().min(PARAMETER_BYTES)]))
                {
                    self.sequences.insert(id, sequence);
                }
            }
            Some(8) => {
                let plain = unescaped(&unit[1..unit.len().min(SLICE_BYTES)]);
                let mut bits = Bits::new(&plain);
                if let (Some(id), Some(sequence)) = (bits.golomb(), bits.golomb()) {
                    self.sequence_of.insert(id, sequence);
                }
            }
            _ => {}
        }
    }
}

/// Units that stand beside pictures: parameters, delimiters and messages. Of another kind is what a
/// damaged picture looks like, as is a delimiter that is too long.
fn is_beside_pictures(unit: &[u8]) -> bool {
    const LONGEST_DELIMITER: usize = 4;
    match unit.first() {
        Some(head) if head & 0x80 != 0 => false,
        Some(head) if head & 0x1f == 9 => {
            start_code(unit, 0).unwrap_or(unit.len()) <= LONGEST_DELIMITER
        }
        Some(head) => matches!(head & 0x1f, 6..=8 | 10..=15 | 19 | 20),
        None => true,
    }
}

/// Units of the pictures themselves: whole slices, and the first parts of divided ones.
fn is_slice(unit: &[u8]) -> bool {
    unit.first().is_some_and(|head| matches!(head & 0x1f, 1 | 2 | 5))
}

/// Without the threes that keep `00 00 01` from occurring inside a unit.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != 3 || at < 2 || bytes[at - 2..at] != [0, 0] {
            plain.push(*byte);
        }
    }
    plain
}

/// Whether these bytes behind a unit's first can be sequence parameters: of a known profile and
/// level, with no bit set that is kept for later.
pub(crate) fn is_sequence(bytes: &[u8]) -> bool {
    const WITHOUT_COLOUR_FORMAT: [u32; 3] = [66, 77, 88];
    const LEVELS: std::ops::RangeInclusive<u8> = 9..=62;
    let [profile, flags, level, ..] = bytes else { return false };
    let profile = u32::from(*profile);
    let is_known =
        WITHOUT_COLOUR_FORMAT.contains(&profile) || WITH_COLOUR_FORMAT.contains(&profile);
    is_known
        && flags & 3 == 0
        && LEVELS.contains(level)
        && sequence(&unescaped(&bytes[..bytes.len().min(PARAMETER_BYTES)])).is_some()
}

/// Profiles whose parameters name a colour format.
const WITH_COLOUR_FORMAT: [u32; 13] =
    [44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244];

/// Sequence parameters and their number (H.264, 7.3.2.1.1).
fn sequence(bytes: &[u8]) -> Option<(u32, Sequence)> {
    let mut bits = Bits::new(bytes);
    let profile = bits.number(8)?;
    bits.skip(16);
    let id = bits.golomb()?;
    let mut separate_planes = false;
    if WITH_COLOUR_FORMAT.contains(&profile) {
        let colour_format = bits.golomb()?;
        separate_planes = colour_format == 3 && bits.flag()?;
        let (_luma_bits, _chroma_bits, _bypass) = (bits.golomb()?, bits.golomb()?, bits.flag()?);
        if bits.flag()? {
            for list in 0..if colour_format == 3 { 12 } else { 8 } {
                if bits.flag()? {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    let frame_number_bits = bits.golomb()?.checked_add(4).filter(|count| *count <= 16)?;
    match bits.golomb()? {
        0 => drop(bits.golomb()?),
        1 => {
            bits.flag()?;
            let (_offset, _top_to_bottom) = (bits.signed_golomb()?, bits.signed_golomb()?);
            for _ in 0..bits.golomb()?.min(255) {
                bits.signed_golomb()?;
            }
        }
        _ => {}
    }
    let (_references, _gaps) = (bits.golomb()?, bits.flag()?);
    let (_width, _height) = (bits.golomb()?, bits.golomb()?);
    let has_fields = !bits.flag()?;
    Some((id, Sequence { has_fields, separate_planes, frame_number_bits }))
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed_golomb()? + 256) % 256;
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits written as text, spaces between fields, filled up to whole bytes.
    fn unit(head: u8, bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|b| *b != b' ').map(|b| b - b'0').collect();
        let byte = |bits: &[u8]| (0..8).fold(0, |n, i| n << 1 | bits.get(i).copied().unwrap_or(0));
        [0, 0, 1, head].into_iter().chain(bits.chunks(8).map(byte)).collect()
    }

    /// Baseline-like parameters: `last` is 1 for frames only, 0 where there may be fields.
    fn parameters(last: char) -> Vec<u8> {
        // profile 66, flags, level; id 0; 4 bits of frame number; order 2; 1 reference; no gaps;
        // 1 x 1 blocks.
        let sequence = format!("01000010 00000000 00011110 1 1 011 010 0 1 1 {last} 1");
        [unit(0x67, &sequence), unit(0x68, "1 1 1")].concat()
    }

    /// First block 0, kind 7, picture parameters 0, frame number, field flag, bottom flag.
    fn field(number: &str, bottom: char) -> Vec<u8> {
        unit(0x41, &format!("1 0001000 1 {number} 1 {bottom} 1111"))
    }

    fn frame(number: &str) -> Vec<u8> {
        unit(0x41, &format!("1 0001000 1 {number} 0 1111"))
    }

    #[test]
    fn two_fields_of_a_frame_are_one_picture_and_a_lost_field_shifts_nothing() {
        use Content::{Picture, SecondField};
        let mut fields = H264Fields::new(&parameters('0'));
        for (packet, expected) in [
            (field("0000", '0'), Picture),
            (field("0000", '1'), SecondField),
            (field("0001", '0'), Picture),
            // The bottom field of 1 and the top field of 2 are lost.
            (field("0010", '1'), Picture),
            (field("0011", '0'), Picture),
            (field("0011", '1'), SecondField),
            // Bottom first, then both fields in one packet, then whole frames.
            (field("0100", '1'), Picture),
            (field("0100", '0'), SecondField),
            ([field("0101", '0'), field("0101", '1')].concat(), Picture),
            (field("0101", '1'), Picture),
            (frame("0110"), Picture),
            (frame("0110"), Picture),
        ] {
            assert!(fields.tell(&packet) == expected);
        }
    }

    #[test]
    fn where_there_are_no_fields_every_packet_with_a_slice_is_a_picture() {
        let mut fields = H264Fields::new(&[]);
        assert!(fields.tell(&field("0000", '0')) == Content::Picture);
        let packet = [parameters('1'), field("0000", '0')].concat();
        assert!(fields.tell(&packet) == Content::Picture);
        assert!(fields.tell(&field("0000", '1')) == Content::Picture);
        assert!(fields.tell(&parameters('1')) == Content::Nothing);
        assert!(fields.tell(&[1, 2, 3]) == Content::Picture);
    }

    #[test]
    fn units_behind_their_lengths_are_read_with_the_parameters_of_the_container() {
        let sizes =
            |unit: Vec<u8>| [vec![0, 0, 0, unit.len() as u8 - 3], unit[3..].to_vec()].concat();
        let all = parameters('0');
        let second = start_code(&all, 1).unwrap();
        let (sequence, picture) = (&all[3..second], &all[second + 3..]);
        // Version, profile and level, lengths of 4 bytes, one of each kind of parameters.
        let mut header = vec![1, 66, 0, 30, 0xff, 0xe1, 0, sequence.len() as u8];
        header.extend(sequence);
        header.extend([1, 0, picture.len() as u8]);
        header.extend(picture);
        let mut fields = H264Fields::new(&header);
        assert!(fields.tell(&sizes(field("0000", '0'))) == Content::Picture);
        assert!(fields.tell(&sizes(field("0000", '1'))) == Content::SecondField);
        // A length that leads out of the packet.
        assert!(fields.tell(&[0, 0, 0, 99, 0x41]) == Content::Picture);
    }
}
