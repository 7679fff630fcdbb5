//! How fast something goes and how long it still takes, in units that people read.

use std::time::{Duration, Instant};

/// Less time than this tells no rate.
const SHORTEST: Duration = Duration::from_millis(50);

/// The pace of things that are counted, from the first that was told on: what had been done before
/// (by a run that goes on, say) took none of this time.
pub(crate) struct Pace {
    first: Option<(f64, Instant)>,
}

impl Pace {
    /// Of things whose first is told when it is done.
    pub(crate) fn new() -> Self {
        Self { first: None }
    }

    /// Of things of which `done` are there now, and the next is begun.
    pub(crate) fn begun_at(done: f64) -> Self {
        Self { first: Some((done, Instant::now())) }
    }

    /// Things a second, when `done` of them are there; unknown before two moments are known.
    pub(crate) fn per_s(&mut self, done: f64) -> Option<f64> {
        self.per_s_at(done, Instant::now())
    }

    fn per_s_at(&mut self, done: f64, now: Instant) -> Option<f64> {
        let (first, began) = *self.first.get_or_insert((done, now));
        per_s(done - first, now - began)
    }
}

/// Things a second; unknown where nothing was done, or in hardly any time.
pub(crate) fn per_s(done: f64, time: Duration) -> Option<f64> {
    (done > 0.0 && time >= SHORTEST).then(|| done / time.as_secs_f64())
}

/// `12 pairs/s`, `3.4 pairs/min` or `2.5 pairs/h`: the first that is not all noughts.
pub(crate) fn rate(per_s: f64, what: &str) -> String {
    let (value, unit) = if per_s >= 1.0 || per_s <= 0.0 {
        (per_s, "s")
    } else if per_s >= 1.0 / 60.0 {
        (per_s * 60.0, "min")
    } else {
        (per_s * 3600.0, "h")
    };
    let decimals = usize::from(value < 10.0);
    format!("{value:.decimals$} {what}/{unit}")
}

/// Two spaces and the rate, and how long `rest` more take; nothing of both while it is unknown.
pub(crate) fn rate_and_rest(per_s: Option<f64>, what: &str, rest: f64) -> String {
    per_s.map_or_else(String::new, |per_s| {
        format!("  {}  {} left", rate(per_s, what), duration(rest / per_s))
    })
}

/// Seconds as people say them.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, s) => format!("{m} min {s:02} s"),
        (0, h, m, _) => format!("{h} h {m:02} min"),
        (d, h, ..) if d < 1000 => format!("{d} d {h:02} h"),
        _ => "years".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_in_the_unit_that_has_digits() {
        for (per_s, told) in [
            (12_345.6, "12346 pairs/s"),
            (10.0, "10 pairs/s"),
            (1.24, "1.2 pairs/s"),
            // A step of 32 pairs a minute is not 0 or 1 pairs a second.
            (32.0 / 60.0, "32 pairs/min"),
            (0.02, "1.2 pairs/min"),
            (1.0 / 600.0, "6.0 pairs/h"),
            (0.0, "0.0 pairs/s"),
        ] {
            assert_eq!(rate(per_s, "pairs"), told);
        }
    }

    #[test]
    fn what_was_there_before_and_what_took_no_time_have_no_rate() {
        assert_eq!(per_s(3600.0, Duration::from_nanos(300)), None, "a run that was finished");
        assert_eq!(per_s(0.0, Duration::from_secs(9)), None);
        assert_eq!(per_s(6.0, Duration::from_secs(2)), Some(3.0));
        let mut pace = Pace::new();
        let began = Instant::now();
        assert_eq!(pace.per_s_at(3599.0, began), None, "the first that is told");
        assert_eq!(pace.per_s_at(3600.0, began + Duration::from_secs(4)), Some(0.25));
        assert_eq!(rate_and_rest(None, "steps", 5.0), "");
        assert_eq!(rate_and_rest(Some(0.5), "steps", 60.0), "  30 steps/min  2 min 00 s left");
    }

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, told) in [
            (0.2, "0 s"),
            (61.0, "1 min 01 s"),
            (7260.0, "2 h 01 min"),
            (180_000.0, "2 d 02 h"),
            (f64::INFINITY, "years"),
        ] {
            assert_eq!(duration(seconds), told);
        }
    }
}
