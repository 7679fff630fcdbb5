//! What goes to the terminal: results on standard output, everything else on standard error.
//!
//! Names of files may hold letters that terminals take for orders, and addresses may hold passwords: all that is
//! printed goes through [`shown`](locvtp_video::shown). JSON means what it meant.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use locvtp_train::plain_words;
pub(crate) use locvtp_video::shown::one_line;
use locvtp_video::shown::{self, lines};
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
    // Our own words may have several lines; those of errors have one, but for names in them.
    let is_own = error.downcast_ref::<String>().is_some() || error.downcast_ref::<&str>().is_some();
    in_words(error.as_ref(), is_own)
}

/// The same of an error that is told elsewhere, in one line.
pub(crate) fn error_in_words(error: &(dyn Error + 'static)) -> String {
    in_words(error, false)
}

fn in_words(error: &(dyn Error + 'static), is_own: bool) -> String {
    let mut chain = vec![error];
    while let Some(cause) = chain[chain.len() - 1].source() {
        chain.push(cause);
    }
    let shown = |place: usize, text: &str| {
        if place == 0 && is_own { lines(text) } else { one_line(text) }
    };
    let causes = chain.iter().enumerate();
    let mut causes: Vec<String> =
        causes.map(|(place, cause)| shown(place, &plain_words(&cause.to_string()))).collect();
    let is_not_there = |cause: &io::Error| cause.kind() == io::ErrorKind::NotFound;
    if causes.len() > 1
        && chain.last().is_some_and(|it| it.downcast_ref().is_some_and(is_not_there))
    {
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

/// Prints what clap says of what was typed: names in it may come from a folder, `locvtp ground *.mp4`.
pub(crate) fn usage(error: &clap::Error) {
    let plain = error.render().to_string();
    // Colours are clap's own, and stay where nothing has to be written out.
    let shown = lines(&plain);
    if shown == plain {
        // A reader that has seen enough is no failure.
        let _ = error.print();
    } else {
        eprint!("{shown}");
    }
}

/// Prints a remark for people, in one line.
pub(crate) fn note(text: &str) {
    eprintln!("{}", one_line(&plain_words(text)));
}

/// Prints a remark of several lines, such as one with a command to type.
pub(crate) fn notes(text: &str) {
    eprintln!("{}", lines(&plain_words(text)));
}

/// Prints a result for people. Names in it that stand in no table go through [`one_line`] before.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", lines(text))?;
    Ok(())
}

/// Prints a result for machines.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", shown::json(&serde_json::to_string_pretty(value)?))?;
    Ok(())
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
    fn names_give_the_terminal_no_orders() {
        // Our own words keep their lines, those of errors have none.
        let own = anyhow::anyhow!("type it:\n  locvtp\x1b").context("first:\n  this");
        assert_eq!(told(&own), "first:\n  this: type it:\\n  locvtp\\u{1b}");
        let path = Path::new("a\nerror: b.mp4").to_owned();
        let typed = locvtp_video::VideoError::Empty { path };
        assert!(told(&typed.into()).starts_with("a\\nerror: b.mp4: the file is empty"));
    }

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
