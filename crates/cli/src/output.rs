//! What goes to the terminal: results on standard output, everything else on standard error.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use locvtp_train::plain_words::plain_words;
use serde::Serialize;

use crate::missing;

/// The program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from, when whoever built it set `LOCVTP_COMMIT`.
pub(crate) const COMMIT: &str = match option_env!("LOCVTP_COMMIT") {
    Some(commit) => commit,
    None => "",
};

/// Prints an error with all its causes, those of parsers in plain words.
pub(crate) fn error(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(|cause| plain_words(&cause.to_string())).collect();
    let text = causes.join(": ");
    eprintln!("error: {text}");
    if let Some(hint) = missing::demo_hint(&text) {
        eprintln!("{hint}");
    }
}

/// Prints a remark for people.
pub(crate) fn note(text: &str) {
    eprintln!("{}", plain_words(text));
}

/// Prints a result for people.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}")?;
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
