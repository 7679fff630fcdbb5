//! The page of `locvtp --help`: an example, where to start, and the commands by what they are for.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};

use crate::args::Args;

/// The commands by what they are for, in the order in which a newcomer needs them.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Begin here", &["demo"]),
    ("Look at videos and their captions", &["inspect", "corpus", "synthesize"]),
    ("Train", &["pretrain", "weights", "transfer"]),
    ("Use a model", &["ground", "extract", "embed"]),
    ("Measure and show", &["evaluate", "score", "results", "report"]),
];

const BEGINNING: &str = "\
Find when something happens in a video, from a sentence:

  locvtp ground --model demo-run video.mp4 \"a red triangle moves up\"

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

/// The command line, with its page.
pub(crate) fn command_line() -> Command {
    let command = Args::command();
    let page = page(&command);
    command.override_help(page)
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
