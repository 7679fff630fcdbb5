//! How long something still takes, said only when its pace is steady.
//!
//! The first steps of a run are slow, because files are opened and memory is filled for the first time,
//! and steps of several kinds take turns: a time left that is computed from them jumps.

use std::time::{Duration, Instant};

/// Fewer things that were told of than this say nothing of a pace.
const LEAST_TOLD: usize = 6;
/// Less time says nothing either.
const LEAST_TIME: Duration = Duration::from_secs(2);
/// A pace is steady when that of the first half of the time and that of the second differ by this at most.
const MOST_APART: f64 = 1.3;
/// After so much time the pace is told in any case.
const LONG_ENOUGH: Duration = Duration::from_secs(120);
/// Moments that are remembered.
const MOST_REMEMBERED: usize = 256;

/// What was done when.
pub(crate) struct TimeLeft {
    told: Vec<(f64, Instant)>,
    num_told: usize,
    /// Of so many moments one is remembered.
    every: usize,
    is_steady: bool,
}

impl TimeLeft {
    pub(crate) fn new() -> Self {
        Self { told: Vec::new(), num_told: 0, every: 1, is_steady: false }
    }

    /// Seconds for the rest of `total`, when `done` of it is done; unknown until the pace is steady.
    pub(crate) fn seconds(&mut self, done: f64, total: f64) -> Option<f64> {
        self.seconds_at(done, total, Instant::now())
    }

    fn seconds_at(&mut self, done: f64, total: f64, now: Instant) -> Option<f64> {
        if self.num_told.is_multiple_of(self.every) {
            self.remember(done, now);
        }
        self.num_told += 1;
        // What came before the first moment took none of this time.
        let &(first, began) = self.told.first()?;
        let time = now - began;
        let (half, middle) = self.at(began + time / 2);
        let before = per_s(half - first, middle - began)?;
        let since = per_s(done - half, now - middle)?;
        let apart = (before / since).max(since / before);
        let is_known = self.num_told > LEAST_TOLD && time >= LEAST_TIME;
        self.is_steady |= is_known && (apart <= MOST_APART || time >= LONG_ENOUGH);
        self.is_steady.then(|| (total - done) / since)
    }

    fn remember(&mut self, done: f64, now: Instant) {
        if self.told.len() == MOST_REMEMBERED {
            let mut is_kept = false;
            self.told.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.every *= 2;
        }
        self.told.push((done, now));
    }

    /// What was done at the last remembered moment up to `moment`.
    fn at(&self, moment: Instant) -> (f64, Instant) {
        let place = self.told.partition_point(|(_, told)| *told <= moment);
        self.told[place.saturating_sub(1)]
    }
}

fn per_s(done: f64, time: Duration) -> Option<f64> {
    (done > 0.0 && !time.is_zero()).then(|| done / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said at the end of each step, of steps that take so many seconds, out of `total`.
    fn said(steps: &[f64], total: usize) -> Vec<Option<f64>> {
        let (mut left, mut now) = (TimeLeft::new(), Instant::now());
        let told = steps.iter().enumerate().map(|(step, seconds)| {
            now += Duration::from_secs_f64(*seconds);
            left.seconds_at((step + 1) as f64, total as f64, now)
        });
        told.collect()
    }

    #[test]
    fn nothing_is_said_before_the_pace_is_steady_and_what_is_said_is_near_the_truth() {
        // A slow beginning, then two seconds a step.
        let steps: Vec<f64> = [60.0, 20.0, 10.0, 5.0].into_iter().chain([2.0; 196]).collect();
        let said = said(&steps, 200);
        let begins = said.iter().position(Option::is_some).unwrap();
        assert!((6..80).contains(&begins), "{begins}");
        for (step, said) in said.iter().enumerate().skip(begins) {
            let truth = 2.0 * (199 - step) as f64;
            let said = said.unwrap();
            assert!((said - truth).abs() <= 0.35 * truth + 2.0, "step {step}: {said} of {truth}");
        }
    }

    #[test]
    fn quick_steps_and_few_steps_say_nothing() {
        assert!(said(&[0.001; 1000], 5000).iter().all(Option::is_none), "one second in all");
        assert!(said(&[100.0; 5], 50).iter().all(Option::is_none));
        let steady = said(&[1.0; 20], 100);
        assert_eq!(steady[19], Some(80.0));
    }

    #[test]
    fn a_pace_that_is_never_steady_is_told_after_two_minutes_and_memory_is_bounded() {
        let steps: Vec<f64> = (0..2000).map(|step| 0.01 * f64::from(step + 1)).collect();
        assert!(said(&steps, 2000).last().unwrap().is_some());
        let mut left = TimeLeft::new();
        let now = Instant::now();
        for step in 0..100_000u32 {
            left.seconds_at(f64::from(step), 1e6, now + Duration::from_millis(u64::from(step)));
        }
        assert!(left.told.len() <= MOST_REMEMBERED);
    }
}
