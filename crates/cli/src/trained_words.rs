//! Which words of a sentence the training of a model never showed.
//!
//! A model answers every sentence, and one without a word that it knows with as good a score as any.
//! A run writes the words of its captions beside its model. Of a model without that list it is said
//! that nobody knows, and where the list is to be had; of imported weights it is nowhere, and nothing is said.

use std::path::{Path, PathBuf};

use locvtp_finder::{Sentence, names_nothing};
use locvtp_model::weights::Origins;
use locvtp_model::{TRAINING_WORDS_FILE, TrainingWords};
use locvtp_train::RUN_FILE;
use locvtp_train::shell_words::quoted;
use locvtp_transfer::locate_model;

use crate::command_line;
use crate::run_corpus::RunCorpus;

/// The words that a model was trained on, as far as that is known.
pub(crate) struct TrainedWords {
    /// The model directory, as it truly lies.
    model: PathBuf,
    known: Option<TrainingWords>,
}

/// What a model does not know of a sentence.
pub(crate) struct Unseen {
    /// The words; `None` where it may have learned others before, of which no list is there.
    pub(crate) words: Option<Vec<String>>,
    /// No word that it knows names anything: an answer would mean nothing.
    pub(crate) nothing_known: bool,
    /// What is said about them; empty where there are none.
    pub(crate) said: String,
}

impl TrainedWords {
    /// Those of the model in `dir`.
    ///
    /// # Errors
    /// When the list is damaged.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Self> {
        let model = locate_model(dir);
        let model = model.canonicalize().unwrap_or(model);
        Ok(Self { known: TrainingWords::of_model(&model)?, model })
    }

    /// The words of `sentence` that training never showed; `None` where there is no list.
    pub(crate) fn unseen(&self, sentence: &str) -> Option<Unseen> {
        self.known.as_ref().map(|known| told(known, sentence, ""))
    }

    /// The same of a sentence with terms. By those that should not be there alone nothing is found, so they count only
    /// among the words that were never seen.
    pub(crate) fn unseen_of(&self, sentence: &Sentence) -> Option<Unseen> {
        let without = sentence.without.join(" ");
        let told = self.known.as_ref().map(|known| told(known, &sentence.words(), &without));
        told.map(|unseen| with_left_out(unseen, sentence))
    }

    /// What is said of a model without a list, in one line with the way to get one; none where there is no list to get.
    pub(crate) fn unknown(&self) -> Option<String> {
        let is_imported = self.run().is_none() && Origins::read(&self.model).is_some();
        if self.known.is_some() || is_imported {
            return None;
        }
        Some(format!(
            "it is not known which words the model has seen, as it has no {TRAINING_WORDS_FILE}; {}",
            self.way_out()
        ))
    }

    fn way_out(&self) -> String {
        if let Some(run) = self.run() {
            return match again(run) {
                Some(again) => format!("to make it, type: {again}"),
                None => "to make it, its training would need its corpus, which is gone".to_owned(),
            };
        }
        "where a run made the model, copy the file from its folder; weights that were drawn anew have none".to_owned()
    }

    /// The run that the model is the end of, or one of the checkpoints.
    fn run(&self) -> Option<&Path> {
        let above = self.model.parent()?;
        let run = if above.ends_with("checkpoints") { above.parent()? } else { above };
        run.join(RUN_FILE).is_file().then_some(run)
    }
}

/// The command by which a run goes on and writes the list, also when it is finished: in the folder below which
/// it finds its corpus. None where no folder has it.
fn again(run: &Path) -> Option<String> {
    let place = RunCorpus::of(run)?.named_from;
    let run = run.strip_prefix(&place).unwrap_or(run).display().to_string();
    let run_file = Path::new(&run).join(RUN_FILE).display().to_string();
    let again = command_line::command(["pretrain", &run_file, "--run", &run, "--resume"]);
    let is_here = std::env::current_dir().is_ok_and(|here| here == place);
    match place.as_os_str().is_empty() || is_here {
        true => Some(again),
        false => Some(format!("cd {} && {again}", quoted(&place.display().to_string()))),
    }
}

/// The same, with the terms that are left out as they name nothing.
fn with_left_out(mut unseen: Unseen, sentence: &Sentence) -> Unseen {
    let with = sentence.with.iter().map(|term| ('+', term));
    let terms = with.chain(sentence.without.iter().map(|term| ('-', term)));
    let left_out = terms.filter(|(_, term)| names_nothing(term));
    let left_out: Vec<String> = left_out.map(|(sign, term)| format!("{sign}{term}")).collect();
    if left_out.is_empty() || unseen.nothing_known {
        return unseen;
    }
    let before = if unseen.said.is_empty() { "" } else { ". " };
    unseen.said += &format!("{before}left out, as that names nothing: {}", left_out.join(", "));
    unseen
}

fn told(known: &TrainingWords, sentence: &str, without: &str) -> Unseen {
    let (mut words, _) = known.unseen(sentence);
    let names_nothing = names_nothing(sentence);
    let nothing_known = names_nothing || !known.may_know(sentence);
    let others = known.unseen(without).0.into_iter();
    let others: Vec<String> = others.filter(|word| !words.contains(word)).collect();
    words.extend(others);
    if words.is_empty() {
        let said = match nothing_known {
            true if names_nothing => {
                "no word of it names something that could be seen, so there is nothing to look for"
                    .to_owned()
            }
            true => "it has no words, and the model knows nothing but words".to_owned(),
            false => String::new(),
        };
        return Unseen { words: Some(words), nothing_known, said };
    }
    let how_often = match known.least {
        0 | 1 => "never seen".to_owned(),
        least => format!("seen fewer than {least} times"),
    };
    let listed = words.join(", ");
    let said = if known.pretrained {
        format!(
            "{how_often} in the captions of the last training: {listed}; what the model had learned \
             before is not known, so it may know them"
        )
    } else if nothing_known {
        format!("{how_often} in training: {listed}; the model cannot know what to look for")
    } else {
        format!("{how_often} in training: {listed}; the answer rests on the other words")
    };
    Unseen { words: Some(words).filter(|_| !known.pretrained), nothing_known, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_depends_on_what_is_left_to_go_by() {
        let known = TrainingWords::of(["a red square moves"].into_iter());
        let all = told(&known, "a dog", "");
        assert_eq!(all.said, "never seen in training: dog; the model cannot know what to look for");
        assert!(all.nothing_known);
        let some = told(&known, "a red dog rolls", "");
        let said = "never seen in training: dog, rolls; the answer rests on the other words";
        assert_eq!((some.said.as_str(), some.nothing_known), (said, false));
        // A term that should not be there is no word of the sentence.
        let term = told(&known, "a red square", "zyxw red");
        let said = "never seen in training: zyxw; the answer rests on the other words";
        assert_eq!((term.said.as_str(), term.nothing_known), (said, false));
        let smile = told(&known, "😀", "");
        assert!(smile.nothing_known && smile.said.starts_with("it has no words"), "{}", smile.said);
        // "a" was never said in the last training, and every text that it had read before has it.
        let after = TrainingWords::of(["red square moves"].into_iter()).after(None);
        let pretrained = told(&after, "a dog", "");
        assert!(pretrained.said.contains("last training: dog; what the model had learned before"));
        assert!(!pretrained.nothing_known && pretrained.words.is_none());
        let seen = told(&after, "a red square", "");
        assert_eq!((seen.words, seen.said.as_str()), (Some(vec![]), ""));
        // "a" and "the" name nothing, whether they were said or not.
        for known in [&known, &after] {
            for sentence in ["a", "The A", "a the"] {
                assert!(told(known, sentence, "").nothing_known, "{sentence}");
            }
        }
        assert!(told(&known, "a", "").said.contains("nothing to look for"));
        let left_out = |typed: &str| {
            let sentence = Sentence::read(typed).unwrap();
            let unseen = with_left_out(told(&known, &sentence.words(), ""), &sentence);
            (unseen.said, unseen.nothing_known)
        };
        let said = "left out, as that names nothing: +a, -the";
        assert_eq!(left_out("a square +a -the"), (said.to_owned(), false));
        assert_eq!(left_out("a square +red"), (String::new(), false));
        assert!(left_out("a dog red -the").0.contains("on the other words. left out"));
        assert!(left_out("a +the").1);
        let rare = told(&TrainingWords { least: 3, ..known }, "dog", "");
        assert!(
            rare.said.starts_with("seen fewer than 3 times in training: dog;"),
            "{}",
            rare.said
        );
    }

    #[test]
    fn a_model_without_a_list_is_told_so_with_the_way_to_get_one() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().canonicalize().unwrap().join("my run");
        let [model, checkpoint] = ["model", "checkpoints/step-00000010"].map(|at| run.join(at));
        let said = |place: &Path| TrainedWords::read(place).unwrap().unknown().unwrap();
        for place in [&model, &checkpoint] {
            std::fs::create_dir_all(place).unwrap();
            std::fs::write(place.join("config.json"), "{}").unwrap();
            assert!(said(place).contains("where a run made the model, copy the file from its"));
        }
        let run_file = |corpus: &Path| {
            let text = format!("[corpus]\ndir = {:?}\n", corpus.display().to_string());
            std::fs::write(run.join(RUN_FILE), text).unwrap();
        };
        run_file(Path::new("films/gone"));
        assert!(said(&run).ends_with("its corpus, which is gone"), "{}", said(&run));
        let above = run.parent().unwrap();
        let corpus = above.join("films/train");
        std::fs::create_dir_all(&corpus).unwrap();
        for (written, again) in [
            (
                Path::new("films/train"),
                "pretrain 'my run/run.toml' --run 'my run' --resume".to_owned(),
            ),
            (&corpus, format!("pretrain '{0}/run.toml' --run '{0}' --resume", run.display())),
        ] {
            run_file(written);
            for place in [&run, &model, &checkpoint] {
                let said = said(place);
                assert!(
                    said.contains("it has no training_words.json; to make it, type: "),
                    "{said}"
                );
                assert!(said.ends_with(&again) && !said.contains('\n'), "{said}");
                let place = format!("type: cd {} && ", quoted(&above.display().to_string()));
                assert_eq!(said.contains(&place), written.is_relative(), "{said}");
            }
        }
        TrainingWords::of(["red"].into_iter()).write(&run).unwrap();
        TrainingWords::of(["red"].into_iter()).write(&model).unwrap();
        for place in [&run, &model, &checkpoint] {
            assert!(TrainedWords::read(place).unwrap().unknown().is_none());
        }
    }
}
