//! A transport stream as its packets.

use std::collections::HashMap;

/// Bytes of a packet, and how many of these stand before its first: camcorders put a time there.
const FORMS: [(usize, usize); 2] = [(188, 0), (192, 4)];
const SYNC: u8 = 0x47;

/// Packets that follow each other without a byte between.
pub(crate) struct TransportPackets<'b> {
    bytes: &'b [u8],
    /// Where the first one begins.
    first: usize,
    size: usize,
    in_front: usize,
}

impl<'b> TransportPackets<'b> {
    /// The packets among these bytes; none where they are no transport stream, or bytes are missing.
    pub(crate) fn among(bytes: &'b [u8]) -> Option<Self> {
        FORMS.iter().find_map(|(size, in_front)| {
            let (size, in_front) = (*size, *in_front);
            let in_step =
                |first: &usize| bytes[*first..].iter().step_by(size).all(|at| *at == SYNC);
            let first = (in_front..size.min(bytes.len())).find(in_step)?;
            Some(Self { bytes, first, size, in_front })
        })
    }

    /// In order, from their first byte on. The last one may be cut.
    pub(crate) fn packets(&self) -> impl Iterator<Item = &'b [u8]> {
        self.bytes[self.first..].chunks(self.size)
    }

    /// Where what belongs to the packet of this place begins.
    pub(crate) fn place(&self, packet: usize) -> usize {
        self.first + packet * self.size - self.in_front
    }

    /// Whether one muxer wrote all of them and none is missing: the counter of each stream grows by one
    /// from packet to packet, and no packet says that its clock or counter is set anew.
    pub(crate) fn are_of_one_piece(&self) -> bool {
        const EMPTY: u16 = 0x1fff;
        let mut counters: HashMap<u16, u8> = HashMap::new();
        self.packets().filter(|packet| packet.len() >= 6).all(|packet| {
            let (stream, counter) = (stream(packet), packet[3] & 0x0f);
            let (has_more, has_content) = (packet[3] & 0x20 != 0, packet[3] & 0x10 != 0);
            let is_set_anew = has_more && packet[4] > 0 && packet[5] & 0x80 != 0;
            let before = counters.get(&stream).copied();
            if stream == EMPTY || before.is_some() && !has_content {
                return stream == EMPTY || !is_set_anew;
            }
            counters.insert(stream, counter);
            // A packet may stand there twice.
            before.is_none_or(|before| {
                !is_set_anew && (counter == (before + 1) & 0x0f || counter == before)
            })
        })
    }
}

/// The number of the stream that a packet belongs to.
pub(crate) fn stream(packet: &[u8]) -> u16 {
    u16::from(packet[1] & 0x1f) << 8 | u16::from(packet[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of these streams and counters.
    fn bytes(packets: &[(u16, u8)]) -> Vec<u8> {
        let packet = |(stream, counter): &(u16, u8)| {
            let mut packet = vec![0; 188];
            packet[..4].copy_from_slice(&[
                SYNC,
                (stream >> 8) as u8,
                *stream as u8,
                0x10 | counter,
            ]);
            packet
        };
        packets.iter().flat_map(packet).collect()
    }

    fn of_one_piece(bytes: &[u8]) -> bool {
        TransportPackets::among(bytes).unwrap().are_of_one_piece()
    }

    #[test]
    fn counters_that_go_on_are_of_one_piece() {
        // Two streams, one over the end of its counter; a packet twice; empty packets between.
        let whole = [(0x100, 14), (0x101, 3), (0x100, 15), (0x1fff, 7), (0x100, 0), (0x101, 4)];
        let whole = [&whole[..], &[(0x101, 4), (0x1fff, 0), (0x101, 5)]].concat();
        assert!(of_one_piece(&bytes(&whole)));
        assert!(of_one_piece(&[&[9; 50][..], &bytes(&whole)].concat()));
        for missing in [2, 5] {
            let mut rest = whole.clone();
            rest.remove(missing);
            assert_eq!(of_one_piece(&bytes(&rest)), missing == 5, "{missing}");
        }
        assert!(!of_one_piece(&bytes(&[(0, 3), (0x100, 5), (0, 0)])));
    }

    #[test]
    fn a_clock_that_is_said_to_be_set_anew_is_of_another_piece() {
        let mut bytes = bytes(&[(0x100, 1), (0x100, 2)]);
        bytes[188 + 3] |= 0x20;
        bytes[188 + 4..188 + 6].copy_from_slice(&[1, 0x80]);
        assert!(!of_one_piece(&bytes));
    }

    #[test]
    fn bytes_between_packets_are_no_transport_stream() {
        let packets = bytes(&[(0x100, 1), (0x100, 2)]);
        assert!(
            TransportPackets::among(&[&packets[..188], &[0; 7], &packets[188..]].concat())
                .is_none()
        );
    }
}
