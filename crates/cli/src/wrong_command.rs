//! What is said of a command that there is not, by what people mean with it: `find` is `search`, and
//! `traing` is `train`, which is `pretrain`.

use std::path::Path;

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
    (&["import", "download", "convert", "load"], "weights import"),
    (&["generate", "make", "create", "synth", "synthesise", "videos"], "synthesize"),
    (&["table", "compare", "summary"], "results"),
    (&["config", "settings", "schema", "key", "keys", "option", "options"], "explain"),
    (&["page", "plot", "html", "tensorboard"], "report"),
];

/// What options of `search` are called elsewhere, and what does it here.
const OTHER_OPTIONS: [(&[&str], &str, &str); 6] = [
    (
        &["-n", "-k", "-t", "--limit", "--num", "--count", "--max", "--n"],
        "--top N",
        "how many moments are shown",
    ),
    (&["-d", "--folder", "--dir", "--directory"], "--in FOLDER", "only files in a folder"),
    (&["--index", "--db", "--database", "-c"], "--catalog DIR", "where the index lies"),
    (&["-m"], "--model DIR", "where the model lies"),
    (&["-o", "--output", "--out"], "--export FILE", "the moments as a list"),
    (
        &["-q", "--query", "--text", "--sentence"],
        "\"SENTENCE\"",
        "what should happen, without an option, in quotes",
    ),
];

/// The message for an option of `search` that there is not, where it is clear which one was meant. `words` are those of the
/// command.
pub(crate) fn said_of_option(error: &clap::Error, words: &[String]) -> Option<String> {
    let ContextValue::String(typed) = error.get(ContextKind::InvalidArg)? else { return None };
    if !is_of_search(error) || error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    // Of `-night` clap names the first letter.
    let is_whole = |word: &String| word == typed || word.starts_with(&format!("{typed}="));
    let is_it = |names: &&str| *names == typed.as_str() && words.iter().any(is_whole);
    let (_, meant, what) = OTHER_OPTIONS.iter().find(|(names, ..)| names.iter().any(is_it))?;
    Some(format!(
        "there is no option {typed}; write {meant}: {what}. All are in locvtp search --help"
    ))
}

/// The message for a search without anything that is looked for.
pub(crate) fn said_of_nothing(error: &clap::Error) -> Option<String> {
    let ContextValue::Strings(missing) = error.get(ContextKind::InvalidArg)? else { return None };
    let is_nothing = error.kind() == ErrorKind::MissingRequiredArgument
        && missing.iter().any(|argument| argument.contains("SENTENCE"));
    (is_of_search(error) && is_nothing).then(|| {
        "say what to look for: a sentence in quotes, --said TEXT for words that are said, --image FILE for what looks like a \
         picture, or --like FILE@TIME for what looks like a moment:\n  locvtp search \"a dog runs\""
            .to_owned()
    })
}

fn is_of_search(error: &clap::Error) -> bool {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    usage.contains(" search ")
}

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

/// The message for a path that begins with a dash, as in `index remove -dash.mp4`: clap takes it for options. `words` are
/// those of the command.
pub(crate) fn said_of_path(error: &clap::Error, words: &[String]) -> Option<String> {
    let ContextValue::String(typed) = error.get(ContextKind::InvalidArg)? else { return None };
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let is_path = |word: &&String| {
        let ending = Path::new(word).extension().unwrap_or_default().to_string_lossy();
        let is_called_so =
            (2..6).contains(&ending.len()) && ending.starts_with(|c: char| c.is_alphabetic());
        // Of short options clap names the first.
        let is_typed = *word == typed || typed.len() == 2 && word.starts_with(typed.as_str());
        is_typed
            && !word.contains(char::is_whitespace)
            && (is_called_so || Path::new(word).exists())
    };
    let path = words.iter().skip(1).find(is_path)?;
    let written = quoted(&format!("./{path}"));
    Some(format!("{path}: begins with a dash, so it is taken for an option; write {written}"))
}

/// The message for a term of a sentence that stands where an option may, as in `locvtp search -red`: clap takes it for
/// one.
pub(crate) fn said_of_term(error: &clap::Error) -> Option<String> {
    let ContextValue::String(typed) = error.get(ContextKind::InvalidArg)? else { return None };
    let is_of_search = is_of_search(error) && error.kind() == ErrorKind::UnknownArgument;
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
        let path = |words: &[&str]| {
            let error = command.clone().try_get_matches_from(words).unwrap_err();
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            said_of_path(&error, &words)
        };
        let said = path(&["locvtp", "index", "remove", "-dash.mp4"]).unwrap();
        assert!(said.starts_with("-dash.mp4: begins with a dash") && said.ends_with("./-dash.mp4"));
        assert_eq!(path(&["locvtp", "index", "remove", "-dash"]), None);
        let option = |words: &[&str]| {
            let error = command.clone().try_get_matches_from(words).unwrap_err();
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            said_of_option(&error, &words)
        };
        for (typed, meant) in [("-n", "--top N"), ("--folder", "--in FOLDER")] {
            let said = option(&["locvtp", "search", "a dog", typed, "3"]).unwrap();
            assert!(said.contains(&format!("there is no option {typed}; write {meant}")), "{said}");
        }
        for term in [&["locvtp", "search", "-night"][..], &["locvtp", "search", "a", "--tpo", "3"]]
        {
            assert_eq!(option(term), None);
        }
        for (words, meant, _) in OTHER_OPTIONS {
            let search = command.find_subcommand("search").unwrap();
            let has = |name: &str| search.get_arguments().any(|it| it.get_long() == Some(name));
            let named = |typed: &str| typed.trim_start_matches("--").split(' ').next().map(has);
            assert!(meant.starts_with('"') || named(meant) == Some(true), "{meant}");
            assert!(words.iter().all(|word| named(word) != Some(true)), "{words:?}");
        }
        let nothing = command.clone().try_get_matches_from(["locvtp", "search", "--all"]);
        let said = said_of_nothing(&nothing.unwrap_err()).unwrap();
        assert!(["--said", "--image", "--like"].iter().all(|it| said.contains(it)), "{said}");
        let exact = ["locvtp", "search", "a dog", "--exact"];
        assert_eq!(
            said_of_nothing(&command.clone().try_get_matches_from(exact).unwrap_err()),
            None
        );
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
