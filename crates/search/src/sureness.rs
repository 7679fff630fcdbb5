//! How sure it is that a moment shows what was asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The three answers to "is this it?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// More than half of all sentences that are true elsewhere stand out as much.
    Guess,
    /// At most half of them do.
    Maybe,
    /// Hardly any does.
    Found,
}

impl Sureness {
    /// The word for it, the same in tables, lists and JSON: `found`, `maybe`, `guess`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Maybe => "maybe",
            Self::Found => "found",
        }
    }
}

impl fmt::Display for Sureness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
