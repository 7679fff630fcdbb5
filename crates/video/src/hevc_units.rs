//! What the units of HEVC say of the pictures in them.

use crate::content::Content;
use crate::nal_units::{unit_behind_length, units};

/// Kinds of units below this are parts of pictures.
const FIRST_BESIDE_PICTURES: u8 = 32;
/// The kind of sequence parameters.
const SEQUENCE: u8 = 33;
/// Kinds below this, where even, are of pictures that no other of their layer is made from.
const FIRST_KEY: u8 = 16;

/// Whether a packet of HEVC, with the container's header, holds a part of a picture.
pub(crate) fn content(packet: &[u8], header: &[u8]) -> Content {
    let is_picture = |unit: Option<&[u8]>| {
        unit.is_none_or(|unit| {
            unit.first().is_some_and(|head| head >> 1 & 0x3f < FIRST_BESIDE_PICTURES)
        })
    };
    if units(packet, length_bytes(header)).any(is_picture) {
        Content::Picture
    } else {
        Content::Nothing
    }
}

/// Bytes of a unit's length; none where start codes divide units.
fn length_bytes(header: &[u8]) -> Option<usize> {
    let in_container = header.len() > 22 && header[0] == 1;
    in_container.then(|| usize::from(header[21] & 3) + 1)
}

/// The layers of time of a stream: pictures of a layer are made from those of the layers up to it.
pub(crate) struct HevcLayers {
    length_bytes: Option<usize>,
    /// The highest that parameters so far speak of; none before the first.
    highest: Option<u8>,
}

impl HevcLayers {
    /// With the parameters that stand in the container's header.
    pub(crate) fn new(header: &[u8]) -> Self {
        let mut layers = Self { length_bytes: length_bytes(header), highest: None };
        if layers.length_bytes.is_none() {
            units(header, None).flatten().for_each(|unit| layers.parameters(unit));
            return layers;
        }
        // Lists of units of one kind: the kind, how many, and each behind its length of two bytes.
        let mut rest = &header[23..];
        for _ in 0..header[22] {
            let Some(([_kind, high, low], behind)) = rest.split_first_chunk::<3>() else { break };
            rest = behind;
            for _ in 0..u16::from_be_bytes([*high, *low]) {
                let Some((unit, behind)) = unit_behind_length(rest, 2) else { return layers };
                layers.parameters(unit);
                rest = behind;
            }
        }
        layers
    }

    /// Whether no other picture is made from the one in the next packet: it is of a kind that its own
    /// layer does without, and there is no layer above. False where that cannot be told.
    pub(crate) fn is_unreferenced(&mut self, packet: &[u8]) -> bool {
        let mut is_unreferenced = false;
        for unit in units(packet, self.length_bytes) {
            let Some([first, second, ..]) = unit else { return false };
            let (kind, view) = (first >> 1 & 0x3f, (first & 1) << 5 | second >> 3);
            if view > 0 {
                continue;
            }
            if kind >= FIRST_BESIDE_PICTURES {
                self.parameters(unit.unwrap_or_default());
                continue;
            }
            let layer = (second & 7).checked_sub(1);
            if kind >= FIRST_KEY || kind % 2 == 1 || layer.is_none() || layer != self.highest {
                return false;
            }
            is_unreferenced = true;
        }
        is_unreferenced
    }

    /// Looks at a unit of parameters; others are passed over.
    fn parameters(&mut self, unit: &[u8]) {
        if let [first, second, counts, ..] = unit
            && first >> 1 & 0x3f == SEQUENCE
            && first & 1 == 0
            && second >> 3 == 0
        {
            self.highest = self.highest.max(Some(counts >> 1 & 7));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A unit behind a start code: its kind, its layer, and a byte.
    fn unit(kind: u8, layer: u8, body: u8) -> Vec<u8> {
        vec![0, 0, 1, kind << 1, layer + 1, body, 9]
    }

    /// Sequence parameters of so many layers above the lowest.
    fn sequence(layers_above: u8) -> Vec<u8> {
        unit(SEQUENCE, 0, layers_above << 1 | 1)
    }

    #[test]
    fn a_picture_that_its_layer_does_without_is_unreferenced_in_the_highest_layer_alone() {
        // Kinds: of a trailing picture that its layer does without, of one that it needs, of a layer above.
        const TRAIL_N: u8 = 0;
        const TRAIL_R: u8 = 1;
        const TSA_N: u8 = 2;
        let mut layers = HevcLayers::new(&[]);
        assert!(!layers.is_unreferenced(&unit(TRAIL_N, 0, 5)), "how many layers is not known");
        let mut layers = HevcLayers::new(&sequence(0));
        assert!(layers.is_unreferenced(&unit(TRAIL_N, 0, 5)));
        assert!(!layers.is_unreferenced(&unit(TRAIL_R, 0, 5)));
        assert!(!layers.is_unreferenced(&[unit(TRAIL_N, 0, 5), unit(TRAIL_R, 0, 5)].concat()));
        // A header with another layer comes with a key picture (20).
        let key = [sequence(1), unit(20, 0, 5)].concat();
        assert!(!layers.is_unreferenced(&key));
        assert!(!layers.is_unreferenced(&unit(TRAIL_N, 0, 5)), "the layer above may need it");
        assert!(layers.is_unreferenced(&unit(TSA_N, 1, 5)));
        assert!(!layers.is_unreferenced(&[1, 2, 3]));
        assert!(!layers.is_unreferenced(&sequence(1)), "no picture");
    }

    #[test]
    fn the_containers_header_tells_the_layers_too() {
        let sequence = [SEQUENCE << 1, 1, 1 << 1, 7];
        let mut header = vec![0; 21];
        header[0] = 1;
        // Lengths of 4 bytes; one list: of sequence parameters, one, of 4 bytes.
        header.extend([3, 1, SEQUENCE, 0, 1, 0, 4]);
        header.extend(sequence);
        let mut layers = HevcLayers::new(&header);
        assert_eq!(layers.highest, Some(1));
        assert!(layers.is_unreferenced(&[0, 0, 0, 3, 2 << 1, 2, 9]));
        assert!(!layers.is_unreferenced(&[0, 0, 0, 3, 0, 1, 9]));
        for end in 0..header.len() {
            HevcLayers::new(&header[..end]);
        }
    }
}
