//! Care for narration that a machine heard: what to do about captions that repeat, that are too
//! short, that hold less than a moment.
//!
//! YouTube's captions roll: a line is shown, then shown again above the next one, so a file says
//! most words twice. And a caption lasts three or four seconds, less than many an action takes. All
//! three steps are off unless asked for, and are taken in this order:
//!
//! 1. `remove_repeats`: of each caption, the words are removed that end what was said right before;
//!    a caption with none left is dropped, and the one before lasts until its end.
//! 2. `merge_to_s`: a caption shorter than this is joined with the neighbour that makes the smaller
//!    span, until it is long enough. HowTo100M's and UniVL's loaders do so with 10 s.
//! 3. `grow_to_s`: a shorter span is widened to this by equal parts on both sides, but not beyond
//!    the video. MIL-NCE does so with 4 s.
//!
//! The fourth choice, one random caption of each video an epoch (MIL-NCE) or all of them, belongs to
//! the drawing of pairs: [`PairSettings::captions_per_epoch`](crate::PairSettings).

use locvtp_video::{Seconds, TimeSpan};

use crate::corpus::Caption;
use crate::error::CorpusError;
use crate::repair::Repair;

/// Words of the transcript that a caption is compared with.
const TAIL_WORDS: usize = 64;
/// A pause after which the same words are said again, and not shown again.
const LONGEST_PAUSE_S: f64 = 1.0;

/// What is done about narration, the section `corpus.narration` of a run file.
#[derive(
    Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct NarrationCare {
    /// Remove the words that a rolling caption repeats. Default false.
    pub remove_repeats: bool,
    /// Join neighbours until captions last this long, in seconds; 0, the default, joins none.
    pub merge_to_s: f64,
    /// Widen spans to this, in seconds; 0, the default, widens none.
    pub grow_to_s: f64,
}

impl NarrationCare {
    /// As the release of MIL-NCE treats HowTo100M: spans of at least 4 s; it draws one random
    /// caption of each video an epoch.
    pub fn mil_nce() -> Self {
        Self { grow_to_s: 4.0, ..Self::default() }
    }

    /// As HowTo100M's own and UniVL's loaders: neighbours joined to at least 10 s.
    pub fn univl() -> Self {
        Self { merge_to_s: 10.0, ..Self::default() }
    }

    /// For the subtitles that YouTube makes: repeats removed, and spans as MIL-NCE has them.
    pub fn rolling() -> Self {
        Self { remove_repeats: true, ..Self::mil_nce() }
    }

    /// # Errors
    /// When a length is negative or no number.
    pub fn check(&self) -> Result<(), CorpusError> {
        for (key, value) in [
            ("corpus.narration.merge_to_s", self.merge_to_s),
            ("corpus.narration.grow_to_s", self.grow_to_s),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                let found = value.to_string();
                return Err(CorpusError::Setting { key, found, expected: "seconds, 0 or more" });
            }
        }
        Ok(())
    }

    /// The captions after all steps; `captions` are sorted by start, and so is what comes back.
    pub(crate) fn applied(
        &self,
        mut captions: Vec<Caption>,
        duration_s: Option<f64>,
        dropped: &mut dyn FnMut(&Caption),
    ) -> Vec<Caption> {
        if self.remove_repeats {
            captions = without_repeats(captions, dropped);
        }
        if self.merge_to_s > 0.0 {
            captions = merged(captions, self.merge_to_s);
        }
        if self.grow_to_s > 0.0 {
            captions.iter_mut().for_each(|caption| grow(caption, self.grow_to_s, duration_s));
            // Two that start together before may not do so now.
            captions.sort_by(|a, b| a.span.start.0.total_cmp(&b.span.start.0));
        }
        captions
    }
}

fn without_repeats(captions: Vec<Caption>, dropped: &mut dyn FnMut(&Caption)) -> Vec<Caption> {
    let mut kept: Vec<Caption> = Vec::with_capacity(captions.len());
    let mut tail: Vec<String> = Vec::new();
    for mut caption in captions {
        let pause_s = kept.last().map_or(0.0, |last| caption.span.start.0 - last.span.end.0);
        if pause_s > LONGEST_PAUSE_S {
            tail.clear();
        }
        let words: Vec<&str> = caption.text.split_whitespace().collect();
        let repeated = repeated_words(&tail, &words);
        if repeated == words.len()
            && let Some(last) = kept.last_mut()
        {
            last.span.end = last.span.end.max(caption.span.end);
            dropped(&caption);
            continue;
        }
        tail.extend(words[repeated..].iter().map(|word| (*word).to_owned()));
        tail.drain(..tail.len().saturating_sub(TAIL_WORDS));
        if repeated > 0 {
            caption.text = words[repeated..].join(" ");
            caption.repairs.note(Repair::RepeatRemoved);
        }
        kept.push(caption);
    }
    kept
}

/// How many of the first words end what was said before. A single word, unless it is all there is,
/// is chance: "cut the", "the onion".
fn repeated_words(tail: &[String], words: &[&str]) -> usize {
    let longest = tail.len().min(words.len());
    let repeats = |count: &usize| {
        let end = &tail[tail.len() - count..];
        let all = *count == words.len() || *count == tail.len();
        (*count > 1 || all) && end.iter().zip(words).all(|(a, b)| a == b)
    };
    (1..=longest).rev().find(repeats).unwrap_or(0)
}

fn merged(captions: Vec<Caption>, least_s: f64) -> Vec<Caption> {
    let mut done: Vec<Caption> = Vec::with_capacity(captions.len());
    let mut coming = captions.into_iter().peekable();
    while let Some(mut caption) = coming.next() {
        while caption.span.duration().0 < least_s {
            let joint = |other: &Caption| hull(&caption.span, &other.span).duration();
            let before = done.last().map(joint);
            let after = coming.peek().map(joint);
            caption = match (before, after) {
                (None, None) => break,
                (Some(before), after) if after.is_none_or(|after| before <= after) => {
                    join(done.pop().expect("there is one before"), caption)
                }
                _ => join(caption, coming.next().expect("there is one after")),
            };
        }
        done.push(caption);
    }
    done
}

fn hull(a: &TimeSpan, b: &TimeSpan) -> TimeSpan {
    TimeSpan { start: a.start.min(b.start), end: a.end.max(b.end) }
}

/// Two neighbours as one, under the number of the first.
fn join(mut first: Caption, second: Caption) -> Caption {
    first.span = hull(&first.span, &second.span);
    first.text.push(' ');
    first.text.push_str(&second.text);
    first.repairs = first.repairs.and(second.repairs);
    first.repairs.note(Repair::Merged);
    first
}

fn grow(caption: &mut Caption, least_s: f64, duration_s: Option<f64>) {
    let missing_s = least_s - caption.span.duration().0;
    if missing_s <= 0.0 {
        return;
    }
    let start_s = (caption.span.start.0 - missing_s / 2.0).max(0.0);
    let end_s =
        duration_s.map_or(start_s + least_s, |duration_s| duration_s.min(start_s + least_s));
    let start_s = if end_s < start_s + least_s { (end_s - least_s).max(0.0) } else { start_s };
    caption.span = TimeSpan { start: Seconds(start_s), end: Seconds(end_s) };
    caption.repairs.note(Repair::Grown);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captions(list: &[(f64, f64, &str)]) -> Vec<Caption> {
        list.iter()
            .map(|(start, end, text)| Caption::new(TimeSpan::new(*start, *end), *text))
            .collect()
    }

    fn told(care: &NarrationCare, list: &[(f64, f64, &str)]) -> Vec<(f64, f64, String)> {
        let captions = care.applied(captions(list), Some(100.0), &mut |_| {});
        captions.into_iter().map(|c| (c.span.start.0, c.span.end.0, c.text)).collect()
    }

    #[test]
    fn a_rolling_caption_keeps_what_is_new() {
        let care = NarrationCare { remove_repeats: true, ..Default::default() };
        let rolling = [
            (0.0, 2.0, "hello and welcome"),
            (2.0, 2.1, "hello and welcome"),
            (2.1, 5.0, "hello and welcome to my kitchen"),
            (5.0, 7.0, "to my kitchen today we bake"),
            (7.0, 9.0, "the bread"),
            (9.0, 10.0, "bread is good"),
            (30.0, 31.0, "bread is good"),
        ];
        let expected = [
            (0.0, 2.1, "hello and welcome".to_owned()),
            (2.1, 5.0, "to my kitchen".to_owned()),
            (5.0, 7.0, "today we bake".to_owned()),
            (7.0, 9.0, "the bread".to_owned()),
            // One word alone is chance, and after a pause it is said again.
            (9.0, 10.0, "bread is good".to_owned()),
            (30.0, 31.0, "bread is good".to_owned()),
        ];
        assert_eq!(told(&care, &rolling), expected);
        let mut dropped = 0;
        care.applied(captions(&rolling), None, &mut |_| dropped += 1);
        assert_eq!(dropped, 1);
    }

    #[test]
    fn short_captions_join_the_neighbour_that_makes_the_smaller_span() {
        let list = [(0.0, 12.0, "a"), (13.0, 15.0, "b"), (18.0, 20.0, "c"), (50.0, 70.0, "d")];
        // b: with a 0..15, with c 13..20, so c; 7 s: with a 0..20 = 20, with d 13..70, so a.
        assert_eq!(
            told(&NarrationCare::univl(), &list),
            [(0.0, 20.0, "a b c".into()), (50.0, 70.0, "d".into())]
        );
        assert_eq!(told(&NarrationCare::univl(), &[(3.0, 4.0, "x")]), [(3.0, 4.0, "x".into())]);
        // b: with a 0..15, with c 13..24, so c, and that is long enough.
        let apart = [(0.0, 12.0, "a"), (13.0, 15.0, "b"), (16.0, 24.0, "c")];
        assert_eq!(told(&NarrationCare::univl(), &apart)[0], (0.0, 12.0, "a".into()));
        let merged = NarrationCare::univl().applied(captions(&list), None, &mut |_| {});
        assert!(merged[0].repairs.contains(Repair::Merged) && merged[1].repairs.is_empty());
    }

    #[test]
    fn short_spans_grow_as_mil_nce_grows_them() {
        // 10..12 lacks 2 s: from 9 for 4 s. 0.5..1.5 lacks 3 s: from max(0, -1) for 4 s. 99..100
        // would end at 101.5 of 100, so it moves back.
        let list = [(0.5, 1.5, "a"), (10.0, 12.0, "b"), (20.0, 30.0, "c"), (99.0, 100.0, "d")];
        let expected = [(0.0, 4.0), (9.0, 13.0), (20.0, 30.0), (96.0, 100.0)];
        let grown = told(&NarrationCare::mil_nce(), &list);
        assert_eq!(grown.iter().map(|(a, b, _)| (*a, *b)).collect::<Vec<_>>(), expected);
        // A video of 2.5 s has no 4 s: the span is all of it.
        let late = captions(&[(2.2, 2.3, "a")]);
        let grown = NarrationCare::mil_nce().applied(late, Some(2.5), &mut |_| {});
        assert_eq!(grown[0].span, TimeSpan::new(0.0, 2.5));
    }

    #[test]
    fn a_length_that_is_none_is_refused_by_name() {
        let care = NarrationCare { merge_to_s: f64::NAN, ..Default::default() };
        assert!(care.check().unwrap_err().to_string().contains("corpus.narration.merge_to_s"));
        assert!(NarrationCare::rolling().check().is_ok());
    }

    #[test]
    fn a_length_is_zero_or_more_and_finite() {
        for length in [-1.0, f64::INFINITY] {
            let grown = NarrationCare { grow_to_s: length, ..Default::default() };
            assert!(grown.check().unwrap_err().to_string().contains("corpus.narration.grow_to_s"));
        }
        assert!(NarrationCare::default().check().is_ok());
        let rolling = NarrationCare { remove_repeats: true, merge_to_s: 0.0, grow_to_s: 4.0 };
        assert_eq!(NarrationCare::rolling(), rolling);
    }

    #[test]
    fn all_that_was_said_is_a_repeat_also_where_it_is_one_word() {
        let care = NarrationCare { remove_repeats: true, ..Default::default() };
        let list = [(0.0, 1.0, "salt"), (1.0, 2.0, "salt and pepper"), (2.0, 3.0, "pepper")];
        let expected = [(0.0, 1.0, "salt".to_owned()), (1.0, 3.0, "and pepper".to_owned())];
        assert_eq!(told(&care, &list), expected);
        let kept = care.applied(captions(&list), None, &mut |_| {});
        assert!(kept[0].repairs.is_empty() && kept[1].repairs.contains(Repair::RepeatRemoved));
        // A pause of one second is none yet.
        let paused = [(0.0, 1.0, "stir it"), (2.0, 3.0, "stir it well")];
        assert_eq!(told(&care, &paused)[1].2, "well");
    }

    #[test]
    fn a_caption_that_is_as_long_as_wanted_is_left_and_a_tie_joins_the_one_before() {
        let list = [(0.0, 10.0, "a"), (10.0, 20.0, "b")];
        assert_eq!(told(&NarrationCare::univl(), &list).len(), 2);
        // b: with a 0..16, with c 14..30.
        let list = [(0.0, 12.0, "a"), (14.0, 16.0, "b"), (18.0, 30.0, "c")];
        let expected = [(0.0, 16.0, "a b".to_owned()), (18.0, 30.0, "c".to_owned())];
        assert_eq!(told(&NarrationCare::univl(), &list), expected);
    }

    #[test]
    fn a_span_grows_where_the_length_of_the_video_is_not_known_and_never_beyond_a_short_one() {
        let grown = |list, duration_s| {
            let found = NarrationCare::mil_nce().applied(captions(list), duration_s, &mut |_| {});
            let found = found.into_iter();
            found.map(|c| (c.span.start.0, c.span.end.0, c.repairs)).collect::<Vec<_>>()
        };
        let found = grown(&[(10.0, 12.0, "a"), (20.0, 24.0, "b")], None);
        assert_eq!((found[0].0, found[0].1), (9.0, 13.0));
        assert!(found[0].2.contains(Repair::Grown) && found[1].2.is_empty());
        let found = grown(&[(1.0, 2.0, "a")], Some(3.0));
        assert_eq!((found[0].0, found[0].1), (0.0, 3.0));
    }
}
