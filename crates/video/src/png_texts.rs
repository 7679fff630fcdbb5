//! Texts and colour profiles inside PNG pictures, taken out before a decoder sees them.
//!
//! They may be packed: a thousandth of what they unpack to, and FFmpeg unpacks them whatever their size. No pixel
//! depends on them.

use ffmpeg::codec::Id;
use ffmpeg::packet::Mut;
use ffmpeg::{Packet, ffi};
use ffmpeg_the_third as ffmpeg;

/// How a PNG file begins. The packets of an animated one, and its header, are chunks alone.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The kinds of chunks that are left out.
const LEFT_OUT: [&[u8; 4]; 4] = [b"zTXt", b"iTXt", b"tEXt", b"iCCP"];
/// Bytes of a chunk beside what it holds: length, kind and checksum.
const AROUND: usize = 12;

/// Takes them out of a packet of this codec.
pub(crate) fn take_out(packet: &mut Packet, codec: Id) {
    if !is_png(codec) || !packet.data().is_some_and(holds_any) {
        return;
    }
    // SAFETY: the packet is alive; where its bytes are shared they are copied.
    if unsafe { ffi::av_packet_make_writable(packet.as_mut_ptr()) } < 0 {
        // Nothing is decoded of what could not be looked through.
        packet.shrink(0);
        return;
    }
    let length = packet.data_mut().map_or(0, without);
    packet.shrink(length);
}

/// Takes them out of the header of a stream, which is decoded as soon as the streams are looked into.
///
/// # Safety
/// The stream must be alive, and nobody else may use it.
pub(crate) unsafe fn take_out_of_header(stream: *mut ffi::AVStream) {
    // SAFETY: a stream has parameters, and a header has as many bytes as it says.
    unsafe {
        let parameters = (*stream).codecpar;
        let (header, length) = ((*parameters).extradata, (*parameters).extradata_size);
        if is_png((*parameters).codec_id.into()) && !header.is_null() && length > 0 {
            let header = std::slice::from_raw_parts_mut(header, length as usize);
            (*parameters).extradata_size = without(header) as i32;
        }
    }
}

fn is_png(codec: Id) -> bool {
    matches!(codec, Id::PNG | Id::APNG)
}

fn holds_any(bytes: &[u8]) -> bool {
    Chunks::of(bytes).any(|(kind, _)| LEFT_OUT.contains(&&kind))
}

/// Moves what is kept to the front, and tells how many bytes that is. What is no chunk is kept as it is: the decoder
/// refuses it.
fn without(bytes: &mut [u8]) -> usize {
    let mut end = signature(bytes);
    let chunks: Vec<_> = Chunks::of(bytes).collect();
    let mut behind = end;
    for (kind, place) in chunks {
        behind = place.end;
        if !LEFT_OUT.contains(&&kind) {
            let length = place.len();
            bytes.copy_within(place, end);
            end += length;
        }
    }
    let rest = bytes.len() - behind;
    bytes.copy_within(behind.., end);
    end + rest
}

fn signature(bytes: &[u8]) -> usize {
    if bytes.starts_with(SIGNATURE) { SIGNATURE.len() } else { 0 }
}

/// The whole chunks: the kind and the place of each.
struct Chunks<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Chunks<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        Self { bytes, at: signature(bytes) }
    }
}

impl Iterator for Chunks<'_> {
    type Item = ([u8; 4], std::ops::Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.bytes.get(self.at..)?.split_first_chunk::<4>()?;
        let kind = *rest.first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize + AROUND;
        let place = self.at..self.at.checked_add(length).filter(|end| *end <= self.bytes.len())?;
        self.at = place.end;
        Some((kind, place))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let body = [kind, data].concat();
        let (length, sum) = (data.len() as u32, crc32fast::hash(&body));
        [&length.to_be_bytes(), body.as_slice(), &sum.to_be_bytes()].concat()
    }

    /// A grey picture of 2 x 2 pixels with these chunks in it.
    pub(crate) fn picture(texts: &[&[u8; 4]]) -> Vec<u8> {
        // Two rows: no filter, two pixels. Deflate of one stored block, and the sum of Adler over it.
        let rows = [0, 90, 90, 0, 90, 90];
        let (a, b) = rows.iter().fold((1, 0), |(a, b), row| (a + row, b + a + row));
        let stored =
            [[0x78, 1, 1, 6, 0, 0xf9, 0xff].as_slice(), &rows.map(|row| row as u8)].concat();
        let data = [stored, u32::to_be_bytes(b << 16 | a).to_vec()].concat();
        let header = [0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0];
        let texts = texts.iter().map(|kind| chunk(kind, b"Comment\0\0packed"));
        let chunks = [chunk(b"IHDR", &header)].into_iter().chain(texts);
        let chunks = chunks.chain([chunk(b"IDAT", &data), chunk(b"IEND", &[])]);
        [SIGNATURE.to_vec()].into_iter().chain(chunks).flatten().collect()
    }

    #[test]
    fn texts_and_profiles_are_taken_out_and_all_else_stays_as_it_is() {
        let plain = picture(&[]);
        for texts in [&[][..], &[b"zTXt"], &[b"iCCP", b"tEXt", b"iTXt"], &[b"zTXt", b"zTXt"]] {
            let mut with = picture(texts);
            assert_eq!(holds_any(&with), !texts.is_empty());
            let length = without(&mut with);
            assert_eq!(with[..length], plain);
            // As a packet of an animated one, without the signature.
            let mut chunks = picture(texts)[SIGNATURE.len()..].to_vec();
            let length = without(&mut chunks);
            assert_eq!(chunks[..length], plain[SIGNATURE.len()..]);
        }
        assert_eq!(without(&mut picture(&[b"gAMA"])), picture(&[b"gAMA"]).len());
    }

    #[test]
    fn what_breaks_off_is_kept_for_the_decoder_to_refuse() {
        let whole = picture(&[b"zTXt"]);
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            let kept = without(&mut cut);
            assert!(kept <= length);
        }
        let mut endless = [SIGNATURE, &u32::MAX.to_be_bytes(), b"zTXtabc"].concat();
        let before = endless.clone();
        let length = without(&mut endless);
        assert_eq!(endless[..length], before);
    }
}
