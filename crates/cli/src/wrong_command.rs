//! What is said of a command that there is not, by what people mean with it: `find` is `search`, and
//! `traing` is `train`, which is `pretrain`.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use locvtp_train::shell_words::quoted;

use crate::args::Args;

/// What other programs call it, and what does it here.
const OTHER_WORDS: [(&[&str], &str); 17] = [
    (&["ask", "locate", "localize", "localise", "moment", "when", "infer", "predict"], "ground"),
    (&["find", "query", "retrieve", "lookup", "grep"], "search"),
    (&["add", "scan", "library", "catalog", "catalogue"], "index add"),
    (&["train", "pre-train", "fit", "learn", "run"], "pretrain"),
    (&["finetune", "fine-tune", "tune", "task", "probe", "head"], "transfer"),
    (&["eval", "test", "benchmark", "validate"], "evaluate"),
    (&["metrics", "measure"], "score"),
    (&["features", "encode", "feature"], "extract"),
    (&["text", "embedding", "embeddings", "sentence"], "embed"),
    (&["info", "show", "describe", "ls", "what", "stat"], "inspect"),
    (&["check", "verify", "data", "dataset"], "corpus check"),
    (&["pack", "shard", "shards"], "corpus pack"),
    (&["import", "download", "convert", "load", "model", "models"], "weights import"),
    (&["generate", "make", "create", "synth", "synthesise", "videos"], "synthesize"),
    (&["table", "compare", "summary"], "results"),
    (&["config", "settings", "schema", "key", "keys", "option", "options"], "explain"),
    (&["page", "plot", "html", "tensorboard"], "report"),
];

/// The message for a value that begins with a dash and stands behind its option, as in `--file "-dash*"`: clap takes it
/// for an option of its own. `words` are those of the command.
pub(crate) fn said_of_value(error: &clap::Error, words: &[String]) -> Option<String> {
    let ContextValue::String(typed) = error.get(ContextKind::InvalidArg)? else { return None };
    if error.kind() != ErrorKind::UnknownArgument || typed.starts_with("--") {
        return None;
    }
    let commands = Args::command();
    let search = commands.find_subcommand("search")?;
    let takes_a_value = |word: &str| {
        let mut options = search.get_arguments();
        let is_it =
            |option: &clap::Arg| option.get_long().is_some_and(|long| word == format!("--{long}"));
        options.any(|option| is_it(option) && option.get_action().takes_values())
    };
    let mut pairs = words.windows(2);
    let pair = pairs.find(|pair| takes_a_value(&pair[0]) && pair[1].starts_with(typed.as_str()))?;
    let [option, value] = [&pair[0], &pair[1]];
    let written = quoted(&format!("{option}={value}"));
    Some(format!("{value}: begins with a dash, so it is taken for an option; write {written}"))
}

/// The message for a term of a sentence that stands where an option may, as in `locvtp search -red`: clap takes it for
/// one.
pub(crate) fn said_of_term(error: &clap::Error) -> Option<String> {
    let ContextValue::String(typed) = error.get(ContextKind::InvalidArg)? else { return None };
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let is_of_search = usage.contains(" search ") && error.kind() == ErrorKind::UnknownArgument;
    let is_term = !typed.starts_with("--") && typed.starts_with('-');
    (is_of_search && is_term).then(|| {
        format!(
            "{typed}… is taken for an option; what should not be there stands behind what should, in one pair of \
             quotes:\n  locvtp search \"a dog runs -night\""
        )
    })
}

/// The message for a command that is not known, where it is clear what was meant. Commands of
/// commands (`corpus chek`) are left to clap, which knows their names.
pub(crate) fn said_otherwise(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let ContextValue::String(typed) = error.get(ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let word = typed.to_lowercase();
    let said = |meant: &str| {
        format!(
            "there is no command `{typed}`; `locvtp {meant}` does that. Type: locvtp {meant} --help"
        )
    };
    if let Some((_, meant)) = OTHER_WORDS.iter().find(|(words, _)| words.contains(&word.as_str())) {
        return Some(said(meant));
    }
    let commands = Args::command();
    if !is_of_the_first(error) {
        return None;
    }
    let names = commands.get_subcommands().map(|command| (command.get_name(), command.get_name()));
    let others =
        OTHER_WORDS.iter().flat_map(|(words, meant)| words.iter().map(|&word| (word, *meant)));
    let apart = |name: &str| strsim::damerau_levenshtein(name, &word);
    let near = names.chain(others).filter(|(name, _)| apart(name) <= 1 + name.len() / 5);
    let (name, meant) = near.min_by_key(|(name, _)| apart(name))?;
    Some(match name == meant {
        true => format!(
            "there is no command `{typed}`; did you mean `locvtp {meant}`? All are in locvtp --help"
        ),
        false => said(meant),
    })
}

/// Whether the command that is not known stands first, and is not one of another command.
fn is_of_the_first(error: &clap::Error) -> bool {
    let commands = Args::command();
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let mut words = usage.split_whitespace().skip_while(|word| !word.ends_with("locvtp")).skip(1);
    words.next().is_none_or(|word| commands.find_subcommand(word).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_that_are_named_are_there_and_the_other_words_are_none() {
        let command = Args::command();
        for (words, meant) in OTHER_WORDS {
            let mut place = &command;
            for part in meant.split(' ') {
                place = place.find_subcommand(part).unwrap();
            }
            for word in words {
                assert!(command.find_subcommand(word).is_none(), "{word} is a command");
                let error = command.clone().try_get_matches_from(["locvtp", word]).unwrap_err();
                let told = said_otherwise(&error).unwrap();
                assert!(told.contains(&format!("locvtp {meant} --help")), "{told}");
            }
        }
        let told = |words: &[&str]| {
            said_otherwise(&command.clone().try_get_matches_from(words).unwrap_err())
        };
        for (typed, meant) in [
            ("traing", "`locvtp pretrain` does that"),
            ("serch", "did you mean `locvtp search`?"),
            ("finde", "`locvtp search` does that"),
            ("grund", "did you mean `locvtp ground`?"),
            ("pretrian", "did you mean `locvtp pretrain`?"),
            ("tranfer", "did you mean `locvtp transfer`?"),
            ("corpsu", "did you mean `locvtp corpus`?"),
        ] {
            let told = told(&["locvtp", typed]).unwrap();
            assert!(told.contains(meant), "{typed}: {told}");
        }
        assert_eq!(told(&["locvtp", "bicycle"]), None);
        let term = |words: &[&str]| {
            said_of_term(&command.clone().try_get_matches_from(words).unwrap_err())
        };
        for typed in
            [&["locvtp", "search", "-red"][..], &["locvtp", "search", "a dog", "-beach -red"]]
        {
            assert!(term(typed).unwrap().contains("search \"a dog runs -night\""));
        }
        for other in [&["locvtp", "search", "a dog", "--tpo", "3"][..], &["locvtp", "ground", "-r"]]
        {
            assert_eq!(term(other), None);
        }
        let value = |words: &[&str]| {
            let error = command.clone().try_get_matches_from(words).unwrap_err();
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            said_of_value(&error, &words)
        };
        let said = value(&["locvtp", "search", "a dog", "--file", "-dash*"]).unwrap();
        assert!(said.contains("write '--file=-dash*'"), "{said}");
        let said = value(&["locvtp", "search", "a dog", "--after", "-0001-01-01"]).unwrap();
        assert!(said.contains("write --after=-0001-01-01"), "{said}");
        for term in [&["locvtp", "search", "-red"][..], &["locvtp", "search", "a", "--all", "-red"]]
        {
            assert_eq!(value(term), None);
        }
        assert_eq!(told(&["locvtp", "score", "retrival"]), None, "clap says retrieval");
    }
}
