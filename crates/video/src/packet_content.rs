//! What comes out of a packet: a picture, or something else.
//!
//! A packet of a container is often one shown picture, and not always: the second field of a frame
//! is none of its own, some pictures are only there for others to be made from, and some packets say
//! "as before". Told from headers, a few bytes a packet, without decoding.

use ffmpeg_the_third::codec::Id;

use crate::av1_units;
use crate::bits::{Bits, start_code};
use crate::content::Content;
use crate::h264_fields::H264Fields;
use crate::hevc_units;

/// Tells the packets of one stream, in their order.
pub(crate) enum ContentTeller {
    H264(H264Fields),
    /// With the container's header.
    Hevc(Vec<u8>),
    Mpeg4(Mpeg4Pictures),
    Vp8,
    Vp9,
    Av1,
    Theora,
    /// Every packet is a picture.
    Other,
}

impl ContentTeller {
    /// For a codec and what the container's header says for it.
    pub(crate) fn new(codec: Id, header: &[u8]) -> Self {
        match codec {
            Id::H264 => Self::H264(H264Fields::new(header)),
            Id::HEVC => Self::Hevc(header.to_vec()),
            Id::MPEG4 => Self::Mpeg4(Mpeg4Pictures::new(header)),
            Id::VP8 => Self::Vp8,
            Id::VP9 => Self::Vp9,
            Id::AV1 => Self::Av1,
            Id::THEORA => Self::Theora,
            _ => Self::Other,
        }
    }

    /// What the next packet gives.
    pub(crate) fn tell(&mut self, packet: &[u8]) -> Content {
        let Some(first) = packet.first() else { return Content::Nothing };
        let is_shown = match self {
            Self::H264(fields) => return fields.tell(packet),
            Self::Hevc(header) => return hevc_units::content(packet, header),
            Self::Mpeg4(pictures) => pictures.is_shown(packet),
            Self::Vp8 => first & 0x10 != 0,
            Self::Vp9 => vp9_is_shown(packet),
            Self::Av1 => av1_units::is_shown(packet),
            // Headers stand at the start, and again where another recording was appended.
            Self::Theora => first & 0x80 == 0,
            Self::Other => true,
        };
        if is_shown { Content::Picture } else { Content::Nothing }
    }
}

/// Of MPEG-4 part 2: AVI cannot say in which order pictures are shown, so some encoders pack a
/// picture and the B-frame shown before it into one packet, and a short one "as before" after it
/// takes the B-frame's place.
pub(crate) struct Mpeg4Pictures {
    /// Bits of the time within a second; none before the header that tells.
    time_bits: Option<u32>,
    /// Packed pictures that wait for a packet that takes their place.
    num_packed: usize,
}

impl Mpeg4Pictures {
    fn new(header: &[u8]) -> Self {
        let mut pictures = Self { time_bits: None, num_packed: 0 };
        pictures.coded(header);
        pictures
    }

    fn is_shown(&mut self, packet: &[u8]) -> bool {
        match self.coded(packet) {
            Some(0) if self.num_packed == 0 => false,
            Some(0) => {
                self.num_packed -= 1;
                true
            }
            Some(n) => {
                self.num_packed += n - 1;
                true
            }
            None => true,
        }
    }

    /// How many pictures of the packet are more than "as before"; none where that cannot be told.
    fn coded(&mut self, packet: &[u8]) -> Option<usize> {
        let (mut num_pictures, mut num_coded, mut from) = (0, 0, 0);
        while let Some(at) = start_code(packet, from) {
            let (kind, body) = packet[at + 3..].split_first()?;
            match kind {
                0x20..=0x2f => self.time_bits = time_bits(body),
                0xb6 => {
                    num_pictures += 1;
                    num_coded += usize::from(is_coded(body, self.time_bits?)?);
                }
                _ => {}
            }
            from = at + 3;
        }
        (num_pictures > 0).then_some(num_coded)
    }
}

/// Bits of a picture's time, from the header of the layer (ISO 14496-2, 6.2.3).
fn time_bits(layer: &[u8]) -> Option<u32> {
    let mut bits = Bits::new(layer);
    bits.skip(9);
    if bits.flag()? {
        bits.skip(7);
    }
    if bits.number(4)? == 15 {
        bits.skip(16);
    }
    if bits.flag()? {
        bits.skip(3);
        if bits.flag()? {
            bits.skip(79);
        }
    }
    let _shape = bits.number(2)?;
    bits.skip(1);
    let ticks = bits.number(16)?;
    Some(ticks.saturating_sub(1).checked_ilog2().map_or(1, |log| log + 1))
}

/// Whether a picture is coded; the others say "as before" (6.2.5).
fn is_coded(picture: &[u8], time_bits: u32) -> Option<bool> {
    let mut bits = Bits::new(picture);
    bits.skip(2);
    while bits.flag()? {}
    bits.skip(2 + time_bits as usize);
    bits.flag()
}

/// Whether a packet of VP9 shows a picture; several may be packed, of which all but one are hidden.
fn vp9_is_shown(packet: &[u8]) -> bool {
    let is_shown = |frame: &[u8]| {
        let mut bits = Bits::new(frame);
        bits.skip(2);
        let profile = (bits.flag()?, bits.flag()?);
        if profile == (true, true) {
            bits.skip(1);
        }
        let shows_earlier = bits.flag()?;
        bits.skip(1);
        Some(shows_earlier || bits.flag()?)
    };
    let frames = vp9_packed(packet).unwrap_or_else(|| vec![packet]);
    frames.into_iter().any(|frame| is_shown(frame).unwrap_or(true))
}

/// The frames of a packet that ends with an index of them.
fn vp9_packed(packet: &[u8]) -> Option<Vec<&[u8]>> {
    let marker = *packet.last().filter(|marker| *marker & 0xe0 == 0xc0)?;
    let (count, size_bytes) = (usize::from(marker & 7) + 1, usize::from(marker >> 3 & 3) + 1);
    let index_at = packet.len().checked_sub(2 + count * size_bytes)?;
    let (mut rest, index) = packet.split_at(index_at);
    if index[0] != marker {
        return None;
    }
    let sizes = index[1..index.len() - 1].chunks(size_bytes);
    let sizes = sizes.map(|size| size.iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte)));
    let mut frames = Vec::new();
    for size in sizes.filter(|size| *size > 0) {
        let (frame, behind) = rest.split_at_checked(size)?;
        frames.push(frame);
        rest = behind;
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(codec: Id, packet: &[u8]) -> Content {
        ContentTeller::new(codec, &[]).tell(packet)
    }

    #[test]
    fn an_empty_packet_gives_nothing_and_a_still_picture_is_one() {
        assert_eq!(tell(Id::MJPEG, &[]), Content::Nothing);
        assert_eq!(tell(Id::MJPEG, &[0xff, 0xd8]), Content::Picture);
        assert_eq!(tell(Id::VP8, &[0x00, 1, 2]), Content::Nothing);
        assert_eq!(tell(Id::VP8, &[0x10, 1, 2]), Content::Picture);
        assert_eq!(tell(Id::THEORA, &[0x80, b't']), Content::Nothing);
        assert_eq!(tell(Id::THEORA, &[0x40]), Content::Picture);
    }

    #[test]
    fn vp9_shows_a_packet_by_its_own_frame_by_an_earlier_one_or_not_at_all() {
        // Marker 10, profile 00, shows earlier, kind, shown, resilient.
        let (hidden, shown, earlier) = (0b1000_0100, 0b1000_0110, 0b1000_1000);
        assert_eq!(tell(Id::VP9, &[hidden, 5]), Content::Nothing);
        assert_eq!(tell(Id::VP9, &[shown, 5]), Content::Picture);
        assert_eq!(tell(Id::VP9, &[earlier]), Content::Picture);
        // Two frames of two bytes, sizes of one byte.
        let packed = |second| [hidden, 5, second, 5, 0xc1, 2, 2, 0xc1];
        assert_eq!(tell(Id::VP9, &packed(shown)), Content::Picture);
        assert_eq!(tell(Id::VP9, &packed(hidden)), Content::Nothing);
    }

    #[test]
    fn mpeg_4_packs_two_pictures_and_says_as_before_in_the_place_of_the_second() {
        // Layer: 9 bits, no identifier, square pixels, no control, shape 00, marker, 25 ticks.
        // 00000000 0 0 0001 0 00 1 0000000000011001 ...
        let layer = [0, 0, 1, 0x20, 0x00, 0b0000_0100, 0b0100_0000, 0b0000_0110, 0b0110_0000];
        // Kind, no second, marker, five bits of time, marker, coded.
        let picture = |coded: u8| [0, 0, 1, 0xb6, 0b0101_0000, 0b1100_0000 | coded << 5, 9];
        let (coded, as_before) = (picture(1), picture(0));
        let mut pictures = Mpeg4Pictures::new(&layer);
        assert_eq!(pictures.time_bits, Some(5));
        assert!(pictures.is_shown(&coded));
        assert!(!pictures.is_shown(&as_before));
        assert!(pictures.is_shown(&[coded, coded].concat()));
        assert!(pictures.is_shown(&as_before));
        assert!(!pictures.is_shown(&as_before));
        assert!(pictures.is_shown(&[1, 2, 3]));
    }
}
