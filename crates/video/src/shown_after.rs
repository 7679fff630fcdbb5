//! When pictures of MPEG-1 and MPEG-2 are shown whose packets say only when they are decoded.
//!
//! MPEG-PS states a time for the first picture of each of its packets alone, and FFmpeg counts on from it when the
//! others are decoded. A B picture is shown when it is decoded, and another one when the next other one is decoded (ISO
//! 13818-2, 6.1.1.11).

use std::ops::Range;

use ffmpeg_the_third::codec::Id;

use crate::bits::start_code;
use crate::seen_packet::{Seen, usual_step};

/// Whether a packet holds a B picture of MPEG-1 or MPEG-2; none of other codecs, and where no picture begins in it.
pub(crate) fn is_b_picture(codec: Id, packet: &[u8]) -> Option<bool> {
    const PICTURE: u8 = 0;
    const B: u8 = 3;
    if !matches!(codec, Id::MPEG1VIDEO | Id::MPEG2VIDEO) {
        return None;
    }
    let mut from = 0;
    loop {
        let at = start_code(packet, from)?;
        if let Some([PICTURE, _, second, ..]) = packet.get(at + 3..) {
            return Some(second >> 3 & 7 == B);
        }
        from = at + 3;
    }
}

/// Gives every packet of these recordings that has none the time when its picture is shown. False where that cannot be
/// told.
pub(crate) fn fill(seen: &mut [Seen], recordings: &[Range<usize>]) -> bool {
    recordings.iter().all(|recording| fill_one(&mut seen[recording.clone()]))
}

fn fill_one(seen: &mut [Seen]) -> bool {
    let step = usual_step(seen);
    // From the end on: when the next picture that is none of B is decoded.
    let mut next = seen.iter().filter_map(|packet| packet.dts).max().map(|last| last + step);
    for packet in seen.iter_mut().rev() {
        let (Some(dts), Some(is_b)) = (packet.dts, packet.is_b) else { return false };
        packet.pts = packet.pts.or(if is_b { Some(dts) } else { next });
        if !is_b {
            next = Some(dts);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_pictures_are_told_by_their_headers() {
        // Kind in the three bits behind ten of the number.
        let picture = |kind: u8| vec![0, 0, 1, 0xb8, 9, 9, 9, 9, 0, 0, 1, 0, 0, kind << 3, 9];
        let tell = |packet: &[u8]| is_b_picture(Id::MPEG2VIDEO, packet);
        assert_eq!(
            [1, 2, 3].map(|kind| tell(&picture(kind))),
            [Some(false), Some(false), Some(true)]
        );
        assert_eq!(tell(&[0, 0, 1, 0xb3, 9, 9]), None);
        assert_eq!(is_b_picture(Id::H264, &picture(3)), None);
    }

    #[test]
    fn each_recording_is_shown_in_its_own_order() {
        // I P B B P B B, decoded every 4 ticks, twice; the second begins its clock again.
        let kinds = [false, false, true, true, false, true, true];
        let packet = |(place, is_b): (i64, &bool)| Seen {
            dts: Some(4 * place),
            is_b: Some(*is_b),
            content: crate::content::Content::Picture,
            ..Seen::default()
        };
        let one: Vec<Seen> = (0..).zip(&kinds).map(packet).collect();
        let mut seen = [one.clone(), one].concat();
        assert!(fill(&mut seen, &[0..7, 7..14]));
        let shown: Vec<i64> = seen.iter().map(|packet| packet.pts.unwrap()).collect();
        assert_eq!(shown[..7], [4, 16, 8, 12, 28, 20, 24]);
        assert_eq!(shown[..7], shown[7..]);
        seen[3].is_b = None;
        seen[3].pts = None;
        assert!(!fill(&mut seen, &[0..7, 7..14]));
    }
}
