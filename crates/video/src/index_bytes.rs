//! A [`PacketIndex`] as bytes: in a file of the cache, and between a worker and the process that asks it.
//!
//! Steady times take a byte a frame. What is read is compared with the bytes that are there before memory is taken.

use crate::packet_index::{Access, Clock, KeyPacket, PacketIndex};
use crate::timeline::{Part, Timeline};

/// Puts an index behind what stands in `out`.
pub(crate) fn put_index(out: &mut Vec<u8>, index: &PacketIndex) {
    out.push(match index.access {
        Access::Seek => 0,
        Access::FromStart => 1,
        Access::Counted => 2,
    });
    for seconds in [index.clock.tick_s, index.clock.start_s, index.clock.end_s] {
        out.extend(seconds.to_bits().to_le_bytes());
    }
    put(out, index.stamps.len() as i64);
    // Steady times have steps that do not change: one byte a frame.
    let (mut last, mut step) = (0i64, 0i64);
    for stamp in &index.stamps {
        let new_step = stamp.wrapping_sub(last);
        put(out, new_step.wrapping_sub(step));
        (last, step) = (*stamp, new_step);
    }
    let mut last = 0;
    for order in &index.orders {
        put(out, i64::from(*order) - last - 1);
        last = i64::from(*order);
    }
    put(out, index.keys.len() as i64);
    let (mut last, mut last_byte) = (0i64, 0i64);
    for key in &index.keys {
        put(out, key.pts.wrapping_sub(last));
        put(out, key.pts.wrapping_sub(key.dts));
        put(out, key.order as i64);
        put(out, key.at_byte.wrapping_sub(last_byte));
        (last, last_byte) = (key.pts, key.at_byte);
    }
    put_growing(out, &index.second_fields);
    put_growing(out, &index.damaged_from);
    put_growing(out, &index.restarts);
    put(out, index.timeline.later_parts().len() as i64);
    for part in index.timeline.later_parts() {
        put(out, part.from as i64);
        put(out, part.shift);
        put(out, part.at_byte);
    }
    put(out, index.gaps.len() as i64);
    for (start, end) in &index.gaps {
        put(out, *start);
        put(out, *end);
    }
}

/// The index of bytes that hold it and nothing else; none of other bytes.
pub(crate) fn index_of(mut rest: &[u8]) -> Option<PacketIndex> {
    let access = match take::<1>(&mut rest)? {
        [0] => Access::Seek,
        [1] => Access::FromStart,
        [2] => Access::Counted,
        _ => return None,
    };
    let mut seconds = || Some(f64::from_bits(u64::from_le_bytes(take::<8>(&mut rest)?)));
    let clock = Clock { tick_s: seconds()?, start_s: seconds()?, end_s: seconds()? };
    // Each frame has a byte for its time and one for its order.
    let count = usize::try_from(get(&mut rest)?).ok().filter(|count| *count <= rest.len() / 2)?;
    let (mut stamps, mut orders) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut last, mut step) = (0i64, 0i64);
    for _ in 0..count {
        step = step.wrapping_add(get(&mut rest)?);
        last = last.wrapping_add(step);
        stamps.push(last);
    }
    let mut last = 0i64;
    for _ in 0..count {
        last = get(&mut rest)?.checked_add(last)?.checked_add(1)?;
        orders.push(u32::try_from(last).ok()?);
    }
    let count = usize::try_from(get(&mut rest)?).ok().filter(|count| *count <= rest.len() / 4)?;
    let mut keys = Vec::with_capacity(count);
    let (mut last, mut last_byte) = (0i64, 0i64);
    for _ in 0..count {
        let pts = last.wrapping_add(get(&mut rest)?);
        let dts = pts.wrapping_sub(get(&mut rest)?);
        let order = usize::try_from(get(&mut rest)?).ok()?;
        let at_byte = last_byte.wrapping_add(get(&mut rest)?);
        keys.push(KeyPacket { pts, dts, order, at_byte });
        (last, last_byte) = (pts, at_byte);
    }
    let (second_fields, damaged_from) = (get_growing(&mut rest)?, get_growing(&mut rest)?);
    let restarts = get_growing(&mut rest)?;
    let count = usize::try_from(get(&mut rest)?).ok().filter(|count| *count <= rest.len() / 3)?;
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let from = usize::try_from(get(&mut rest)?).ok()?;
        parts.push(Part { from, shift: get(&mut rest)?, at_byte: get(&mut rest)? });
    }
    let timeline = Timeline::of_parts(parts);
    let count = usize::try_from(get(&mut rest)?).ok().filter(|count| *count <= rest.len() / 2)?;
    let mut gaps = Vec::with_capacity(count);
    for _ in 0..count {
        gaps.push((get(&mut rest)?, get(&mut rest)?));
    }
    (rest.is_empty() && !stamps.is_empty()).then_some(PacketIndex {
        access,
        stamps,
        orders,
        keys,
        second_fields,
        timeline,
        restarts,
        damaged_from,
        gaps,
        clock,
    })
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*taken)
}

/// Seven bits a byte, the sign in the lowest bit, so that small numbers of both signs are short.
pub(crate) fn put(out: &mut Vec<u8>, number: i64) {
    let mut bits = (number << 1 ^ number >> 63) as u64;
    while bits >= 0x80 {
        out.push(bits as u8 | 0x80);
        bits >>= 7;
    }
    out.push(bits as u8);
}

fn get(from: &mut &[u8]) -> Option<i64> {
    let mut bits = 0u64;
    for shift in (0..64).step_by(7) {
        let [byte] = take::<1>(from)?;
        bits |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((bits >> 1) as i64 ^ -((bits & 1) as i64));
        }
    }
    None
}

fn put_growing(out: &mut Vec<u8>, orders: &[u32]) {
    put(out, orders.len() as i64);
    let mut last = 0;
    for order in orders {
        put(out, i64::from(*order) - last);
        last = i64::from(*order);
    }
}

fn get_growing(from: &mut &[u8]) -> Option<Vec<u32>> {
    let count = usize::try_from(get(from)?).ok().filter(|count| *count <= from.len())?;
    let mut last = 0i64;
    let next = |_| {
        last = last.checked_add(get(from)?)?;
        u32::try_from(last).ok()
    };
    (0..count).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_of_any_size_come_back(numbers: Vec<i64>) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|number| put(&mut bytes, *number));
            let mut rest = bytes.as_slice();
            let found: Vec<i64> = std::iter::from_fn(|| get(&mut rest)).collect();
            prop_assert_eq!(found, numbers);
        }
    }
}
