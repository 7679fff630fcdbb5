//! What goes to the terminal: results on standard output, everything else on standard error.

use std::io::Write;

use serde::Serialize;

/// The program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from, when whoever built it set `LOCVTP_COMMIT`.
pub(crate) const COMMIT: &str = match option_env!("LOCVTP_COMMIT") {
    Some(commit) => commit,
    None => "",
};

/// Prints an error with all its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Prints a remark for people.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
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
