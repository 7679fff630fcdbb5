//! What goes to the terminal: results on standard output, everything else on standard error.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use locvtp_train::plain_words;
use serde::Serialize;

use crate::missing;

/// The program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from, when whoever built it set `LOCVTP_COMMIT`.
pub(crate) const COMMIT: &str = match option_env!("LOCVTP_COMMIT") {
    Some(commit) => commit,
    None => "",
};

/// Prints an error with all its causes.
pub(crate) fn error(error: &anyhow::Error) {
    let text = told(error);
    eprintln!("error: {text}");
    if let Some(hint) = missing::demo_hint(&text) {
        eprintln!("{hint}");
    }
}

/// An error with all its causes, those of parsers and of the system in plain words. Of a file that is
/// not there the same is said, whoever looked for it and whatever for.
fn told(error: &anyhow::Error) -> String {
    let mut causes: Vec<String> =
        error.chain().map(|cause| plain_words(&cause.to_string())).collect();
    let is_not_there = |cause: &io::Error| cause.kind() == io::ErrorKind::NotFound;
    if causes.len() > 1 && error.root_cause().downcast_ref().is_some_and(is_not_there) {
        causes.pop();
        if let Some(last) = causes.last_mut() {
            *last = match last.split_once(": cannot ") {
                Some((path, doing)) if !doing.contains("writ") && !doing.contains("make") => {
                    missing::does_not_exist(Path::new(path), "check the path")
                }
                Some(_) => format!("{last}: its folder does not exist"),
                None => format!("{last}: it does not exist"),
            };
        }
    }
    causes.join(": ")
}

/// Prints a remark for people.
pub(crate) fn note(text: &str) {
    eprintln!("{}", plain_words(text));
}

/// Prints a result for people.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

/// Prints a result for machines.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    text(&serde_json::to_string_pretty(value)?)
}

/// Characters in a line of the terminal; 100 where there is none.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0).clamp(40, 160))
}

/// Makes the folder of a file that is going to be written, where there is none.
pub(crate) fn make_folder_of(file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), std::fs::create_dir_all).with_context(|| {
        format!("{}: its folder cannot be made; choose another place", file.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_told_in_one_way() {
        let not_there = || anyhow::Error::from(io::Error::from_raw_os_error(2));
        for context in ["a/b.json: cannot be read", "a/b.json: cannot open it; copy it again"] {
            let error = not_there().context(context).context("the task");
            assert_eq!(told(&error), "the task: a/b.json: does not exist; check the path");
        }
        let error = not_there().context("a/b.json: cannot be written");
        assert_eq!(told(&error), "a/b.json: cannot be written: its folder does not exist");
        let error = anyhow::Error::from(io::Error::from_raw_os_error(21));
        assert_eq!(told(&error.context("a: cannot be read")), "a: cannot be read: it is a folder");
    }
}
