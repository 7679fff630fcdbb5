//! Which words of a sentence the training of a model never showed.
//!
//! A model answers every sentence, and one without a word that it knows with as good a score as any.
//! A run writes the words of its captions beside its model; nothing is said about models without.

use std::path::Path;

use locvtp_model::training_words::TrainingWords;
use locvtp_transfer::model_location::locate_model;

/// What a model does not know of a sentence.
pub(crate) struct Unseen {
    /// The words.
    pub(crate) words: Vec<String>,
    /// No word that it knows names anything: an answer would mean nothing.
    pub(crate) nothing_known: bool,
    /// What is said about them.
    pub(crate) said: String,
}

/// The words of `sentence` that the training of the model in `dir` never showed; `None` where it is not
/// known what that showed.
///
/// # Errors
/// When the list of words is damaged.
pub(crate) fn unseen(dir: &Path, sentence: &str) -> anyhow::Result<Option<Unseen>> {
    let model = locate_model(dir);
    // A checkpoint has no list of its own; it lies two folders deep in its run.
    let model = model.canonicalize().unwrap_or(model);
    let run =
        model.parent().filter(|folder| folder.ends_with("checkpoints")).and_then(Path::parent);
    let known = TrainingWords::read(run.unwrap_or(&model))?;
    Ok(known.map(|known| told(&known, sentence)))
}

fn told(known: &TrainingWords, sentence: &str) -> Unseen {
    let (words, all) = known.unseen(sentence);
    let how_often = match known.least {
        0 | 1 => "never seen".to_owned(),
        least => format!("seen fewer than {least} times"),
    };
    // A text encoder that has read other texts may know a word from there.
    let nothing_known = all && !known.pretrained;
    let then = match (nothing_known, known.pretrained) {
        (true, _) => "the model cannot know what to look for",
        (_, true) => "only its text encoder may know them",
        _ => "the answer rests on the other words",
    };
    let said = format!("{how_often} in training: {}; {then}", words.join(", "));
    Unseen { words, nothing_known, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_depends_on_what_is_left_to_go_by() {
        let known = TrainingWords::of(["a red square moves"].into_iter());
        let all = told(&known, "a dog");
        assert_eq!(all.said, "never seen in training: dog; the model cannot know what to look for");
        assert!(all.nothing_known);
        let some = told(&known, "a red dog rolls");
        let said = "never seen in training: dog, rolls; the answer rests on the other words";
        assert_eq!((some.said.as_str(), some.nothing_known), (said, false));
        let pretrained = told(&known.clone().after(None), "a dog");
        assert!(pretrained.said.contains("text encoder") && !pretrained.nothing_known);
        let rare = told(&TrainingWords { least: 3, ..known }, "dog");
        assert!(
            rare.said.starts_with("seen fewer than 3 times in training: dog;"),
            "{}",
            rare.said
        );
    }
}
