//! How long a file says that it plays: one that was cut short, as by a copy that stopped, says more than it
//! holds.

use ffmpeg_the_third::{ffi, media};

use crate::frame_table::FrameTable;
use crate::probe::OpenFile;
use crate::time::Seconds;

/// What a whole file may lack of what it states: headers count sound that goes on for some tenths, and the
/// last picture twice. Of a long file, a recorder's own count may be seconds off. A copy that stopped lacks
/// more, but for one that stopped at the very end.
const LEAST: Seconds = Seconds(0.5);
const SHARE: f64 = 0.02;
const MOST: Seconds = Seconds(2.0);

/// Where only the whole file's length is stated, sound may go on for longer than the pictures.
const SOUND: Seconds = Seconds(5.0);
const SOUND_SHARE: f64 = 0.1;

/// Containers that state the length of each stream.
const STATES_EACH: [&str; 3] = ["mov,mp4,m4a,3gp,3g2,mj2", "avi", "mxf"];

/// What the file states, where its pictures end well before; none of a whole file, and of one that states
/// nothing.
pub(crate) fn cut_short_of(file: &OpenFile, table: &FrameTable) -> Option<Seconds> {
    stated(file).filter(|stated| is_cut_short(*stated, table, may_be_of_sound(file)))
}

/// Whether the length that is stated may be that of the sound.
fn may_be_of_sound(file: &OpenFile) -> bool {
    let has_sound = file.input.streams().best(media::Type::Audio).is_some();
    let tag =
        file.input.stream(file.stream).is_some_and(|it| it.metadata().get("DURATION").is_some());
    has_sound && !tag && !states_each(file)
}

fn states_each(file: &OpenFile) -> bool {
    STATES_EACH.contains(&file.input.format().name())
}

fn is_cut_short(stated: Seconds, table: &FrameTable, may_be_of_sound: bool) -> bool {
    let allowed = match may_be_of_sound {
        true => (stated * SOUND_SHARE).max(SOUND),
        false => (stated * SHARE).max(LEAST).min(MOST),
    };
    let allowed = allowed.max(table.mean_frame_duration() * 2.0);
    stated - table.end() > allowed
}

/// The least of what the header says: of the pictures, of the file, and in a tag of Matroska.
fn stated(file: &OpenFile) -> Option<Seconds> {
    if let Some(of_avi) = counted_frames(file) {
        return Some(of_avi);
    }
    // SAFETY: the context is alive; the fields are plain numbers.
    let (whole, start, way) = unsafe {
        let context = file.input.as_ptr();
        ((*context).duration, (*context).start_time, (*context).duration_estimation_method)
    };
    // Else guessed from the bytes that are there, or from clocks that may jump.
    if way != ffi::AVDurationEstimationMethod::STREAM {
        return None;
    }
    let video = file.input.stream(file.stream)?;
    let tick = video.time_base();
    let tick_s = f64::from(tick.0) / f64::from(tick.1);
    let known = |ticks: i64| (ticks > 0 && ticks != ffi::AV_NOPTS_VALUE).then_some(ticks as f64);
    let of_file = |ticks: i64| known(ticks).map(|ticks| ticks / f64::from(ffi::AV_TIME_BASE));
    let of_pictures = known(video.duration()).map(|ticks| ticks * tick_s);
    let of_tag = video.metadata().get("DURATION").and_then(seconds);
    let all = [of_pictures, of_file(whole), of_tag].into_iter().flatten();
    let least = all.filter(|it: &f64| it.is_finite()).min_by(f64::total_cmp)?;
    // Other containers say when the file ends, by a clock that need not begin at 0.
    let early = if states_each(file) { 0.0 } else { of_file(start).unwrap_or_default() };
    Some(Seconds(least - early))
}

/// How long an AVI plays by the count of frames in its header. FFmpeg's own length is by the bytes that are there.
fn counted_frames(file: &OpenFile) -> Option<Seconds> {
    let video = file.input.stream(file.stream).filter(|_| file.input.format().name() == "avi")?;
    let frame = video.time_base();
    let stated_s = video.frames() as f64 * f64::from(frame.0) / f64::from(frame.1);
    (stated_s > 0.0 && stated_s.is_finite()).then_some(Seconds(stated_s))
}

/// Reads `00:00:24.000000000`.
fn seconds(text: &str) -> Option<f64> {
    let parts: Vec<f64> =
        text.trim().split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts.as_slice() else { return None };
    Some(hours * 3600.0 + minutes * 60.0 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(frames: u32, rate: f64) -> FrameTable {
        let times = (0..frames).map(|frame| Seconds(f64::from(frame) / rate)).collect();
        FrameTable::new(times, Seconds(f64::from(frames) / rate))
    }

    #[test]
    fn tenths_are_no_loss_and_more_than_a_fiftieth_is_one() {
        // Of 24 s half a second may be missing, of an hour two, of three pictures two.
        for (stated, frames, rate, is_lost) in [
            (24.0, 236, 10.0, false),
            (24.0, 234, 10.0, true),
            (24.0, 66, 10.0, true),
            (3600.0, 35_990, 10.0, false),
            (3600.0, 35_970, 10.0, true),
            (15.0, 1, 0.2, false),
            (16.0, 1, 0.2, true),
        ] {
            let told = is_cut_short(Seconds(stated), &table(frames, rate), false);
            assert_eq!(told, is_lost, "{frames} of {stated} s at {rate}");
        }
        // Where sound may be meant, five seconds or a tenth.
        assert!(!is_cut_short(Seconds(24.0), &table(195, 10.0), true));
        assert!(is_cut_short(Seconds(24.0), &table(185, 10.0), true));
        assert_eq!(seconds("00:01:24.500000000"), Some(84.5));
        assert_eq!(seconds("24"), None);
    }
}
