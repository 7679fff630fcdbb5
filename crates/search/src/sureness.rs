//! How sure it is that a moment shows what was asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The three answers to "is it there?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// Nothing stands out more than for sentences that are true elsewhere.
    NotFound,
    /// Few sentences that are true elsewhere reach as much.
    Maybe,
    /// Hardly any does.
    Found,
}

impl Sureness {
    /// In words: `found`, `maybe`, `not found`.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
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
