//! Numbers by name: the one form in which every task hands on what it measured.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Numbers by name, in the order in which they are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(Map<String, Value>);

impl Metrics {
    /// No numbers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more number; a name that is there already gets the new one.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.add(name, value);
        self
    }

    /// Adds a number; a name that is there already gets the new one.
    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), value.into());
    }

    /// Adds all of `others` behind these; a name that is there already gets the new number.
    pub fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Adds all of `others`, each under `name` of its name.
    pub fn add_all(&mut self, others: &Self, name: impl Fn(&str) -> String) {
        for (other, value) in others.iter() {
            self.add(name(other), value);
        }
    }

    /// The number of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).and_then(Value::as_f64)
    }

    /// Names and numbers, in order; what is no finite number is left out.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)))
    }
}
