//! CMX 3600: the edit list that every editor reads.
//!
//! It states no frame rate and counts in whole frames, so all sources must have one constant rate. Outs
//! are exclusive. Drop frame shows twice, and readers want both: in `FCM:` and in the `;` of every
//! timecode. Where sources differ in that, `FCM:` is said again before each change, and the record side
//! is drop frame only where all sources are.

use super::error::ExportError;
use super::hit::{Hit, one_line};
use super::placed_hit::PlacedHit;
use super::reels::reels;
use super::source_clock::SourceClocks;
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
        let name = one_line(&placed.hit.file_name());
        list.push_str(&format!(
            "{number:03}  {reel:<8} V     C        {from} {until} {record} {record_until}\n\
             * FROM CLIP NAME: {name}\n* COMMENT: {}\n",
            placed.remark()
        ));
        record = record_until;
    }
    Ok(list)
}

fn fcm(drop: bool) -> &'static str {
    if drop { "FCM: DROP FRAME" } else { "FCM: NON-DROP FRAME" }
}

fn short(text: &str, most: usize) -> String {
    one_line(text).chars().take(most).collect()
}

fn check_rates(placed: &[PlacedHit<'_>]) -> Result<(), ExportError> {
    let first = &placed[0];
    for one in placed {
        let path = one.hit.path.clone();
        if one.clock.is_variable {
            let fps = one.clock.rate.to_string();
            return Err(ExportError::VariableRate { path, fps });
        }
        if one.clock.rate != first.clock.rate {
            return Err(ExportError::SeveralRates {
                path: first.hit.path.clone(),
                rate: first.clock.rate.to_string(),
                other_path: path,
                other_rate: one.clock.rate.to_string(),
            });
        }
    }
    Ok(())
}
