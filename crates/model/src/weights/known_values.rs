//! The values of an import that no tensor's shape shows: typed, said by a file, or guessed.
//!
//! Whoever says a value says it under a name: a flag, a preset, a file. Two that differ are an error
//! and none is overruled. What is guessed is written down, with the flag that sets it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// A value that nobody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guess {
    /// What it is.
    pub setting: String,
    /// What it was taken to be.
    pub value: String,
    /// Why that.
    pub reason: String,
    /// The flag that sets it; none where only this value is built here.
    pub flag: Option<String>,
}

/// A value, and the flag or file that states it.
#[derive(Clone, Debug)]
pub(crate) struct StatedValue<T> {
    pub(crate) who: String,
    pub(crate) value: T,
}

/// A value under the name of what states it.
pub(crate) fn stated_by<T>(who: &str, value: Option<T>) -> Option<StatedValue<T>> {
    value.map(|value| StatedValue { who: who.into(), value })
}

/// What was found out about one encoder.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    path: &'a Path,
    pub(crate) guesses: Vec<Guess>,
}

impl<'a> Values<'a> {
    /// `path` is named in messages.
    pub(crate) fn new(path: &'a Path) -> Self {
        Self { path, guesses: Vec::new() }
    }

    /// The value that somebody says.
    ///
    /// # Errors
    /// When two say different ones; the message names both.
    pub(crate) fn agreed<T: PartialEq + Serialize>(
        &self,
        setting: &str,
        stated: impl IntoIterator<Item = Option<StatedValue<T>>>,
    ) -> Result<Option<T>, ModelError> {
        let mut stated = stated.into_iter().flatten();
        let Some(first) = stated.next() else { return Ok(None) };
        match stated.find(|other| other.value != first.value) {
            None => Ok(Some(first.value)),
            Some(other) => Err(ModelError::ForeignWeights {
                path: self.path.into(),
                reason: format!(
                    "{setting}: {} says {}, and {} says {}",
                    first.who,
                    shown(&first.value),
                    other.who,
                    shown(&other.value)
                ),
                way_out: "leave away the one that is wrong, or correct it there".into(),
            }),
        }
    }

    /// The value that was found, or a guess that is written down.
    pub(crate) fn or_guess<T: Serialize>(
        &mut self,
        found: Option<T>,
        setting: &str,
        flag: &str,
        guess: T,
        reason: &str,
    ) -> T {
        found.unwrap_or_else(|| {
            self.guesses.push(Guess {
                setting: setting.into(),
                value: shown(&guess),
                reason: reason.into(),
                flag: Some(flag.into()),
            });
            guess
        })
    }

    /// Writes down what is taken to be so because nothing else is built here.
    pub(crate) fn only(&mut self, setting: &str, value: &str, reason: &str) {
        self.guesses.push(Guess {
            setting: setting.into(),
            value: value.into(),
            reason: reason.into(),
            flag: None,
        });
    }
}

/// A value for people.
fn shown(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').to_owned()
}
