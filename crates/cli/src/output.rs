//! What goes to the terminal: results on standard output, everything else on standard error.

use std::io::Write;

use serde::Serialize;

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
