//! What is said of a command that there is not, by what people mean with it: `search` is `ground`.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What other programs call it, and what does it here.
const OTHER_WORDS: [(&[&str], &str); 14] = [
    (
        &[
            "search", "find", "query", "ask", "locate", "localize", "localise", "moment", "when",
            "infer", "predict", "retrieve",
        ],
        "ground",
    ),
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
    (&["page", "plot", "html", "tensorboard"], "report"),
];

/// The message for a command that is not known, where it is clear what was meant.
pub(crate) fn said_otherwise(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let ContextValue::String(typed) = error.get(ContextKind::InvalidSubcommand)? else {
        return None;
    };
    let word = typed.to_lowercase();
    let meant = OTHER_WORDS.iter().find(|(words, _)| words.contains(&word.as_str()))?.1;
    Some(format!(
        "there is no command `{typed}`; `locvtp {meant}` does that. Type: locvtp {meant} --help"
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Args;

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
        let error = command.clone().try_get_matches_from(["locvtp", "grund"]).unwrap_err();
        assert_eq!(said_otherwise(&error), None, "spelling is clap's");
    }
}
