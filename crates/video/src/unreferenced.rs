//! Which packets hold a picture that no other is made from, so that it need not be decoded where it is
//! not wanted.
//!
//! Told from headers, and only where it is certain. VP9 is not here: there every picture's motion is
//! told from that of the picture before, whichever it is.

use ffmpeg::codec::{Id, decoder};
use ffmpeg::{Discard, Packet};
use ffmpeg_the_third as ffmpeg;

use crate::av1_units::Av1References;
use crate::bits::start_code;
use crate::hevc_units::HevcLayers;

/// Tells the packets of one stream, in their order from a key packet on.
pub(crate) enum Unreferenced {
    /// Of the codecs whose decoder knows: by the mark on each unit of H.264; B pictures of MPEG-1,
    /// MPEG-2 and VC-1, which are made from others alone.
    ToldByDecoder,
    Hevc(HevcLayers),
    Mpeg4,
    Vp8,
    Av1(Av1References),
    /// Every picture may be needed.
    Unknown,
}

/// What can be left out of a packet whose picture is not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaveOut {
    /// Nothing.
    Nothing,
    /// What the decoder knows to be no reference; it needs the packet for what else is in it.
    ByDecoder,
    /// All of it.
    Packet,
}

impl Unreferenced {
    /// For a codec and what the container's header says for it.
    pub(crate) fn new(codec: Id, header: &[u8]) -> Self {
        match codec {
            Id::H264 | Id::MPEG1VIDEO | Id::MPEG2VIDEO | Id::VC1 | Id::WMV3 => Self::ToldByDecoder,
            Id::HEVC => Self::Hevc(HevcLayers::new(header)),
            Id::MPEG4 => Self::Mpeg4,
            Id::VP8 => Self::Vp8,
            Id::AV1 => Self::Av1(Av1References::new(header)),
            _ => Self::Unknown,
        }
    }

    /// What can be left out of the next packet.
    pub(crate) fn tell(&mut self, packet: &[u8]) -> LeaveOut {
        let by_decoder = match self {
            Self::ToldByDecoder => true,
            // FFmpeg leaves out of every layer what its own layer does without.
            Self::Hevc(layers) => layers.is_unreferenced(packet),
            Self::Mpeg4 => is_b_picture_alone(packet),
            Self::Vp8 => has_no_segments(packet),
            // dav1d 1.0 leaves nothing out itself.
            Self::Av1(references) => {
                let is_unreferenced = references.is_unreferenced(packet);
                return if is_unreferenced { LeaveOut::Packet } else { LeaveOut::Nothing };
            }
            Self::Unknown => false,
        };
        if by_decoder { LeaveOut::ByDecoder } else { LeaveOut::Nothing }
    }
}

impl LeaveOut {
    /// Gives a decoder what is left of a packet.
    pub(crate) fn send(
        self,
        packet: &Packet,
        decoder: &mut decoder::Video,
    ) -> Result<(), ffmpeg::Error> {
        // With threads, FFmpeg hands the setting over with each packet.
        decoder.skip_frame(match self {
            Self::ByDecoder => Discard::NonReference,
            Self::Nothing | Self::Packet => Discard::Default,
        });
        if self == Self::Packet { Ok(()) } else { decoder.send_packet(packet) }
    }
}

/// Whether a packet of MPEG-4 holds one picture, made from one before and one after. A decoder of packed
/// pictures keeps the second of a packet for the next packet.
fn is_b_picture_alone(packet: &[u8]) -> bool {
    const PICTURE: u8 = 0xb6;
    const B: u8 = 2;
    let (mut kinds, mut from) = (Vec::new(), 0);
    while let Some(at) = start_code(packet, from) {
        if let Some([PICTURE, first, ..]) = packet.get(at + 3..) {
            kinds.push(first >> 6);
        }
        from = at + 3;
    }
    kinds == [B]
}

/// Whether a picture of VP8, not a key picture, has no segments. The places of segments hold on in the
/// pictures that follow, also where the picture itself is not kept.
fn has_no_segments(packet: &[u8]) -> bool {
    // Three bytes of header; the first bit of what follows is even odds, so it is in the top bit.
    matches!(packet, [head, _, _, first, ..] if head & 1 == 1 && first & 0x80 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_b_picture_of_mpeg_4_may_be_left_out_and_packed_ones_may_not() {
        let picture = |kind: u8| [0, 0, 1, 0xb6, kind << 6 | 0x10, 9];
        let mut unreferenced = Unreferenced::new(Id::MPEG4, &[]);
        assert_eq!(unreferenced.tell(&picture(2)), LeaveOut::ByDecoder);
        assert_eq!(unreferenced.tell(&picture(1)), LeaveOut::Nothing);
        assert_eq!(unreferenced.tell(&picture(0)), LeaveOut::Nothing);
        assert_eq!(unreferenced.tell(&[picture(1), picture(2)].concat()), LeaveOut::Nothing);
        assert_eq!(unreferenced.tell(&[]), LeaveOut::Nothing);
    }

    #[test]
    fn a_picture_of_vp8_with_segments_is_kept() {
        let mut unreferenced = Unreferenced::new(Id::VP8, &[]);
        assert_eq!(unreferenced.tell(&[0x11, 0, 0, 0x7f]), LeaveOut::ByDecoder);
        assert_eq!(unreferenced.tell(&[0x11, 0, 0, 0x80]), LeaveOut::Nothing);
        assert_eq!(unreferenced.tell(&[0x10, 0, 0, 0x7f]), LeaveOut::Nothing, "a key picture");
    }

    #[test]
    fn of_other_codecs_everything_is_decoded() {
        for codec in [Id::VP9, Id::THEORA, Id::MJPEG, Id::RV40] {
            assert_eq!(Unreferenced::new(codec, &[]).tell(&[1, 2, 3, 4]), LeaveOut::Nothing);
        }
    }
}
