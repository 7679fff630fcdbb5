//! The section `objective` of a run file: its schedule, and a weight a term under the term's name.
//!
//! A term that a file does not name has its default weight, so files of before a term open.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::loss::{LossWeights, Term};

/// The section as it is written.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(
    tag = "schedule",
    rename_all = "snake_case",
    expecting = "internally tagged enum Objective"
)]
pub(crate) enum ObjectiveFile {
    Weighted(AllWeights),
    WarmUp(OtherWeights),
    MultiStage(TwoStages),
}

/// The weights of all terms.
#[derive(Clone, Copy)]
pub(crate) struct AllWeights(pub(crate) LossWeights);

/// The weights of all terms but `L_c`, whose weight the schedule knows.
#[derive(Clone, Copy)]
pub(crate) struct OtherWeights(pub(crate) LossWeights);

/// The same, and when they begin.
#[derive(Clone, Copy)]
pub(crate) struct TwoStages {
    pub(crate) second_stage_at: f64,
    pub(crate) weights: LossWeights,
}

const SECOND_STAGE_AT: &str = "second_stage_at";

/// The keys of all terms but the first, `L_c`.
const OTHERS: &[&str] = Term::NAMES.split_at(1).1;

/// The same, behind the beginning of the second stage.
const STAGES: &[&str] = &{
    let mut keys = Term::NAMES;
    keys[Term::Coarse as usize] = SECOND_STAGE_AT;
    keys
};

/// Every term with its weight, but those of `but`.
fn named(weights: &LossWeights, but: Option<Term>) -> impl Iterator<Item = (&'static str, f64)> {
    let kept = weights.iter().filter(move |(term, _)| Some(*term) != but);
    kept.map(|(term, weight)| (term.name(), *weight))
}

impl Serialize for AllWeights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(named(&self.0, None))
    }
}

impl Serialize for OtherWeights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(named(&self.0, Some(Term::Coarse)))
    }
}

impl Serialize for TwoStages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let begins = std::iter::once((SECOND_STAGE_AT, self.second_stage_at));
        serializer.collect_map(begins.chain(named(&self.weights, Some(Term::Coarse))))
    }
}

impl<'de> Deserialize<'de> for AllWeights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        KnownKeys(&Term::NAMES).deserialize(deserializer).map(|found| Self(found.weights))
    }
}

impl<'de> Deserialize<'de> for OtherWeights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        KnownKeys(OTHERS).deserialize(deserializer).map(|found| Self(found.weights))
    }
}

impl<'de> Deserialize<'de> for TwoStages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ObjectiveNumbers { weights, second_stage_at } =
            KnownKeys(STAGES).deserialize(deserializer)?;
        let second_stage_at =
            second_stage_at.ok_or_else(|| D::Error::missing_field(SECOND_STAGE_AT))?;
        Ok(Self { second_stage_at, weights })
    }
}

/// Reads a number for each of these keys, and refuses others.
struct KnownKeys(&'static [&'static str]);

struct ObjectiveNumbers {
    weights: LossWeights,
    second_stage_at: Option<f64>,
}

impl<'de> DeserializeSeed<'de> for KnownKeys {
    type Value = ObjectiveNumbers;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<ObjectiveNumbers, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for KnownKeys {
    type Value = ObjectiveNumbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the weights of an objective")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ObjectiveNumbers, A::Error> {
        let mut found = ObjectiveNumbers { weights: LossWeights::default(), second_stage_at: None };
        while let Some(key) = map.next_key::<String>()? {
            if !self.0.contains(&key.as_str()) {
                return Err(A::Error::unknown_field(&key, self.0));
            }
            let number = map.next_value()?;
            match Term::named(&key) {
                Some(term) => found.weights[term] = number,
                None => found.second_stage_at = Some(number),
            }
        }
        Ok(found)
    }
}
