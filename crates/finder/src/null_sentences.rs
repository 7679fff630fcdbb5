//! Sentences that are true elsewhere: what a model answers them on a catalogue is what it answers where
//! nothing is there.
//!
//! The best are captions of the videos that the model was trained on, which few know. Of a model that
//! was trained on few words, sentences are drawn from these words, as often as each was said; of any
//! other, plain scenes of everyday life.

use locvtp_model::TrainingWords;
use locvtp_video::randomness::{finalise, unit};

/// How many there are: enough to tell one in two hundred.
const NUM: usize = 200;

const WHO: [&str; 20] = [
    "a man",
    "a woman",
    "two children",
    "an old man",
    "a girl",
    "a boy",
    "a dog",
    "a cat",
    "a bird",
    "a horse",
    "a group of people",
    "a baby",
    "a nurse",
    "a farmer",
    "a cook",
    "a police officer",
    "a couple",
    "a football player",
    "a musician",
    "a car",
];

const DOES: [&str; 20] = [
    "is running",
    "is sitting",
    "is standing still",
    "is jumping",
    "is eating",
    "is drinking water",
    "turns around",
    "is waiting",
    "falls over",
    "is dancing",
    "is looking at the camera",
    "is climbing",
    "is sleeping",
    "is being washed",
    "moves away",
    "is playing",
    "is carrying a bag",
    "is painting a wall",
    "comes closer",
    "is reading a book",
];

const WHERE: [&str; 20] = [
    "on a beach",
    "in a kitchen",
    "on a street",
    "in a forest",
    "in an office",
    "on a stage",
    "in the snow",
    "at night",
    "in a garden",
    "on a boat",
    "in a shop",
    "on a bridge",
    "in a classroom",
    "beside a river",
    "on a sofa",
    "in a stadium",
    "at an airport",
    "on a mountain",
    "in the rain",
    "in a hospital",
];

/// Sentences for a model with these training words; for one of which no list is there, `None`. The same
/// for the same words.
pub fn null_sentences(words: Option<&TrainingWords>) -> Vec<String> {
    match words {
        Some(words) if !words.pretrained && !words.words.is_empty() => of_words(words),
        _ => (0..NUM).map(scene).collect(),
    }
}

fn scene(number: usize) -> String {
    let part = |list: &[&'static str; 20], salt: u64| {
        let drawn = finalise(finalise(salt) ^ number as u64);
        list[(drawn % 20) as usize]
    };
    format!("{} {} {}", part(&WHO, 1), part(&DOES, 2), part(&WHERE, 3))
}

/// Three to seven words each, drawn as often as they were said.
fn of_words(words: &TrainingWords) -> Vec<String> {
    let mut sums = Vec::with_capacity(words.words.len());
    let mut sum = 0.0;
    for (word, count) in &words.words {
        sum += *count as f64;
        sums.push((sum, word.as_str()));
    }
    let sentence = |number: usize| {
        let drawn = |place: u64| finalise(finalise(number as u64) ^ place);
        let length = 3 + drawn(0) % 5;
        let word = |place: u64| {
            let at = unit(drawn(place)) * sum;
            let place = sums.partition_point(|(sum, _)| *sum <= at);
            sums[place.min(sums.len() - 1)].1
        };
        (1..=length).map(word).collect::<Vec<_>>().join(" ")
    };
    (0..NUM).map(sentence).collect()
}

/// Each sentence of several words once more, with some of them left out: how many and which is drawn. The same for the
/// same sentences.
pub(crate) fn with_words_left_out(sentences: &[&str]) -> impl Iterator<Item = String> {
    sentences.iter().enumerate().filter_map(|(number, sentence)| {
        let words: Vec<&str> = sentence.split_whitespace().collect();
        let drawn = |place: usize| finalise(finalise(number as u64) ^ (place as u64));
        let most = words.len().checked_sub(1).filter(|most| *most > 0)?;
        let left = 1 + (drawn(words.len()) % most as u64) as usize;
        let mut places: Vec<usize> = (0..words.len()).collect();
        places.sort_by_key(|place| drawn(*place));
        places.truncate(left);
        places.sort_unstable();
        let shorter = places.into_iter().map(|place| words[place]).collect::<Vec<_>>().join(" ");
        shorter.contains(char::is_alphanumeric).then_some(shorter)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_model_of_few_words_is_asked_in_its_own_and_others_in_plain_scenes() {
        let words = TrainingWords::of(["a red square moves left", "a blue disc grows"].into_iter());
        let sentences = null_sentences(Some(&words));
        assert_eq!(sentences.len(), NUM);
        assert!(sentences.iter().all(|sentence| words.unseen(sentence).0.is_empty()));
        let said = sentences.iter().flat_map(|sentence| sentence.split(' '));
        let num_a = said.clone().filter(|word| *word == "a").count();
        // "a" is two of nine words.
        let share = num_a as f64 / said.count() as f64;
        assert!((share - 2.0 / 9.0).abs() < 0.06, "{share}");
        assert_eq!(sentences, null_sentences(Some(&words)));

        let scenes = null_sentences(None);
        assert_eq!(scenes, null_sentences(Some(&words.after(None))));
        let different: BTreeSet<&String> = scenes.iter().collect();
        assert!(different.len() > NUM * 9 / 10, "{}", different.len());
    }
    #[test]
    fn words_are_left_out_in_all_numbers_and_the_others_keep_their_order() {
        let whole = null_sentences(None);
        let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
        let shorter: Vec<String> = with_words_left_out(&whole).collect();
        assert_eq!(shorter.len(), NUM);
        let mut lengths = BTreeSet::new();
        for (whole, shorter) in whole.iter().zip(&shorter) {
            let mut words = whole.split(' ');
            let mut left = shorter.split(' ');
            assert!(left.all(|word| words.any(|other| other == word)), "{shorter:?} of {whole:?}");
            let num = shorter.split(' ').count();
            assert!(num < whole.split(' ').count(), "{shorter:?} of {whole:?}");
            lengths.insert(num);
        }
        assert!((1..6).all(|num| lengths.contains(&num)), "{lengths:?}");
        assert_eq!(with_words_left_out(&whole).collect::<Vec<_>>(), shorter);
        // Of one word, and of signs alone, nothing is left.
        assert_eq!(with_words_left_out(&["run", "", "- ?"]).count(), 0);
    }
}
