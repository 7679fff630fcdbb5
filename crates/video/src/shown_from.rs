//! From where on the pictures of a recording can be shown.
//!
//! Pictures that belong before the key frame at the start of a recording, or behind a hole, are made
//! from pictures that are not there.

use crate::packet_index::KeyPacket;

/// The pictures that cannot be shown, by order and time.
pub(crate) struct ShownFrom {
    /// Growing by order.
    steps: Vec<Floor>,
}

/// From the packet of this order on, no stamp below.
struct Floor {
    from_order: usize,
    stamp: i64,
    /// Whether a recording begins there.
    is_head: bool,
}

impl ShownFrom {
    /// `keys` in the order of the file; `joins` are the first packets of recordings that follow
    /// another, `losses` those behind a hole.
    pub(crate) fn new(keys: &[KeyPacket], joins: &[usize], losses: &[usize]) -> Self {
        let heads = [0].iter().chain(joins).map(|start| (*start, true));
        let losses = losses.iter().map(|start| (*start, false));
        let mut starts: Vec<(usize, bool)> = heads.chain(losses).collect();
        starts.sort_unstable();
        let mut steps = Vec::new();
        for (start, is_head) in starts {
            let at = keys.partition_point(|key| key.order < start);
            let Some(key) = keys.get(at).filter(|key| is_head || key.order == start) else {
                continue;
            };
            steps.push(Floor { from_order: start, stamp: key.pts, is_head });
            if let Some(next) = keys.get(at + 1) {
                steps.push(Floor { from_order: next.order, stamp: i64::MIN, is_head: false });
            }
        }
        steps.sort_by_key(|step| step.from_order);
        Self { steps }
    }

    /// Whether the picture with this stamp can be shown.
    pub(crate) fn shows(&self, order: usize, stamp: i64) -> bool {
        self.floor(order).is_none_or(|floor| stamp >= floor.stamp)
    }

    /// What of time has no picture where recordings begin with ones that cannot be shown: from the
    /// first of these to the first key frame. `pictures` are all, by stamp and order.
    pub(crate) fn missing_heads(&self, pictures: &[(i64, u32)]) -> Vec<(i64, i64)> {
        let mut missing: Vec<(usize, i64, i64)> = Vec::new();
        for (stamp, order) in pictures {
            let floor = self.floor(*order as usize).filter(|floor| floor.is_head);
            let Some(floor) = floor.filter(|floor| *stamp < floor.stamp) else { continue };
            match missing.last_mut().filter(|last| last.0 == floor.from_order) {
                Some(last) => last.1 = last.1.min(*stamp),
                None => missing.push((floor.from_order, *stamp, floor.stamp)),
            }
        }
        missing.into_iter().map(|(_, start, end)| (start, end)).collect()
    }

    fn floor(&self, order: usize) -> Option<&Floor> {
        let after = self.steps.partition_point(|step| step.from_order <= order);
        after.checked_sub(1).map(|at| &self.steps[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(order: usize, pts: i64) -> KeyPacket {
        KeyPacket { pts, dts: pts, order, at_byte: 0 }
    }

    #[test]
    fn what_stands_before_the_first_key_frame_of_a_recording_is_missing() {
        // Keys at 3 and 8, another recording from 12 on, whose first key is at 14.
        let keys = [key(3, 30), key(8, 80), key(14, 140)];
        let from = ShownFrom::new(&keys, &[12], &[]);
        let pictures: Vec<(i64, u32)> = (0..20).map(|i| (i64::from(10 * i), i as u32)).collect();
        let hidden = pictures.iter().filter(|(stamp, order)| !from.shows(*order as usize, *stamp));
        assert_eq!(hidden.map(|(_, order)| *order).collect::<Vec<_>>(), [0, 1, 2, 12, 13]);
        assert_eq!(from.missing_heads(&pictures), [(0, 30), (120, 140)]);
    }

    #[test]
    fn pictures_that_lead_to_a_key_frame_are_hidden_behind_a_hole_alone() {
        // Stored behind the key frames at 5 and 9, shown before them.
        let keys = [key(0, 0), key(5, 60), key(9, 100)];
        let shows =
            |losses: &[usize], order, stamp| ShownFrom::new(&keys, &[], losses).shows(order, stamp);
        assert!(shows(&[], 6, 50) && shows(&[5], 10, 90));
        assert!(!shows(&[5], 6, 50) && shows(&[5], 7, 70));
        assert!(ShownFrom::new(&keys, &[], &[5]).missing_heads(&[(50, 6)]).is_empty());
    }
}
