//! One value for every term of the loss.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::term::Term;

/// One value for every term; in files a map from the terms' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerTerm<T>([T; Term::COUNT]);

/// A weight for every term; a term of weight 0 is not computed.
///
/// The default is the paper's: 0.5 for `L_c`, 1 for `L_f` and `L_t`.
pub type LossWeights = PerTerm<f64>;

impl<T> PerTerm<T> {
    /// The value of each term, asked in their order.
    pub fn from_fn(value: impl FnMut(Term) -> T) -> Self {
        Self(Term::ALL.map(value))
    }

    /// Terms and values, in the order of the terms.
    pub fn iter(&self) -> impl Iterator<Item = (Term, &T)> {
        Term::ALL.into_iter().zip(&self.0)
    }
}

impl LossWeights {
    /// These weights, and 0 for all other terms.
    pub fn only<const N: usize>(weights: [(Term, f64); N]) -> Self {
        let mut all = Self([0.0; Term::COUNT]);
        weights.into_iter().for_each(|(term, weight)| all[term] = weight);
        all
    }
}

impl Default for LossWeights {
    fn default() -> Self {
        Self::from_fn(Term::default_weight)
    }
}

impl<T> Index<Term> for PerTerm<T> {
    type Output = T;

    fn index(&self, term: Term) -> &T {
        &self.0[term as usize]
    }
}

impl<T> IndexMut<Term> for PerTerm<T> {
    fn index_mut(&mut self, term: Term) -> &mut T {
        &mut self.0[term as usize]
    }
}

impl<T: Serialize> Serialize for PerTerm<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(term, value)| (term.name(), value)))
    }
}

/// A term that is not there has no value: files of before know fewer terms. Other keys belong to
/// somebody else.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for PerTerm<Option<T>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = ValuesVisitor(PhantomData);
        deserializer.deserialize_struct("PerTerm", &Term::NAMES, visitor)
    }
}

struct ValuesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ValuesVisitor<T> {
    type Value = PerTerm<Option<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the terms of a loss")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = PerTerm::from_fn(|_| None);
        while let Some(key) = map.next_key::<String>()? {
            match Term::named(&key) {
                Some(term) => values[term] = map.next_value()?,
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_weights_are_the_papers() {
        let paper = [(Term::Coarse, 0.5), (Term::Fine, 1.0), (Term::Temporal, 1.0)];
        assert_eq!(LossWeights::default(), LossWeights::only(paper));
    }

    #[test]
    fn values_stand_in_files_under_the_names_of_their_terms() {
        let values = PerTerm::from_fn(|term| (term != Term::Fine).then_some(term as usize));
        let json = r#"{"coarse":0,"fine":null,"temporal":2}"#;
        assert_eq!(serde_json::to_string(&values).unwrap(), json);
        assert_eq!(serde_json::from_str::<PerTerm<Option<usize>>>(json).unwrap(), values);
    }

    #[test]
    fn a_term_that_a_file_does_not_know_has_no_value_and_a_strange_key_is_nobodys() {
        let read: PerTerm<Option<f64>> =
            serde_json::from_str(r#"{"fine": 2, "step": [1, 2]}"#).unwrap();
        assert_eq!(read, PerTerm::from_fn(|term| (term == Term::Fine).then_some(2.0)));
    }

    #[test]
    fn what_is_no_map_is_refused_with_what_should_stand_there() {
        let error = serde_json::from_str::<PerTerm<Option<f64>>>("3").unwrap_err().to_string();
        assert!(error.contains("expected the terms of a loss"), "{error}");
    }
}
