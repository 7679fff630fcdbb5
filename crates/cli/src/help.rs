//! The page of `locvtp --help`: an example, where to start, and the commands by what they are for.

use std::any::TypeId;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PathBufValueParser, TypedValueParser};
use clap::{Arg, Command, CommandFactory};
use locvtp_video::address::is_address;

use crate::args::Args;

/// The commands by what they are for, in the order in which a newcomer needs them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Begin here", &["demo"]),
    ("Find moments", &["index", "search", "serve", "ground"]),
    ("Look at videos and their captions", &["inspect", "corpus", "synthesize"]),
    ("Train", &["pretrain", "weights", "transfer", "explain"]),
    ("Use a model", &["model", "extract", "embed"]),
    ("Measure and show", &["evaluate", "score", "results", "report"]),
];

const BEGINNING: &str = "\
Find when something happens in a video, from a sentence:

  locvtp ground --model demo-run video.mp4 \"a red triangle moves up\"

In all videos of a folder, or not in them:

  locvtp index add my-videos --model demo-run
  locvtp search --catalog my-videos \"a red triangle moves up\"
  locvtp serve my-videos --open

No model yet? Type `locvtp demo`. It makes videos, trains a model on them and shows what the model
finds, in about ten minutes and without a download. For your own videos begin with
`locvtp corpus check FOLDER`.

Usage: locvtp <COMMAND> [OPTIONS]
";

const END: &str = "
`locvtp <COMMAND> --help` tells more, and most commands print JSON with --json. `locvtp --version`
prints the version. Answers go to standard output, everything else to standard error. Exit codes:
0 done, 1 nothing found, 2 error, 130 stopped by Ctrl-C.
";

/// What stands at the end of the help of a command: something to type.
const EXAMPLES: [(&str, &str); 31] = [
    ("demo", "locvtp demo --minutes 3"),
    ("synthesize", "locvtp synthesize --out shapes --videos 50"),
    ("corpus check", "locvtp corpus check my-videos --decode probe"),
    ("corpus pack", "locvtp corpus pack my-videos --out shards"),
    ("pretrain", "locvtp pretrain configs/demo.toml --run runs/mine --set corpus.dir=my-videos"),
    ("evaluate", "locvtp evaluate --model demo-run --split demo-run/corpus/new"),
    ("transfer", "locvtp transfer configs/tasks/grounding_zero_shot_tiny.toml --run runs/task"),
    ("score grounding", "locvtp score grounding --predictions mine.jsonl --truth val_1.json"),
    ("score retrieval", "locvtp score retrieval --predictions scores.npy"),
    ("score steps", "locvtp score steps --predictions mine.jsonl --truth crosstask_release"),
    ("score segmentation", "locvtp score segmentation --predictions mine.jsonl --truth COIN.json"),
    ("weights inspect", "locvtp weights inspect models/clip --all"),
    ("weights random", "locvtp weights random --like demo-run --out models/random"),
    ("model list", "locvtp model list --json"),
    ("model info", "locvtp model info clip-b32"),
    ("model get", "locvtp model get clip-b32 --out models/clip"),
    ("report", "locvtp report runs/mine"),
    ("extract", "locvtp extract --model demo-run --videos my-videos --out features.h5"),
    ("embed", "locvtp embed --model demo-run --text 'a red square' 'a blue disc'"),
    ("ground", "locvtp ground --model demo-run video.mp4 'a red triangle moves up'"),
    ("index add", "locvtp index add my-videos --model demo-run"),
    ("index watch", "locvtp index watch my-videos --every 60"),
    ("index list", "locvtp index list --catalog my-videos"),
    ("index remove", "locvtp index remove my-videos/old"),
    ("index verify", "locvtp index verify my-videos"),
    ("index compact", "locvtp index compact my-videos"),
    ("index rebuild", "locvtp index rebuild my-videos"),
    ("search", "locvtp search --catalog my-videos 'a red triangle moves up'"),
    ("serve", "locvtp serve my-videos --open"),
    ("inspect", "locvtp inspect video.mp4"),
    ("explain", "locvtp explain optimizer.learning_rate"),
];

/// The command line, with its page, and an example with each command.
pub(crate) fn command_line() -> Command {
    let command = Args::command();
    let page = page(&command);
    let command = EXAMPLES.iter().fold(command, |command, (path, example)| {
        let path: Vec<&str> = path.split(' ').collect();
        with_example(command, &path, example)
    });
    paths_are_here(negative_numbers_are_values(command)).override_help(page)
}

fn with_example(command: Command, path: &[&str], example: &str) -> Command {
    let Some((name, deeper)) = path.split_first() else {
        return command.after_help(format!("For example:\n\n  {example}"));
    };
    command.mut_subcommand(name, |inner| with_example(inner, deeper, example))
}

/// A number with a sign is the value of the flag before it, which refuses it in words, and not a flag
/// of its own that nobody knows.
fn negative_numbers_are_values(command: Command) -> Command {
    command
        .mut_args(|arg| arg.allow_negative_numbers(true))
        .mut_subcommands(negative_numbers_are_values)
}

/// Arguments that may be the address of something on another machine.
const OF_ADDRESSES: [&str; 2] = ["corpus", "corpora"];

/// An address in the place of a path is refused: nothing lies there, and a folder would be made that is called so, with
/// the password in its name.
fn paths_are_here(command: Command) -> Command {
    let is_path = |arg: &Arg| arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
    command
        .mut_args(|arg| match arg.get_id().as_str() {
            _ if !is_path(&arg) => arg,
            id if OF_ADDRESSES.contains(&id) => arg,
            // An empty one says that there shall be none.
            "frame_tables" => arg.value_parser(OsStringValueParser::new().try_map(path_here)),
            _ => arg.value_parser(PathBufValueParser::new().try_map(path_here)),
        })
        .mut_subcommands(paths_are_here)
}

fn path_here(typed: impl Into<PathBuf>) -> Result<PathBuf, &'static str> {
    let path = typed.into();
    match is_address(&path.to_string_lossy()) {
        true => Err("a path is expected here, and this is an address"),
        false => Ok(path),
    }
}

fn page(command: &Command) -> String {
    let mut page = BEGINNING.to_owned();
    for (title, names) in GROUPS {
        let _ = write!(page, "\n{title}:\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(page, "  {name:<11} {about}");
        }
    }
    page + END
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_paths(command: &Command, path: &[&str], found: &mut usize) {
        let is_path = |arg: &&Arg| arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        for arg in command.get_arguments().filter(is_path) {
            let Some(flag) = arg.get_long() else { continue };
            *found += 1;
            let typed = format!("--{flag}=https://anna:geheim@host/films");
            let error =
                command_line().try_get_matches_from([path, &[&typed]].concat()).unwrap_err();
            let told = error.to_string();
            assert!(told.contains("a path is expected here"), "{path:?} {flag}: {told}");
        }
        for inner in command.get_subcommands() {
            check_paths(inner, &[path, &[inner.get_name()]].concat(), found);
        }
    }

    #[test]
    fn an_address_in_the_place_of_a_path_is_refused_everywhere() {
        let mut found = 0;
        check_paths(&command_line(), &["locvtp"], &mut found);
        assert!(found >= 20, "{found} flags with a path");
        let check = ["locvtp", "corpus", "check", "https://host/films/0.tar"];
        command_line().try_get_matches_from(check).unwrap();
        let none = ["locvtp", "corpus", "check", "films", "--frame-tables", ""];
        command_line().try_get_matches_from(none).unwrap();
    }

    #[test]
    fn the_examples_can_be_typed_and_stand_in_the_help_of_their_command() {
        for (path, example) in EXAMPLES {
            let words = std::process::Command::new("sh")
                .args(["-c", &format!("printf '%s\\0' {example}")])
                .output()
                .unwrap();
            let words = String::from_utf8(words.stdout).unwrap();
            let words: Vec<&str> = words.trim_end_matches('\0').split('\0').collect();
            command_line().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{error}"));
            let help: Vec<&str> =
                ["locvtp"].into_iter().chain(path.split(' ')).chain(["--help"]).collect();
            let page = command_line().try_get_matches_from(help).unwrap_err().to_string();
            assert!(page.contains(example), "{page}");
        }
    }

    #[test]
    fn every_command_has_an_example_in_its_help() {
        let mut left = vec![(String::from("locvtp"), command_line())];
        while let Some((path, mut command)) = left.pop() {
            let deeper: Vec<Command> = command.get_subcommands().cloned().collect();
            if deeper.is_empty() {
                let page = command.render_help().to_string();
                assert!(page.contains(&format!("\n  {path} ")), "{path}:\n{page}");
            }
            left.extend(deeper.into_iter().map(|it| (format!("{path} {}", it.get_name()), it)));
        }
    }

    #[test]
    fn every_command_stands_in_one_group_and_fits_a_line() {
        let command = Args::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let mut all: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
        for line in page(&command).lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
