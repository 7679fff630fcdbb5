//! Headers among the pictures that say which codec they are of, and how large.
//!
//! In MPEG-TS, MPEG-PS and raw streams a codec's headers stand in the stream itself. A demuxer decides
//! at the start which codec it is and never again: where another one follows, as in files joined byte
//! for byte, it cuts its pictures into packets that are none. So each packet is looked through for
//! headers of other codecs. Those looked for begin with a byte that the others never write, or are
//! long enough to be told from chance, so that no flipped bit makes one.

use ffmpeg_the_third::codec::Id;

use crate::bits::{Bits, start_code};
use crate::h264_fields;

/// What changes at a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderChange {
    Codec(OtherCodec),
    /// The pictures are larger or smaller from here on. Told of MPEG-1 and 2 alone: decoders of the
    /// others give their last pictures first by themselves.
    Size,
}

/// A header of a codec that the stream is not of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherCodec {
    pub(crate) codec: Id,
    /// The byte of the packet at which it begins.
    pub(crate) at: usize,
    /// Its first bytes.
    pub(crate) header: [u8; 8],
}

/// Looks through the packets of one stream, in their order.
pub(crate) struct StreamHeaders {
    /// None where headers stand in the container and not in the stream.
    codec: Option<Id>,
    size: Option<(u32, u32)>,
}

impl StreamHeaders {
    /// For a codec and what the container's header says for it.
    pub(crate) fn new(codec: Id, header: &[u8]) -> Self {
        let divides_by_codes = match codec {
            // Behind a version, units have lengths.
            Id::H264 | Id::HEVC => header.first() != Some(&1),
            Id::MPEG1VIDEO | Id::MPEG2VIDEO | Id::MPEG4 | Id::VC1 => true,
            _ => false,
        };
        Self { codec: divides_by_codes.then(|| family(codec)), size: None }
    }

    /// What changes with the next packet.
    pub(crate) fn look(&mut self, packet: &[u8]) -> Option<HeaderChange> {
        let own = self.codec?;
        let mut from = start_code(packet, 0)?;
        let mut before = None;
        loop {
            let unit = &packet[from + 3..];
            let next = start_code(unit, 0).map(|at| from + 3 + at);
            let (unit, behind) = match next {
                Some(next) => (&packet[from + 3..next], &packet[next + 3..]),
                None => (unit, &[][..]),
            };
            if let Some(codec) = codec_of(unit, behind).filter(|codec| *codec != own) {
                let at = before.filter(|at| is_delimiter(&packet[at + 3..])).unwrap_or(from);
                let header = *packet[from..].first_chunk()?;
                return Some(HeaderChange::Codec(OtherCodec { codec, at, header }));
            }
            if own == Id::MPEG2VIDEO
                && let Some(size) = mpeg2_size(unit)
            {
                let last = self.size.replace(size);
                return last.filter(|last| *last != size).map(|_| HeaderChange::Size);
            }
            before = Some(from);
            from = next?;
        }
    }
}

/// Codecs that one decoder reads alike.
fn family(codec: Id) -> Id {
    if codec == Id::MPEG1VIDEO { Id::MPEG2VIDEO } else { codec }
}

/// The codec that a unit is a header of, by itself and what follows it, both without the start code.
fn codec_of(unit: &[u8], behind: &[u8]) -> Option<Id> {
    let next = *behind.first()?;
    match *unit.first()? {
        // Sequence, then its extension, a group, a picture or more words of the user.
        0xb3 if mpeg2_size(unit).is_some() && matches!(next, 0xb5 | 0xb8 | 0xb2 | 0x00) => {
            Some(Id::MPEG2VIDEO)
        }
        // Sequence of objects, then an object.
        0xb0 if next == 0xb5 => Some(Id::MPEG4),
        // Sequence, then the point of entry. Nothing of H.264 that has this number counts for nothing.
        0x0f if next == 0x0e && unit.len() > 6 => Some(Id::VC1),
        // Video parameters, then sequence parameters; each has two bytes in front.
        0x40 if unit.get(1) == Some(&1) && behind.starts_with(&[0x42, 1]) => Some(Id::HEVC),
        // Sequence parameters.
        0x27 | 0x47 | 0x67 if h264_fields::is_sequence(&unit[1..]) => {
            leads_to_h264_picture(behind).then_some(Id::H264)
        }
        _ => None,
    }
}

/// Whether parameters of pictures come, or extensions, and then a picture or words on it. Rows of an
/// MPEG-2 picture have numbers that grow, so theirs are told from these.
fn leads_to_h264_picture(mut behind: &[u8]) -> bool {
    let mut num_parameters = 0;
    while let Some(head) = behind.first() {
        match head & 0x9f {
            8 | 13 | 15 => num_parameters += 1,
            kind => return num_parameters > 0 && matches!(kind, 1 | 5 | 6),
        }
        let Some(next) = start_code(behind, 0) else { break };
        behind = &behind[next + 3..];
    }
    false
}

/// Whether a unit stands between pictures and says no more, in H.264 or HEVC.
fn is_delimiter(unit: &[u8]) -> bool {
    matches!(unit, [0x09, ..] | [0x46, 1, ..])
}

/// Width and height of the header of an MPEG-1 or 2 sequence (ISO 13818-2, 6.2.2.1).
fn mpeg2_size(unit: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(unit.strip_prefix(&[0xb3])?);
    let size = (bits.number(12)?, bits.number(12)?);
    let (shape, rate, bit_rate) = (bits.number(4)?, bits.number(4)?, bits.number(18)?);
    let is_whole = size.0 > 0 && size.1 > 0 && shape > 0 && (1..=8).contains(&rate) && bit_rate > 0;
    (bits.flag()? && is_whole).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &[u8] = &[0, 0, 1];

    /// 96 x 64, square pixels, 25 a second, no bound of bits, marker.
    const SEQUENCE: [u8; 8] = [0xb3, 0x06, 0x00, 0x40, 0x13, 0xff, 0xff, 0xe0];

    fn units(units: &[&[u8]]) -> Vec<u8> {
        units.iter().flat_map(|unit| [CODE, unit].concat()).collect()
    }

    fn mpeg2(width: u8) -> Vec<u8> {
        let mut sequence = SEQUENCE;
        sequence[1] = width;
        units(&[&sequence, &[0xb5, 0x14], &[0xb8, 0], &[0x00, 1], &[0x01, 9, 9]])
    }

    /// Profile 66, level 3, 16 x 16 pixels; its pictures' parameters; a delimiter before it.
    fn h264() -> Vec<u8> {
        let sequence = [0x67, 66, 0, 30, 0b1101_1010, 0b0111_1000];
        units(&[&[0x09, 0xf0], &sequence, &[0x68, 0b1110_0000], &[0x65, 0b1000_1000, 7]])
    }

    fn hevc() -> Vec<u8> {
        units(&[&[0x46, 1, 0x50], &[0x40, 1, 0x0c], &[0x42, 1, 1], &[0x44, 1], &[0x26, 1, 9]])
    }

    fn vc1() -> Vec<u8> {
        units(&[&[0x0f, 0xc0, 1, 2, 3, 4, 5], &[0x0e, 8], &[0x0d, 9]])
    }

    fn mpeg4() -> Vec<u8> {
        units(&[&[0xb0, 1], &[0xb5, 9], &[0x00], &[0x20, 0, 4], &[0xb6, 0x50]])
    }

    #[test]
    fn each_codec_is_known_by_its_headers_and_is_no_change_to_itself() {
        let all = [
            (Id::MPEG2VIDEO, mpeg2(6)),
            (Id::H264, h264()),
            (Id::HEVC, hevc()),
            (Id::VC1, vc1()),
            (Id::MPEG4, mpeg4()),
        ];
        for (own, _) in &all {
            for (codec, packet) in &all {
                let change = StreamHeaders::new(*own, &[]).look(packet);
                let found = change.map(|change| match change {
                    HeaderChange::Codec(OtherCodec { codec, at, .. }) => (codec, at),
                    HeaderChange::Size => panic!("{own:?}"),
                });
                let expected = (own != codec).then_some((*codec, 0));
                assert_eq!(found, expected, "{codec:?} in {own:?}");
            }
        }
        assert_eq!(StreamHeaders::new(Id::MPEG1VIDEO, &[]).look(&mpeg2(6)), None);
    }

    #[test]
    fn a_header_behind_the_last_picture_of_the_codec_before_is_found_at_its_place() {
        let picture = units(&[&[0x41, 0x9a, 1, 2, 3]]);
        let change = StreamHeaders::new(Id::H264, &[]).look(&[picture.clone(), mpeg2(6)].concat());
        let (at, header) = (picture.len(), [0, 0, 1, 0xb3, 6, 0, 0x40, 0x13]);
        let expected = OtherCodec { codec: Id::MPEG2VIDEO, at, header };
        assert_eq!(change, Some(HeaderChange::Codec(expected)));
    }

    #[test]
    fn units_behind_their_lengths_are_not_looked_through() {
        assert_eq!(StreamHeaders::new(Id::H264, &[1, 66, 0, 30]).look(&mpeg2(6)), None);
        assert_eq!(StreamHeaders::new(Id::VP9, &[]).look(&mpeg2(6)), None);
    }

    #[test]
    fn rows_of_a_picture_are_no_parameters() {
        // Rows 38 to 41, of which 39 looks like the sequence parameters of H.264.
        let row = [0x27, 66, 0, 30, 0b1101_1010, 0b0111_1000];
        let rows = units(&[&[0x00, 1], &[0x26, 9], &row, &[0x28, 0b1110_0000], &[0x29, 9]]);
        assert_eq!(StreamHeaders::new(Id::MPEG2VIDEO, &[]).look(&rows), None);
    }

    #[test]
    fn another_size_is_told_once() {
        let mut headers = StreamHeaders::new(Id::MPEG2VIDEO, &[]);
        let found = [6, 6, 9, 9, 6].map(|width| headers.look(&mpeg2(width)));
        let size = Some(HeaderChange::Size);
        assert_eq!(found, [None, None, size, None, size]);
    }

    #[test]
    fn a_flipped_bit_makes_no_codec() {
        for (own, packet) in [(Id::H264, h264()), (Id::MPEG2VIDEO, mpeg2(6)), (Id::HEVC, hevc())] {
            for bit in 0..packet.len() * 8 {
                let mut packet = packet.clone();
                packet[bit / 8] ^= 1 << (bit % 8);
                let change = StreamHeaders::new(own, &[]).look(&packet);
                assert!(!matches!(change, Some(HeaderChange::Codec(_))), "{own:?}, bit {bit}");
            }
        }
    }
}
