//! When pictures are shown whose packets do not say it.
//!
//! MPEG-PS states the times of the first picture of each of its packets alone. For MPEG-1 and MPEG-2 FFmpeg counts on from
//! it when the others are decoded; a B picture is shown when it is decoded, and another one when the next other one is
//! decoded (ISO 13818-2, 6.1.1.11). For H.264 and HEVC it gives no times, and the headers tell the order alone
//! ([`crate::picture_order`]): pictures follow each other by the usual step from one that has a time.

use std::ops::Range;

use ffmpeg_the_third::codec::Id;

use crate::bits::start_code;
use crate::content::Content;
use crate::displaced_run;
use crate::seen_packet::Seen;

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
    let Some(step) = step(seen) else { return false };
    displaced_run::put_back(seen, step);
    drop_misplaced(seen, step);
    if !fill_decoded(seen, step) {
        return false;
    }
    let pictures = seen.iter().filter(|packet| packet.content == Content::Picture);
    match pictures.clone().any(|packet| packet.order_count.is_some()) {
        true => fill_by_count(seen, step),
        false => fill_by_kind(seen, step.round() as i64),
    }
}

/// How long a picture is shown: the step between two pictures that say when they are decoded. Of these the one that is nearest
/// to what packets state, as a time may stand at the wrong picture; where they state another rate, the middle one.
fn step(seen: &[Seen]) -> Option<f64> {
    let pictures = seen.iter().filter(|packet| packet.content == Content::Picture);
    let timed = pictures.enumerate().filter_map(|(number, packet)| Some((number, packet.dts?)));
    let timed: Vec<(usize, i64)> = timed.collect();
    let step = |pair: &[(usize, i64)]| {
        (pair[1].1.saturating_sub(pair[0].1)) as f64 / (pair[1].0 - pair[0].0) as f64
    };
    let mut steps: Vec<f64> = timed.windows(2).map(step).filter(|step| *step > 0.0).collect();
    let stated = seen.first().map(|packet| packet.duration as f64).filter(|stated| *stated > 0.0);
    steps.sort_unstable_by(f64::total_cmp);
    let Some(stated) = stated else { return steps.get(steps.len().saturating_sub(1) / 2).copied() };
    let off = |step: &f64| (step - stated).abs();
    let nearest = steps.iter().copied().min_by(|a, b| off(a).total_cmp(&off(b)));
    match nearest {
        None => Some(stated),
        Some(nearest) if off(&nearest) <= stated / 10.0 => Some(nearest),
        Some(_) => steps.get((steps.len() - 1) / 2).copied(),
    }
}

/// Takes the times of pictures that are the same as of a neighbour: one packet of MPEG-PS said it, and FFmpeg gives it twice. The
/// one stays that is decoded where the pictures before say.
fn drop_misplaced(seen: &mut [Seen], step: f64) {
    let pictures = seen.iter().enumerate().filter(|(_, packet)| packet.content == Content::Picture);
    let timed = pictures.enumerate();
    let timed = timed.filter_map(|(number, (order, packet))| Some((number, order, packet.dts?)));
    let timed: Vec<(usize, usize, i64)> = timed.collect();
    for (place, pair) in timed.windows(2).enumerate() {
        let [(number, order, dts), (next_number, next_order, next_dts)] = *pair else { continue };
        if dts != next_dts {
            continue;
        }
        let before = place.checked_sub(1).map(|before| timed[before]);
        let off = |number: usize| {
            before.map_or(0.0, |(from, _, time)| {
                ((dts - time) as f64 - (number - from) as f64 * step).abs()
            })
        };
        let wrong = if off(next_number) < off(number) { order } else { next_order };
        (seen[wrong].pts, seen[wrong].dts) = (None, None);
    }
}

/// Times known at some places of a row whose members follow each other by one step.
struct Row {
    /// Growing places.
    known: Vec<(usize, i64)>,
    step: f64,
}

impl Row {
    /// By the last place before that is known, else by the first behind; none where none is known.
    fn time(&self, place: usize) -> Option<i64> {
        let behind = self.known.partition_point(|known| known.0 <= place);
        let (from, time) = *self.known.get(behind.saturating_sub(1))?;
        let places = place as f64 - from as f64;
        Some(time.saturating_add((places * self.step).round() as i64))
    }
}

/// Gives every packet a time when it is decoded: pictures follow each other by `step`.
fn fill_decoded(seen: &mut [Seen], step: f64) -> bool {
    let pictures = seen.iter().filter(|packet| packet.content == Content::Picture).enumerate();
    let known = pictures.filter_map(|(number, packet)| Some((number, packet.dts?))).collect();
    let row = Row { known, step };
    let mut num_pictures = 0;
    for packet in seen {
        let half = match packet.content {
            Content::Picture => {
                num_pictures += 1;
                0
            }
            _ => half(step),
        };
        let time = row.time(usize::saturating_sub(num_pictures, 1));
        packet.dts = packet.dts.or(time.map(|time| time.saturating_add(half)));
        if packet.dts.is_none() {
            return false;
        }
    }
    true
}

fn half(step: f64) -> i64 {
    (step / 2.0).round() as i64
}

fn fill_by_kind(seen: &mut [Seen], step: i64) -> bool {
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

fn fill_by_count(seen: &mut [Seen], step: f64) -> bool {
    let Some(shown) = shown_order(seen) else { return false };
    let known = shown.iter().enumerate();
    let known = known.filter_map(|(place, &order)| Some((place, seen[order].pts?))).collect();
    let mut row = Row { known, step };
    if row.known.is_empty() {
        // The first is shown as late as the pictures that are decoded before they can be shown make it.
        let mut decoded = shown.clone();
        decoded.sort_unstable();
        let delay = delay(&shown, &decoded);
        let Some(first) = decoded.first().and_then(|first| seen[*first].dts) else { return false };
        row.known.push((0, first.saturating_add((delay as f64 * step).round() as i64)));
    }
    for (place, &order) in shown.iter().enumerate() {
        seen[order].pts = seen[order].pts.or(row.time(place));
    }
    decode_in_order(seen, &shown, step);
    // What is no picture goes with the one before.
    let mut last = None;
    for packet in seen {
        match packet.content {
            Content::Picture => last = packet.pts,
            Content::SecondField => {
                packet.pts = packet.pts.or(last.map(|last| last.saturating_add(half(step))));
            }
            Content::Nothing => packet.pts = packet.pts.or(packet.dts),
        }
        if packet.pts.is_none() {
            return false;
        }
    }
    true
}

/// Has each picture decoded when another is shown: as many pictures earlier as the order asks for, so that none is decoded
/// after it is shown, and all one after the other. `shown` is their order.
fn decode_in_order(seen: &mut [Seen], shown: &[usize], step: f64) {
    let mut times: Vec<i64> = shown.iter().filter_map(|order| seen[*order].pts).collect();
    times.sort_unstable();
    let mut decoded = shown.to_vec();
    decoded.sort_unstable();
    let delay = delay(shown, &decoded);
    let Some(&first) = times.first() else { return };
    for (number, &order) in decoded.iter().enumerate() {
        let time = match number.checked_sub(delay) {
            Some(place) => times.get(place).copied(),
            None => Some(first.saturating_sub(((delay - number) as f64 * step).round() as i64)),
        };
        seen[order].dts = time.or(seen[order].dts);
    }
}

/// How many pictures are decoded before the first can be shown.
fn delay(shown: &[usize], decoded: &[usize]) -> usize {
    let late = |(place, order): (usize, &usize)| {
        decoded.partition_point(|other| other < order).saturating_sub(place)
    };
    shown.iter().enumerate().map(late).max().unwrap_or(0)
}

/// The pictures, by the order of their packets, as they are shown: one sequence after the other, each by its own count, which
/// begins anew with a key picture. None where a picture does not tell its count.
fn shown_order(seen: &[Seen]) -> Option<Vec<usize>> {
    let mut sequence = 0;
    let mut last_key = None;
    let mut pictures = Vec::with_capacity(seen.len());
    for (order, packet) in seen.iter().enumerate() {
        if packet.content != Content::Picture {
            continue;
        }
        let count = packet.order_count?;
        if packet.is_key {
            sequence += usize::from(last_key.is_some_and(|last| count <= last));
            last_key = Some(count);
        }
        pictures.push((sequence, count, order));
    }
    pictures.sort_unstable();
    Some(pictures.into_iter().map(|(_, _, order)| order).collect())
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
            content: Content::Picture,
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

    /// Pictures by their counts, those of key pictures marked; only some have times.
    fn counted(pictures: &[(i32, bool)], times: &[(usize, i64, i64)]) -> Vec<Seen> {
        let picture = |&(count, is_key): &(i32, bool)| Seen {
            order_count: Some(count),
            is_key,
            content: Content::Picture,
            ..Seen::default()
        };
        let mut seen: Vec<Seen> = pictures.iter().map(picture).collect();
        for &(order, pts, dts) in times {
            (seen[order].pts, seen[order].dts) = (Some(pts), Some(dts));
        }
        seen
    }

    fn times(seen: &[Seen]) -> Vec<(i64, i64)> {
        seen.iter().map(|packet| (packet.pts.unwrap(), packet.dts.unwrap())).collect()
    }

    #[test]
    fn pictures_without_times_are_shown_in_the_order_of_their_counts() {
        // I P B B, then a sequence of its own: I P B.
        let pictures =
            [(0, true), (6, false), (2, false), (4, false), (0, true), (4, false), (2, false)];
        let mut seen = counted(&pictures, &[(0, 20, 0), (4, 60, 40)]);
        assert!(fill_one(&mut seen));
        let expected = [(20, 10), (50, 20), (30, 30), (40, 40), (60, 50), (80, 60), (70, 70)];
        assert_eq!(times(&seen), expected);
    }

    #[test]
    fn a_key_picture_that_counts_on_is_shown_behind_those_decoded_after_it() {
        // The second key picture is one of an open group: two B belong before it.
        let pictures = [(0, true), (4, false), (2, false), (10, true), (6, false), (8, false)];
        let mut seen = counted(&pictures, &[(0, 110, 100), (1, 130, 110)]);
        assert!(fill_one(&mut seen));
        let shown: Vec<i64> = times(&seen).iter().map(|times| times.0).collect();
        assert_eq!(shown, [110, 130, 120, 160, 140, 150]);
    }

    #[test]
    fn where_no_time_of_showing_is_known_the_first_waits_for_those_decoded_before() {
        let pictures = [(0, true), (6, false), (2, false), (4, false)];
        let mut seen = counted(&pictures, &[]);
        (seen[0].dts, seen[1].dts) = (Some(0), Some(10));
        assert!(fill_one(&mut seen));
        assert_eq!(times(&seen), [(10, 0), (40, 10), (20, 20), (30, 30)]);
    }

    #[test]
    fn a_rate_of_no_whole_ticks_does_not_drift() {
        let pictures: Vec<(i32, bool)> = (0..5000).map(|place| (place * 2, place == 0)).collect();
        let known = [(0, 0, 0), (4, 15015, 15015)];
        let mut seen = counted(&pictures, &known);
        assert!(fill_one(&mut seen));
        assert_eq!(seen[4999].pts, Some(18_765_000 - 4));
    }

    #[test]
    fn a_picture_that_does_not_tell_its_place_is_not_guessed() {
        let mut seen = counted(&[(0, true), (4, false), (2, false)], &[(0, 10, 0), (1, 30, 10)]);
        seen[2].order_count = None;
        assert!(!fill_one(&mut seen));
    }

    #[test]
    fn a_time_that_stands_at_two_pictures_counts_where_the_step_says() {
        // Shown as decoded; what the second of a pair says is true, or what the first says.
        let pictures: Vec<(i32, bool)> = (0..40).map(|place| (place * 2, place == 0)).collect();
        for right in [20, 21] {
            let time = right * 10;
            let known = [(0, 0, 0), (8, 80, 80), (20, time, time), (21, time, time)];
            let mut seen = counted(&pictures, &known);
            seen[0].duration = 10;
            assert!(fill_one(&mut seen));
            let expected: Vec<(i64, i64)> = (0..40).map(|place| (place * 10, place * 10)).collect();
            assert_eq!(times(&seen), expected, "{right}");
        }
    }
}
