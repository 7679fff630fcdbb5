//! The units (NAL) that packets of H.264 and HEVC are made of.

use crate::bits::start_code;

/// The units of a packet, with start codes each up to the packet's end; one that is none where the
/// rest cannot be taken apart.
pub(crate) fn units(
    packet: &[u8],
    length_bytes: Option<usize>,
) -> impl Iterator<Item = Option<&[u8]>> {
    let (mut rest, mut is_first) = (Some(packet), true);
    std::iter::from_fn(move || {
        let here = rest.take().filter(|here| !here.is_empty())?;
        let split = match length_bytes {
            Some(length_bytes) => unit_behind_length(here, length_bytes),
            None => start_code(here, 0).map(|at| (&here[at + 3..], &here[at + 3..])),
        };
        let Some((unit, behind)) = split else { return is_first.then_some(None) };
        is_first = length_bytes.is_some();
        rest = Some(behind);
        Some(Some(unit))
    })
}

pub(crate) fn unit_behind_length(bytes: &[u8], length_bytes: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(length_bytes)?;
    let length = length.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}
