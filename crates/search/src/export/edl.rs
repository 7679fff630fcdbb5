//! CMX 3600: the edit list that every editor reads.
//!
//! It states no frame rate and counts in whole frames, so all sources must have one constant rate. Outs
//! are exclusive. Drop frame shows twice, and readers want both: in `FCM:` and in the `;` of every
//! timecode. Where sources differ in that, `FCM:` is said again before each change, and the record side
//! is drop frame only where all sources are.

use std::collections::BTreeSet;

use super::error::ExportError;
use super::frame_rate::FrameRate;
use super::hit::{Hit, single_spaced};
use super::placed_hit::PlacedHit;
use super::reels::reels;
use super::source_clock::{SourceClock, SourceClocks};
use super::timecode::Timecode;

/// Event numbers have three digits.
const MOST: usize = 999;

/// The hits one after another from 01:00:00:00 on.
pub(super) fn write(
    title: &str,
    hits: &[Hit],
    clocks: &SourceClocks,
) -> Result<String, ExportError> {
    if hits.len() > MOST {
        return Err(ExportError::TooMany { found: hits.len(), most: MOST });
    }
    let placed = PlacedHit::all(hits, clocks)?;
    check_rates(&placed)?;
    let reels = reels(hits);
    let drop = placed.iter().all(|placed| placed.clock.drop_frame);
    let rate = placed[0].clock.rate;
    let zero = Timecode::new(0, rate, drop);
    let hour = Timecode::parse(if drop { "01:00:00;00" } else { "01:00:00:00" }, rate);
    let mut record = hour.unwrap_or(zero);
    let mut list = format!("TITLE: {}\n{}\n", short(title, 70), fcm(drop));
    let mut said = drop;
    for (number, placed) in placed.iter().enumerate() {
        let drops = placed.clock.drop_frame;
        if drops != said {
            list.push_str(&format!("{}\n", fcm(drops)));
            said = drops;
        }
        let (number, reel) = (number + 1, &reels[placed.hit.path.as_path()]);
        let (from, until) =
            (placed.clock.timecode(placed.first), placed.clock.timecode(placed.end));
        let record_until = record.plus(placed.num_frames());
        let name = single_spaced(&placed.hit.file_name());
        list.push_str(&format!(
            "{number:03}  {reel:<8} V     C        {from} {until} {record} {record_until}\n\
             * FROM CLIP NAME: {name}\n* COMMENT: {}\n",
            placed.remark()
        ));
        record = record_until;
    }
    Ok(list)
}

/// The hits that one list can hold: those of constant rate, and of several rates those of the rate that most
/// have. The sources of the others, with the reasons.
pub(super) fn sorted_out(hits: &[Hit], clocks: &SourceClocks) -> (Vec<Hit>, Vec<ExportError>) {
    let constant = |hit: &Hit| clocks.get(&hit.path).filter(|clock| !clock.is_variable);
    let mut counts: Vec<(FrameRate, usize, &Hit)> = Vec::new();
    for (clock, hit) in hits.iter().filter_map(|hit| Some((constant(hit)?, hit))) {
        match counts.iter_mut().find(|(rate, ..)| *rate == clock.rate) {
            Some((_, count, _)) => *count += 1,
            None => counts.push((clock.rate, 1, hit)),
        }
    }
    // Of equal counts the first, which is the better.
    let most = counts.iter().rev().max_by_key(|(_, count, _)| *count);
    let (mut kept, mut reasons, mut named) = (Vec::new(), Vec::new(), BTreeSet::new());
    for hit in hits {
        let reason = match (clocks.get(&hit.path), most) {
            (Some(clock), _) if clock.is_variable => variable(hit, clock),
            (Some(clock), Some((rate, _, first))) if clock.rate != *rate => {
                several((first, *rate), (hit, clock.rate))
            }
            _ => {
                kept.push(hit.clone());
                continue;
            }
        };
        if named.insert(&hit.path) {
            reasons.push(reason);
        }
    }
    (kept, reasons)
}

fn fcm(drop: bool) -> &'static str {
    if drop { "FCM: DROP FRAME" } else { "FCM: NON-DROP FRAME" }
}

fn short(text: &str, most: usize) -> String {
    single_spaced(text).chars().take(most).collect()
}

fn check_rates(placed: &[PlacedHit<'_>]) -> Result<(), ExportError> {
    let first = &placed[0];
    for one in placed {
        if one.clock.is_variable {
            return Err(variable(one.hit, one.clock));
        }
        if one.clock.rate != first.clock.rate {
            return Err(several((first.hit, first.clock.rate), (one.hit, one.clock.rate)));
        }
    }
    Ok(())
}

fn variable(hit: &Hit, clock: &SourceClock) -> ExportError {
    ExportError::VariableRate { path: hit.path.clone(), fps: clock.rate.to_string() }
}

fn several((one, rate): (&Hit, FrameRate), (other, other_rate): (&Hit, FrameRate)) -> ExportError {
    ExportError::SeveralRates {
        path: one.path.clone(),
        rate: rate.to_string(),
        other_path: other.path.clone(),
        other_rate: other_rate.to_string(),
    }
}
