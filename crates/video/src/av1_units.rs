//! What the units (OBU) of AV1 say of the pictures in them.
//!
//! A decoder of AV1 keeps eight pictures with all that later ones are made from: samples, motion and
//! probabilities. A picture that takes no one's place among them leaves nothing behind.

use crate::bits::Bits;

// Kinds of units.
const SEQUENCE: u8 = 1;
const DELIMITER: u8 = 2;
const HEADER: u8 = 3;
const TILES: u8 = 4;
const MESSAGE: u8 = 5;
const PICTURE: u8 = 6;
const HEADER_AGAIN: u8 = 7;
const PADDING: u8 = 15;

/// A unit: its kind, whether it is of a layer of another size, and what is in it.
struct Unit<'a> {
    kind: u8,
    is_of_layer: bool,
    body: &'a [u8],
}

/// The units of a packet; none where the rest cannot be taken apart.
fn units(packet: &[u8]) -> impl Iterator<Item = Option<Unit<'_>>> {
    let mut rest = packet;
    std::iter::from_fn(move || {
        let (head, behind) = rest.split_first()?;
        rest = &[];
        let (kind, has_extension, has_size) = (head >> 3 & 15, head & 4 != 0, head & 2 != 0);
        let split = behind.split_at_checked(usize::from(has_extension));
        let Some((extension, mut body)) = split else { return Some(None) };
        if has_size {
            let split = leb128(body).and_then(|(size, behind)| behind.split_at_checked(size));
            let Some(split) = split else { return Some(None) };
            (body, rest) = split;
        }
        let is_of_layer = extension.first().is_some_and(|layers| layers >> 3 & 3 > 0);
        Some(Some(Unit { kind, is_of_layer, body }))
    })
}

/// A number of seven bits a byte, the lowest first.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(8) {
        number |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

/// Whether a packet shows a picture, coded in it or earlier.
pub(crate) fn is_shown(packet: &[u8]) -> bool {
    let mut is_still = false;
    for unit in units(packet) {
        let Some(Unit { kind, body, .. }) = unit else { return true };
        let mut bits = Bits::new(body);
        match kind {
            // A profile, then whether the only picture is a still one.
            SEQUENCE => {
                bits.skip(4);
                is_still = bits.flag() == Some(true);
            }
            // Whether it shows an earlier one, its kind, whether it is shown.
            HEADER | PICTURE => {
                let shows_earlier = bits.flag() != Some(false);
                bits.skip(2);
                if is_still || shows_earlier || bits.flag() != Some(false) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Tells which pictures take no one's place.
pub(crate) struct Av1References {
    /// None before the first header, and after one of a stream that this does not look into.
    sequence: Option<Sequence>,
}

/// What the headers of pictures are read by.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sequence {
    /// Set for all pictures, or none where each says itself.
    is_screen_content: Option<bool>,
    whole_motion: Option<bool>,
    order_bits: u32,
}

impl Av1References {
    /// With the container's header: four bytes, and units.
    pub(crate) fn new(header: &[u8]) -> Self {
        let mut references = Self { sequence: None };
        references.is_unreferenced(header.get(4..).unwrap_or_default());
        references
    }

    /// Whether no other picture is made from those in the next packet. False where that cannot be told.
    pub(crate) fn is_unreferenced(&mut self, packet: &[u8]) -> bool {
        let mut is_unreferenced = false;
        for unit in units(packet) {
            match unit {
                Some(Unit { kind: SEQUENCE, body, .. }) => {
                    self.sequence = sequence(body);
                    return false;
                }
                Some(Unit { kind: HEADER | PICTURE, is_of_layer: false, body }) => {
                    let sequence = self.sequence.as_ref();
                    if !sequence.is_some_and(|sequence| takes_no_place(body, sequence)) {
                        return false;
                    }
                    is_unreferenced = true;
                }
                Some(Unit {
                    kind: DELIMITER | TILES | MESSAGE | HEADER_AGAIN | PADDING,
                    is_of_layer: false,
                    ..
                }) => {}
                _ => return false,
            }
        }
        is_unreferenced
    }
}

/// A sequence's header (AV1 bitstream, 5.5.1); none for a still picture, and where pictures carry
/// numbers or times of their own, which few streams do.
fn sequence(body: &[u8]) -> Option<Sequence> {
    let mut bits = Bits::new(body);
    bits.skip(3);
    let (is_still, is_short) = (bits.flag()?, bits.flag()?);
    if is_still || is_short {
        return None;
    }
    if bits.flag()? {
        bits.skip(64);
        if bits.flag()? {
            bits.golomb()?;
        }
        let has_decoder_model = bits.flag()?;
        if has_decoder_model {
            return None;
        }
    }
    let has_delay = bits.flag()?;
    for _ in 0..=bits.number(5)? {
        bits.skip(12);
        if bits.number(5)? > 7 {
            bits.skip(1);
        }
        if has_delay && bits.flag()? {
            bits.skip(4);
        }
    }
    let (width_bits, height_bits) = (bits.number(4)? + 1, bits.number(4)? + 1);
    bits.skip((width_bits + height_bits) as usize);
    let has_numbers = bits.flag()?;
    if has_numbers {
        return None;
    }
    // Sizes of blocks and two filters, then four tools.
    bits.skip(3 + 4);
    let has_order = bits.flag()?;
    if has_order {
        bits.skip(2);
    }
    let own = |bits: &mut Bits<'_>| Some(if bits.flag()? { None } else { Some(bits.flag()?) });
    let is_screen_content = own(&mut bits)?;
    let whole_motion = if is_screen_content == Some(false) { None } else { own(&mut bits)? };
    let order_bits = if has_order { bits.number(3)? + 1 } else { 0 };
    Some(Sequence { is_screen_content, whole_motion, order_bits })
}

/// Whether a shown picture that is made from others takes no one's place (5.9.2).
fn takes_no_place(body: &[u8], sequence: &Sequence) -> bool {
    const MADE_FROM_OTHERS: u32 = 1;
    let read = || {
        let mut bits = Bits::new(body);
        let (shows_earlier, kind) = (bits.flag()?, bits.number(2)?);
        let is_shown = bits.flag()?;
        if shows_earlier || kind != MADE_FROM_OTHERS || !is_shown {
            return None;
        }
        let (is_resilient, _keeps_probabilities) = (bits.flag()?, bits.flag()?);
        let is_screen_content = match sequence.is_screen_content {
            Some(for_all) => for_all,
            None => bits.flag()?,
        };
        if is_screen_content && sequence.whole_motion.is_none() {
            bits.skip(1);
        }
        let _has_own_size = bits.flag()?;
        bits.skip(sequence.order_bits as usize);
        if !is_resilient {
            let _probabilities_from = bits.number(3)?;
        }
        bits.number(8)
    };
    read() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits written as text, spaces between fields, filled up to whole bytes, behind a unit's head.
    fn unit(kind: u8, bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|b| *b != b' ').map(|b| b - b'0').collect();
        let byte = |bits: &[u8]| (0..8).fold(0, |n, i| n << 1 | bits.get(i).copied().unwrap_or(0));
        let body: Vec<u8> = bits.chunks(8).map(byte).collect();
        [vec![kind << 3 | 2, body.len() as u8], body].concat()
    }

    /// Profile, no still picture, not short, no times; no delay, one point (all layers, level 8 with a
    /// tier); sides of 7 and 6 bits; no numbers; seven tools; order; two tools; each picture says itself
    /// whether it is of a screen, and whether motion is whole; order of 7 bits.
    fn sequence_unit() -> Vec<u8> {
        let sizes = "0110 0101 1011111 111111";
        unit(
            SEQUENCE,
            &format!("000 0 0 0 0 00000 {:012} 01000 0 {sizes} 0 0000000 1 00 1 1 110 0", 0),
        )
    }

    /// Shows none, kind, shown, resilience, probabilities, of a screen, whole motion where it is, size,
    /// order, probabilities' source, places.
    fn picture(kind: &str, places: &str) -> Vec<u8> {
        unit(PICTURE, &format!("0 {kind} 1 0 0 0 0 1010101 010 {places} 1111"))
    }

    #[test]
    fn a_packet_is_shown_by_its_own_frame_by_an_earlier_one_or_not_at_all() {
        // A delimiter (kind 2, empty), then a frame or a header alone.
        let packet = |kind: u8, bits: u8| [0x12, 0, kind << 3 | 2, 2, bits, 7];
        assert!(!is_shown(&packet(PICTURE, 0b0000_0000)));
        assert!(is_shown(&packet(PICTURE, 0b0001_0000)));
        assert!(is_shown(&packet(HEADER, 0b1000_0000)));
        assert!(!is_shown(&[0x12, 0]));
        assert!(is_shown(&[0x32, 200]));
    }

    #[test]
    fn a_picture_that_takes_no_place_is_unreferenced() {
        let mut references = Av1References::new(&[]);
        assert!(!references.is_unreferenced(&picture("01", "00000000")), "no header was there");
        let header = [vec![0x81, 0, 0, 0], sequence_unit()].concat();
        let mut references = Av1References::new(&header);
        let expected = Sequence { is_screen_content: None, whole_motion: None, order_bits: 7 };
        assert_eq!(references.sequence, Some(expected));
        assert!(references.is_unreferenced(&picture("01", "00000000")));
        assert!(!references.is_unreferenced(&picture("01", "00000100")));
        let key = "00";
        assert!(!references.is_unreferenced(&picture(key, "00000000")));
        // With a hidden one in the same packet that takes a place.
        let two = [picture("01", "00000001"), picture("01", "00000000")].concat();
        assert!(!references.is_unreferenced(&two));
        // One that is shown again takes places if it is a key picture.
        assert!(!references.is_unreferenced(&unit(HEADER, "1 000 0000")));
        // Behind the head a byte of layers: of the second size.
        let layer =
            [vec![PICTURE << 3 | 4, 1 << 3], picture("01", "00000000")[2..].to_vec()].concat();
        assert!(!references.is_unreferenced(&layer));
        assert!(!references.is_unreferenced(&[0x12, 0]), "no picture");
    }

    #[test]
    fn where_pictures_say_more_of_themselves_the_bits_move() {
        let mut references = Av1References { sequence: None };
        references.is_unreferenced(&sequence_unit());
        // Of a screen: a bit for whole motion. Resilient: no source of probabilities.
        let screen = unit(PICTURE, "0 01 1 0 0 1 1 0 1010101 010 00000000 1111");
        assert!(references.is_unreferenced(&screen));
        let resilient = unit(PICTURE, "0 01 1 1 0 0 0 1010101 00000000 1111");
        assert!(references.is_unreferenced(&resilient));
        let resilient = unit(PICTURE, "0 01 1 1 0 0 0 1010101 00000001 0000");
        assert!(!references.is_unreferenced(&resilient));
    }
}
