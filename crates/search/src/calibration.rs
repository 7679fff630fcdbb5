//! Whether what was found is there at all: an empirical rate of false alarms, without labels.
//!
//! One number says how far a sentence stands out among a catalogue's clips ([`standout`]). It is placed
//! among the same numbers of null sentences on the same clips: sentences that are true elsewhere, such as
//! the captions of the training videos. The share of them that stands out as much is the rate of false
//! alarms at which such an answer would be given. As both are measured on the same clips, neither the
//! number of clips nor what is in them has to be modelled. A null sentence that happens to be true here
//! only makes the rate too high, never too low: on the demo, with a bank of which every seventh is true, a
//! stated 5 % is 3 to 4 %, 20 % is 14 to 16 %, and 50 % is 41 %. Leaving out the highest of them instead states
//! 5 % where 14 % are wrong.
//!
//! # Which number
//! On the demo's model, catalogues of 10 of its held-out videos of new combinations, AUROC of present against
//! absent sentences (of words of nothing in it; true of other videos; true but for one attribute), mean of three
//! seeds by `reference/absent_sentences.py` (more in `docs/results.md`):
//!
//! | number | unknown words | true elsewhere | one attribute swapped |
//! |---|---|---|---|
//! | best clip (one fixed cosine) | .974 | .793 | .734 |
//! | best three neighbouring clips | .968 | .833 | .759 |
//! | (best - median) / MAD | .736 | .556 | .524 |
//! | best - median | .999 | .697 | .636 |
//! | best three - .35 x 5 % quantile (used) | .998 | .830 | .753 |
//!
//! Dividing by the query's own spread throws away what tells: a true sentence has many near-true clips,
//! so its spread is large. The low quantile, not the middle, is the background: the middle rises with
//! what is in the catalogue. What else was tried, such as null sentences as rivals at the same clips, gained
//! .01 or nothing (`docs/results.md`).

use serde::{Deserialize, Serialize};

use crate::scan::Background;
use crate::{ByLength, Sureness};

/// Neighbouring clips whose mean must stand out: a moment is rarely one clip, a mistake often is.
const RUN: usize = 3;

/// How much of the background is taken off.
const WEIGHT: f64 = 0.35;

/// The part of a sentence's scores that is surely background.
const BACKGROUND: f64 = 0.05;

/// Fewer null sentences cannot tell one in twenty.
const FEWEST: usize = 40;

/// Found is what at most so many null sentences reach, and maybe what at most half of them do: a stricter cut
/// denies much of what is there (a table stands in `docs/results.md`).
const FOUND: f64 = 0.05;
const MAYBE: f64 = 0.5;

/// How far a sentence stands out among all clips: the best mean of three neighbouring clips' scores, less
/// 0.35 of the level that 95 % of all clips reach. `videos` are the scores of each video's clips in the
/// order of time. None without clips, or with a score that is no number.
pub fn standout<'a>(videos: impl IntoIterator<Item = &'a [f32]>) -> Option<f64> {
    let (mut best, mut all) = (f64::NEG_INFINITY, Vec::new());
    for scores in videos {
        best = best.max(best_run(scores));
        all.extend_from_slice(scores);
    }
    if all.is_empty() || all.iter().any(|score| !score.is_finite()) {
        return None;
    }
    let place = (BACKGROUND * (all.len() - 1) as f64).round() as usize;
    let (_, background, _) = all.select_nth_unstable_by(place, f32::total_cmp);
    Some(best - WEIGHT * f64::from(*background))
}

/// The best mean of three neighbouring clips of one video, of all where there are fewer; minus infinity
/// without clips.
pub fn best_run(scores: &[f32]) -> f64 {
    let mean = |run: &[f32]| run.iter().map(|s| f64::from(*s)).sum::<f64>() / run.len() as f64;
    let runs = scores.windows(RUN.min(scores.len().max(1)));
    runs.map(mean).fold(f64::NEG_INFINITY, f64::max)
}

/// How far a [`best_run`] stands out where the scores of all clips are known by their counts alone, as a
/// scan leaves them: the same as [`standout`], but for the width of a bin. None without clips.
pub fn standout_over(best_run: f64, scores: &Background) -> Option<f64> {
    let background = scores.quantile(BACKGROUND)?;
    best_run.is_finite().then_some(best_run - WEIGHT * background)
}

/// What null sentences reach on a catalogue; kept with it. Earlier versions kept their cuts, too, which no
/// longer count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Growing.
    nulls: Vec<f64>,
    num_clips: u64,
    /// The same and shorter ones by their length; none of what an earlier version measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by_length: Option<ByLength>,
}

/// An answer to "is it there?".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The share of null sentences that stand out as much, 0 to 1: the measured rate of false alarms if
    /// this and everything better counts as found.
    pub rate: f64,
    /// In one word.
    pub sure: Sureness,
}

/// Null sentences that calibrate nothing.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// Too few for a rate of one in twenty.
    #[error("{found} null sentences; a rate of false alarms needs {FEWEST} at least")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// One of them is no number.
    #[error("null sentence {index} has no finite standout; its vector or a clip's is damaged")]
    NotFinite {
        /// Which one, from 0.
        index: usize,
    },
}

impl Calibration {
    /// Of the standouts of null sentences on a catalogue of `num_clips` clips. Found is what at most 5 %
    /// of them reach, maybe what at most 50 % reach.
    ///
    /// # Errors
    /// With fewer than 40, or one that is no number.
    pub fn fit(nulls: &[f64], num_clips: u64) -> Result<Self, CalibrationError> {
        if nulls.len() < FEWEST {
            return Err(CalibrationError::TooFew { found: nulls.len() });
        }
        if let Some(index) = nulls.iter().position(|null| !null.is_finite()) {
            return Err(CalibrationError::NotFinite { index });
        }
        let mut nulls = nulls.to_vec();
        nulls.sort_by(f64::total_cmp);
        Ok(Self { nulls, num_clips, by_length: None })
    }

    /// The same, with what sentences of each length reach.
    #[must_use]
    pub fn with_lengths(self, by_length: ByLength) -> Self {
        Self { by_length: Some(by_length), ..self }
    }

    /// What sentences of each length reach, where that was measured. Before it is said that something is not there, its
    /// sentence is compared with these.
    pub fn by_length(&self) -> Option<&ByLength> {
        self.by_length.as_ref()
    }

    /// Judges the standout of a query. The query counts as one more null sentence, so that the rate is
    /// never stated lower than so many sentences can tell; equal ones count against it.
    pub fn judge(&self, standout: f64) -> Verdict {
        let below = self.nulls.partition_point(|null| *null < standout);
        let reached =
            if standout.is_finite() { self.nulls.len() - below } else { self.nulls.len() };
        let rate = (reached + 1) as f64 / (self.nulls.len() + 1) as f64;
        let sure = if rate <= FOUND {
            Sureness::Found
        } else if rate <= MAYBE {
            Sureness::Maybe
        } else {
            Sureness::Guess
        };
        Verdict { rate, sure }
    }

    /// What a query must stand out by more than to be at least this sure: the cut in a picture of the
    /// scores. Infinite where so few null sentences cannot tell.
    pub fn cut(&self, sure: Sureness) -> f64 {
        let rate = match sure {
            Sureness::Guess => return f64::NEG_INFINITY,
            Sureness::Maybe => MAYBE,
            Sureness::Found => FOUND,
        };
        // (reached + 1) / (n + 1) <= rate, with some room for the division's own rounding.
        let most = (rate * (self.nulls.len() + 1) as f64 + 1e-9).floor() as usize;
        match most.checked_sub(1) {
            None => f64::INFINITY,
            Some(reached) => {
                let place = self.nulls.len().checked_sub(reached + 1);
                place.map_or(f64::NEG_INFINITY, |place| self.nulls[place])
            }
        }
    }

    /// Whether the catalogue has become so much larger or smaller that it must be fitted again: twice or
    /// half the clips. On the demo, doubling moves the standouts by a third of their spread.
    pub fn is_outgrown(&self, num_clips: u64) -> bool {
        num_clips >= self.num_clips.saturating_mul(2) || num_clips * 2 <= self.num_clips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random: a generator of Lehmer's, summed to a bell.
    struct Noise(u64);

    impl Noise {
        fn even(&mut self) -> f64 {
            self.0 = self.0 * 48_271 % 0x7fff_ffff;
            self.0 as f64 / f64::from(0x7fff_ffff)
        }

        fn bell(&mut self) -> f64 {
            (0..12).map(|_| self.even()).sum::<f64>() - 6.0
        }

        /// Scores of a sentence over 20 videos of 24 clips: at a level of its own, with near-true
        /// moments in a few videos, and a true one where `is_true`.
        fn scores(&mut self, is_true: bool) -> Vec<Vec<f32>> {
            let level = 0.2 * self.bell();
            let mut videos: Vec<Vec<f32>> = (0..20)
                .map(|_| (0..24).map(|_| (level + 0.1 * self.bell()) as f32).collect())
                .collect();
            for near in 0..4 {
                let (video, at) = ((self.even() * 20.0) as usize, (self.even() * 20.0) as usize);
                let height = if is_true && near == 0 { 0.7 } else { 0.25 };
                videos[video][at..at + 4].iter_mut().for_each(|score| *score += height);
            }
            videos
        }

        fn standout(&mut self, is_true: bool) -> f64 {
            let videos = self.scores(is_true);
            standout(videos.iter().map(Vec::as_slice)).unwrap()
        }
    }

    #[test]
    fn a_run_of_clips_stands_out_over_the_level_of_the_sentence() {
        let quiet = [0.1_f32; 8];
        let moment = [0.1_f32, 0.1, 0.7, 0.8, 0.9, 0.1];
        // The best three are .7, .8, .9, the background is .1.
        let found = standout([&quiet[..], &moment[..]]).unwrap();
        assert!((found - (0.8 - 0.035)).abs() < 1e-6, "{found}");
        // Three clips of two videos are no run, and a video of one clip has a run of one.
        let split = standout([&[0.1, 0.9][..], &[0.9, 0.9, 0.0, 0.0][..], &[0.2][..]]).unwrap();
        assert!((split - 0.6).abs() < 1e-6, "{split}");
    }

    #[test]
    fn counts_of_scores_give_the_same_but_for_the_width_of_a_bin() {
        let mut noise = Noise(11);
        for is_true in [false, true] {
            let videos = noise.scores(is_true);
            let mut counts = Background::default();
            videos.iter().flatten().for_each(|score| counts.count(*score));
            let best = videos.iter().map(|video| best_run(video)).fold(f64::NEG_INFINITY, f64::max);
            let by_counts = standout_over(best, &counts).unwrap();
            let exact = standout(videos.iter().map(Vec::as_slice)).unwrap();
            // A bin is 1/2048 wide; between two neighbouring scores a quantile may lie anywhere.
            let mut all = videos.concat();
            all.sort_by(f32::total_cmp);
            let place = (BACKGROUND * (all.len() - 1) as f64).round() as usize;
            let gap = f64::from(all[place + 1] - all[place - 1]);
            let width = WEIGHT * (gap + 1.0 / 2048.0);
            assert!((by_counts - exact).abs() <= width, "{by_counts} {exact}");
        }
        assert_eq!(standout_over(0.5, &Background::default()), None);
        assert_eq!(standout_over(best_run(&[]), &Background::default()), None);
    }

    #[test]
    fn no_clip_or_a_score_that_is_no_number_stands_out_nowhere() {
        assert_eq!(standout([]), None);
        assert_eq!(standout([&[][..]]), None);
        assert_eq!(standout([&[0.1, f32::NAN, 0.2][..]]), None);
        let nulls = vec![0.5; 40];
        let verdict = Calibration::fit(&nulls, 9).unwrap().judge(f64::NAN);
        assert_eq!(verdict, Verdict { rate: 1.0, sure: Sureness::Guess });
    }

    #[test]
    fn the_rate_counts_null_sentences_that_stand_out_as_much() {
        let nulls: Vec<f64> = (1..=99).map(f64::from).collect();
        let calibration = Calibration::fit(&nulls, 1000).unwrap();
        // 96, 97, 98 and 99 reach 96, with the query itself 5 of 100.
        assert_eq!(calibration.judge(96.0), Verdict { rate: 0.05, sure: Sureness::Found });
        assert_eq!(calibration.judge(95.5), Verdict { rate: 0.05, sure: Sureness::Found });
        assert_eq!(calibration.judge(95.0), Verdict { rate: 0.06, sure: Sureness::Maybe });
        assert_eq!(calibration.judge(51.0), Verdict { rate: 0.5, sure: Sureness::Maybe });
        assert_eq!(calibration.judge(50.0), Verdict { rate: 0.51, sure: Sureness::Guess });
        assert_eq!(calibration.judge(1e9).rate, 0.01);
        for sure in [Sureness::Found, Sureness::Maybe] {
            let cut = calibration.cut(sure);
            assert!(calibration.judge(cut + 0.1).sure >= sure, "{sure} at {cut}");
            assert!(calibration.judge(cut).sure < sure, "{sure} at {cut}");
        }
    }

    #[test]
    fn a_stated_rate_is_the_measured_one_on_sentences_that_were_not_used() {
        for seed in [7, 77, 777] {
            let mut noise = Noise(seed);
            // Of 200 the middle is known to 3.5 points only, whatever the rule.
            let nulls: Vec<f64> = (0..1000).map(|_| noise.standout(false)).collect();
            let calibration = Calibration::fit(&nulls, 480).unwrap();
            for sure in [Sureness::Found, Sureness::Maybe] {
                let stated = if sure == Sureness::Found { 0.05 } else { 0.5 };
                let mut alarms = |is_true| {
                    let asked = (0..500).map(|_| noise.standout(is_true));
                    let heard = asked.filter(|one| calibration.judge(*one).sure >= sure).count();
                    heard as f64 / 500.0
                };
                let (wrong, right) = (alarms(false), alarms(true));
                assert!((wrong - stated).abs() <= 0.05, "{sure}: {wrong} for {stated}");
                assert!(right > 0.75, "{sure}: {right} of what is there");
            }
        }
    }

    #[test]
    fn null_sentences_that_are_true_here_only_make_it_more_careful() {
        let mut noise = Noise(5);
        let nulls: Vec<f64> = (0..200).map(|number| noise.standout(number % 10 == 0)).collect();
        let calibration = Calibration::fit(&nulls, 480).unwrap();
        let wrong = (0..500)
            .filter(|_| calibration.judge(noise.standout(false)).sure >= Sureness::Maybe)
            .count();
        assert!(wrong < 275, "{wrong} of 500 at a stated rate of 50 %");
    }

    #[test]
    fn it_is_kept_as_json_and_outgrown_when_the_catalogue_doubles() {
        let nulls: Vec<f64> = (0..50).map(|number| f64::from(number) * 0.013).collect();
        let calibration = Calibration::fit(&nulls, 1000).unwrap();
        let json = serde_json::to_string(&calibration).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&json).unwrap(), calibration);
        assert!(!calibration.is_outgrown(1999) && calibration.is_outgrown(2000));
        assert!(!calibration.is_outgrown(501) && calibration.is_outgrown(500));
        let lengths = ByLength::new(vec![(4, 0.5), (2, 0.25)]);
        let counted = calibration.clone().with_lengths(lengths.clone());
        let json = serde_json::to_string(&counted).unwrap();
        let read: Calibration = serde_json::from_str(&json).unwrap();
        assert_eq!((read.by_length(), calibration.by_length()), (Some(&lengths), None));
    }

    #[test]
    fn what_an_earlier_version_measured_is_judged_by_the_cuts_of_this_one() {
        let nulls: Vec<String> = (1..=99).map(|null| format!("{null}.0")).collect();
        let json = format!(
            r#"{{"nulls": [{}], "num_clips": 1000, "found_rate": 0.05, "maybe_rate": 0.2}}"#,
            nulls.join(", ")
        );
        let calibration: Calibration = serde_json::from_str(&json).unwrap();
        assert_eq!(calibration.judge(60.0), Verdict { rate: 0.41, sure: Sureness::Maybe });
        assert!(!calibration.is_outgrown(1000) && calibration.by_length().is_none());
    }

    #[test]
    fn too_few_null_sentences_or_broken_ones_calibrate_nothing() {
        assert_eq!(Calibration::fit(&[0.1; 39], 9), Err(CalibrationError::TooFew { found: 39 }));
        let mut nulls = vec![0.1; 40];
        nulls[7] = f64::NAN;
        assert_eq!(Calibration::fit(&nulls, 9), Err(CalibrationError::NotFinite { index: 7 }));
    }
}
