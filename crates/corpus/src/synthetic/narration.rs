//! What the narrator says, and when: loose, as speech recognition gives it.
//!
//! Each event is told by one clause, mostly. The caption's start and end are jittered independently
//! against the event's; a clause may be missing, an attribute unsaid, and captions that describe
//! nothing come in between. Text is lower case without punctuation. True intervals enter here and
//! nowhere else in what training reads.

use locvtp_video::TimeSpan;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::combination::Combination;
use super::config::{NarrationConfig, SyntheticConfig};
use super::script::Script;
use super::split::Split;
use super::vocabulary::{COLOURS, SHAPES};
use crate::corpus::Caption;
use locvtp_video::randomness::{Purpose, generator};

const FILLERS: [&str; 7] = ["so", "um", "now", "okay", "you see", "well", "right here"];
const LINKS: [&str; 5] = ["and then", "after that", "next", "then", "and now"];
const DETERMINERS: [&str; 3] = ["a", "the", "this"];
const CHATTER: [&str; 12] = [
    "let me know in the comments what you think",
    "it is really not that hard",
    "we are going to take our time with this",
    "thank you for watching my channel",
    "i hope you can all see that",
    "if you like this please subscribe",
    "just give me one second",
    "that is looking pretty good",
    "i have done this many times before",
    "okay let us keep going",
    "my kids love this part",
    "as i said in the last video",
];
/// Probability of a link before every clause but the first.
const LINK: f64 = 0.5;
/// Shortest and longest chatter, in seconds.
const CHATTER_S: std::ops::RangeInclusive<f64> = 1.2..=2.5;

/// A caption, and what it tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// Which event of the script; none for chatter.
    pub(super) event: Option<usize>,
    pub(super) caption: Caption,
}

/// The captions of `script`, sorted by start.
pub(super) fn narrate(
    config: &SyntheticConfig,
    script: &Script,
    split: Split,
    index: usize,
) -> Vec<Told> {
    let mut rng = generator(config.seed, Purpose::Narration, split as u64, index as u64);
    let narration = &config.narration;
    // So many chatter captions for each event that they make up the share that is set.
    let chatter =
        (narration.chatter * (1.0 - narration.drop_clause) / (1.0 - narration.chatter)).min(1.0);
    let mut captions = Vec::new();
    for (place, event) in script.events.iter().enumerate() {
        let TimeSpan { start, end } = event.span(config.frame_rate_hz);
        if rng.random_bool(chatter) {
            let from = (start.0 + rng.random_range(-1.0..=1.0)).max(0.0);
            let to = from + rng.random_range(CHATTER_S);
            let text = pick(&CHATTER, &mut rng).to_owned();
            let caption = Caption::new(heard(from, to, config.duration_s), text);
            captions.push(Told { event: None, caption });
        }
        if !rng.random_bool(narration.drop_clause) {
            let mut jitter = || rng.random_range(-narration.jitter_s..=narration.jitter_s);
            let span = heard(start.0 + jitter(), end.0 + jitter(), config.duration_s);
            let text = clause(config, event.combination, place > 0, &mut rng);
            captions.push(Told { event: Some(place), caption: Caption::new(span, text) });
        }
    }
    if captions.is_empty() {
        // A video nobody says a word about would not be in a narrated corpus.
        let event = &script.events[0];
        let text = clause(config, event.combination, false, &mut rng);
        let TimeSpan { start, end } = event.span(config.frame_rate_hz);
        let span = heard(start.0 + 0.1, end.0 - 0.1, config.duration_s);
        captions.push(Told { event: Some(0), caption: Caption::new(span, text) });
    }
    captions.sort_by(|a, b| a.caption.span.start.0.total_cmp(&b.caption.span.start.0));
    captions
}

/// A span inside the video, in hundredths of a second as recognisers write them.
fn heard(start: f64, end: f64, duration: f64) -> TimeSpan {
    let hundredths = |time: f64| (time.clamp(0.0, duration) * 100.0).round() / 100.0;
    TimeSpan::new(hundredths(start), hundredths(end))
}

fn clause(
    config: &SyntheticConfig,
    combination: Combination,
    linked: bool,
    rng: &mut impl Rng,
) -> String {
    let narration = &config.narration;
    let mut words = Vec::new();
    if rng.random_bool(narration.filler) {
        words.push(pick(&FILLERS, rng));
    }
    if linked && rng.random_bool(LINK) {
        words.push(pick(&LINKS, rng));
    }
    words.push(pick(&DETERMINERS, rng));
    words.extend(subject(narration, combination, rng));
    words.push(pick(config.actions[combination.action].phrases(), rng));
    if rng.random_bool(narration.filler / 2.0) {
        words.push(pick(&FILLERS, rng));
    }
    words.join(" ")
}

/// Colour and shape, either of them unsaid at times: "red square", "square", "red one".
fn subject(
    narration: &NarrationConfig,
    combination: Combination,
    rng: &mut impl Rng,
) -> [&'static str; 2] {
    let colour = say(COLOURS[combination.colour].words, narration.synonym, rng);
    let shape = say(SHAPES[combination.shape].words(), narration.synonym, rng);
    match (rng.random_bool(narration.drop_attribute), rng.random_bool(0.5)) {
        (false, _) => [colour, shape],
        (true, true) => [colour, "one"],
        (true, false) => ["colored", shape],
    }
}

/// The first word, or with probability `synonym` one of the others.
fn say(words: &[&'static str], synonym: f64, rng: &mut impl Rng) -> &'static str {
    let others = &words[1..];
    if !others.is_empty() && rng.random_bool(synonym) { pick(others, rng) } else { words[0] }
}

fn pick(from: &[&'static str], rng: &mut impl Rng) -> &'static str {
    from.choose(rng).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::combination::Combinations;
    use super::super::procedure::Procedures;
    use super::*;

    /// Scripts and their narration.
    fn told(config: &SyntheticConfig, count: usize) -> Vec<(Script, Vec<Caption>)> {
        let pool = Combinations::new(config).training;
        let procedures = Procedures::draw(config, pool, config.procedures.count, 0);
        (0..count)
            .map(|index| {
                let script = Script::write(config, &procedures, Split::Train, index);
                let told = narrate(config, &script, Split::Train, index);
                let captions = told.into_iter().map(|told| told.caption).collect();
                (script, captions)
            })
            .collect()
    }

    #[test]
    fn captions_miss_the_true_intervals_by_the_jitter_that_is_set() {
        let mut narration =
            NarrationConfig { drop_clause: 0.0, chatter: 0.0, ..Default::default() };
        narration.filler = 0.0;
        let config = SyntheticConfig { narration, ..SyntheticConfig::default() };
        let mut misses = Vec::new();
        for (script, captions) in told(&config, 600) {
            for (event, caption) in script.events.iter().zip(&captions) {
                let span = event.span(config.frame_rate_hz);
                for (told, truth) in
                    [(caption.span.start, span.start), (caption.span.end, span.end)]
                {
                    if truth.0 > 0.0 && truth.0 < config.duration_s {
                        misses.push(told.0 - truth.0);
                    }
                }
            }
        }
        let len = misses.len() as f64;
        let mean = misses.iter().sum::<f64>() / len;
        let deviation = (misses.iter().map(|miss| miss * miss).sum::<f64>() / len).sqrt();
        let exact = misses.iter().filter(|miss| miss.abs() < 1.0 / 16.0).count() as f64 / len;
        // Uniform over -0.5..=0.5: deviation 0.289, and an eighth within a sixteenth of a second.
        assert!(misses.iter().all(|miss| miss.abs() <= 0.506));
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((deviation - 0.289).abs() < 0.02, "{deviation}");
        assert!((exact - 0.125).abs() < 0.03, "{exact}");
    }

    #[test]
    fn clauses_are_missing_and_chatter_comes_in_between_as_often_as_is_set() {
        let config = SyntheticConfig::default();
        let (mut events, mut clauses, mut chatter) = (0, 0, 0);
        for (script, captions) in told(&config, 2000) {
            events += script.events.len();
            let idle =
                captions.iter().filter(|caption| CHATTER.contains(&caption.text.as_str())).count();
            chatter += idle;
            clauses += captions.len() - idle;
        }
        let missing = 1.0 - clauses as f64 / events as f64;
        let idle = chatter as f64 / (chatter + clauses) as f64;
        assert!((missing - 0.1).abs() < 0.02, "{missing} of the clauses are missing");
        assert!((idle - 0.15).abs() < 0.02, "{idle} of the captions are chatter");
    }

    #[test]
    fn text_is_lower_case_without_punctuation_and_spans_lie_in_the_video() {
        let config = SyntheticConfig::default();
        for (_, captions) in told(&config, 500) {
            assert!(!captions.is_empty());
            assert!(captions.is_sorted_by(|a, b| a.span.start <= b.span.start));
            for Caption { span, text, .. } in captions {
                assert!(text.chars().all(|c| c.is_ascii_lowercase() || c == ' '), "{text}");
                assert!(span.start.0 >= 0.0 && span.end.0 <= 24.0 && span.duration().0 > 0.5);
            }
        }
    }

    #[test]
    fn every_action_is_said_in_every_way() {
        let config = SyntheticConfig::default();
        let all: Vec<String> =
            told(&config, 1000).into_iter().flat_map(|(_, c)| c).map(|c| c.text).collect();
        for phrase in config.actions.iter().flat_map(|action| action.phrases()) {
            assert!(all.iter().any(|text| text.contains(phrase)), "{phrase}");
        }
    }
}
