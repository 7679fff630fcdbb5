//! What becomes of every key of a foreign checkpoint: tables of patterns, and what they say for
//! the keys at hand.
//!
//! In a pattern `{}` stands for one part of a key between dots, and `**` at its end for any number
//! of parts. What a `{}` stands for is put in the place of the `{}` of the same rank on the other
//! side.

use std::collections::BTreeMap;

use super::NamedTensor;
use super::resize::{resize_grid, resize_positions, resize_times};
use super::state_dict::StateDict;
use crate::ModelError;

/// The keys of one kind of checkpoint.
#[derive(Debug)]
pub(crate) struct KeyTable {
    /// What may stand in front of keys and is taken off before they are compared.
    pub(crate) prefix: Option<&'static str>,
    /// The first rule whose pattern fits a key says what becomes of it.
    pub(crate) rules: &'static [KeyRule],
    /// Parameters that no key of such a checkpoint fills, and their value.
    pub(crate) constants: &'static [Constant],
}

/// What becomes of the keys that fit a pattern.
#[derive(Debug)]
pub(crate) struct KeyRule(pub(crate) &'static str, pub(crate) Action);

/// What is done with a tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// It fills the parameter as it is; axes of length 1 in front may be added or taken away.
    To(&'static str),
    /// It fills both parameters.
    ToBoth(&'static str, &'static str),
    /// It is a matrix that multiplies from the other side.
    Transposed(&'static str),
    /// It is one of three that lie in the parameter one below the other.
    #[cfg_attr(not(test), expect(dead_code, reason = "a source whose q, k, v are apart"))]
    Third(usize, &'static str),
    /// Its three thirds, one below the other, fill a parameter each; the fourth the first again.
    Thirds(&'static [&'static str]),
    /// Embeddings of places in a square grid behind that of the class token, resized where the grid
    /// is another one.
    Positions(&'static str),
    /// Embeddings of places in a square grid without a class token, resized where the grid is another one.
    Grid(&'static str),
    /// Embeddings of frames, resized where their number is another one.
    Times(&'static str),
    /// It is not needed, for this reason.
    Drop(&'static str),
    /// It belongs to the other encoder, whose table says what becomes of it.
    Elsewhere,
}

/// Parameters that are set to a number.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) parameter: &'static str,
    pub(crate) value: f32,
    pub(crate) reason: &'static str,
}

/// How a parameter is made from tensors of the checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe {
    /// Keys, in order.
    pub(crate) keys: Vec<String>,
    conversion: Conversion,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Conversion {
    Copy,
    Transpose,
    Third(usize),
    Stack,
    Positions,
    Grid,
    Times,
}

/// What a table says for the keys of one checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// By parameter.
    pub(crate) recipes: BTreeMap<String, Recipe>,
    /// Keys that are not needed, with the reason.
    pub(crate) dropped: Vec<(String, String)>,
    /// Keys that no rule knows.
    pub(crate) unknown: Vec<String>,
    /// Parameters that two keys fill.
    pub(crate) twice: Vec<String>,
}

impl KeyTable {
    /// What becomes of `keys`.
    pub(crate) fn plan<'a>(&self, keys: impl Iterator<Item = &'a String>) -> Plan {
        let mut plan = Plan::default();
        for key in keys {
            let Some((action, parts)) = self.rule(key) else {
                plan.unknown.push(key.clone());
                continue;
            };
            match action {
                Action::To(to) => plan.add(named(to, &parts), key, Conversion::Copy),
                Action::ToBoth(first, second) => {
                    plan.add(named(first, &parts), key, Conversion::Copy);
                    plan.add(named(second, &parts), key, Conversion::Copy);
                }
                Action::Transposed(to) => plan.add(named(to, &parts), key, Conversion::Transpose),
                Action::Thirds(targets) => {
                    for (i, to) in targets.iter().enumerate() {
                        plan.add(named(to, &parts), key, Conversion::Third(i % 3));
                    }
                }
                Action::Third(i, to) => plan.add_third(named(to, &parts), key, i),
                Action::Positions(to) => plan.add(named(to, &parts), key, Conversion::Positions),
                Action::Grid(to) => plan.add(named(to, &parts), key, Conversion::Grid),
                Action::Times(to) => plan.add(named(to, &parts), key, Conversion::Times),
                Action::Elsewhere => {}
                Action::Drop(reason) => plan.dropped.push((key.clone(), reason.into())),
            }
        }
        plan
    }

    /// What becomes of a key, and what the `{}` of its rule stand for.
    fn rule<'a>(&self, key: &'a str) -> Option<(Action, Vec<&'a str>)> {
        let key = self.prefix.and_then(|prefix| key.strip_prefix(prefix)).unwrap_or(key);
        self.rules
            .iter()
            .find_map(|KeyRule(pattern, action)| Some((*action, matched(pattern, key)?)))
    }

    /// The number that a parameter is set to, and why, where the checkpoint does not hold it.
    pub(crate) fn constant(&self, parameter: &str) -> Option<&'static Constant> {
        self.constants.iter().find(|constant| matched(constant.parameter, parameter).is_some())
    }

    /// How many of `keys` some rule knows.
    pub(crate) fn known<'a>(&self, keys: impl Iterator<Item = &'a String>) -> usize {
        keys.filter(|key| self.rule(key).is_some()).count()
    }
}

impl Plan {
    fn add(&mut self, parameter: String, key: &str, conversion: Conversion) {
        let recipe = Recipe { keys: vec![key.into()], conversion };
        if self.recipes.insert(parameter.clone(), recipe).is_some() {
            self.twice.push(parameter);
        }
    }

    /// The `i`-th of three tensors; the places of those still to come are empty.
    fn add_third(&mut self, parameter: String, key: &str, i: usize) {
        let recipe = self.recipes.entry(parameter).or_insert_with(|| Recipe {
            keys: vec![String::new(); 3],
            conversion: Conversion::Stack,
        });
        recipe.keys[i] = key.into();
    }
}

/// What became of the shape on the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Converted {
    /// Nothing but what the recipe says.
    AsItIs(NamedTensor),
    /// It was interpolated from another shape.
    Resized(NamedTensor, Vec<usize>),
    /// It does not fit; the shape it has.
    Misshapen(Vec<usize>),
}

impl Recipe {
    /// A shape of the checkpoint as it is in the parameter.
    pub(crate) fn turned(&self, shape: &[usize]) -> Vec<usize> {
        match self.conversion {
            Conversion::Transpose => shape.iter().rev().copied().collect(),
            _ => shape.to_vec(),
        }
    }

    /// The parameter's numbers.
    ///
    /// # Errors
    /// When a tensor cannot be read; the message names the key.
    pub(crate) fn make(
        &self,
        source: &StateDict,
        shape: &[usize],
    ) -> Result<Converted, ModelError> {
        let read = |key: &String| source.tensors[key].read(key);
        // Without numbers first: a tensor that does not fit is not read.
        let stored = |key: &String| source.tensors.get(key).map(|tensor| tensor.shape.clone());
        let Some(shapes) = self.keys.iter().map(stored).collect::<Option<Vec<_>>>() else {
            return Ok(Converted::Misshapen(Vec::new()));
        };
        let found = shapes[0].clone();
        Ok(match self.conversion {
            Conversion::Copy if without_ones(&found) == without_ones(shape) => {
                Converted::AsItIs(NamedTensor { shape: shape.to_vec(), ..read(&self.keys[0])? })
            }
            Conversion::Transpose if found.len() == 2 && [found[1], found[0]] == *shape => {
                Converted::AsItIs(transposed(&read(&self.keys[0])?))
            }
            Conversion::Third(i) if thirds(&found).as_deref() == Some(shape) => {
                let whole = read(&self.keys[0])?;
                let third = whole.values.len() / 3;
                let values = whole.values[i * third..(i + 1) * third].to_vec();
                Converted::AsItIs(NamedTensor { shape: shape.to_vec(), values })
            }
            Conversion::Stack if shapes.iter().all(|part| Some(part.clone()) == thirds(shape)) => {
                let mut values = Vec::with_capacity(shape.iter().product());
                for key in &self.keys {
                    values.extend(read(key)?.values);
                }
                Converted::AsItIs(NamedTensor { shape: shape.to_vec(), values })
            }
            Conversion::Positions | Conversion::Grid | Conversion::Times
                if without_ones(&found) == without_ones(shape) =>
            {
                Converted::AsItIs(NamedTensor { shape: shape.to_vec(), ..read(&self.keys[0])? })
            }
            Conversion::Positions | Conversion::Grid | Conversion::Times => {
                let resize = match self.conversion {
                    Conversion::Positions => resize_positions,
                    Conversion::Grid => resize_grid,
                    _ => resize_times,
                };
                match resize(&read(&self.keys[0])?, shape) {
                    Some(values) => {
                        Converted::Resized(NamedTensor { shape: shape.to_vec(), values }, found)
                    }
                    None => Converted::Misshapen(found),
                }
            }
            _ => Converted::Misshapen(found),
        })
    }
}

fn without_ones(shape: &[usize]) -> &[usize] {
    let ones = shape.iter().take_while(|axis| **axis == 1).count();
    &shape[ones..]
}

/// The shape of a third of the rows.
fn thirds(shape: &[usize]) -> Option<Vec<usize>> {
    let (first, rest) = shape.split_first()?;
    first.is_multiple_of(3).then(|| [&[first / 3], rest].concat())
}

fn transposed(tensor: &NamedTensor) -> NamedTensor {
    let [rows, columns] = [tensor.shape[0], tensor.shape[1]];
    let values = (0..columns)
        .flat_map(|column| (0..rows).map(move |row| tensor.values[row * columns + column]))
        .collect();
    NamedTensor { shape: vec![columns, rows], values }
}

/// What the `{}` of a pattern stand for in `key`, where it fits.
fn matched<'a>(pattern: &str, key: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = Vec::new();
    let mut rest = key.split('.');
    for piece in pattern.split('.') {
        if piece == "**" {
            return rest.next().map(|_| parts);
        }
        let part = rest.next()?;
        if piece == "{}" {
            parts.push(part);
        } else if piece != part {
            return None;
        }
    }
    rest.next().is_none().then_some(parts)
}

/// A pattern with its `{}` replaced.
fn named(pattern: &str, parts: &[&str]) -> String {
    let mut parts = parts.iter();
    let pieces = pattern.split('.').map(|piece| match piece {
        "{}" => parts.next().copied().expect("a rule has as many {} on both sides"),
        piece => piece,
    });
    pieces.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::weights::{NumberType, StoredTensor};

    const TABLE: KeyTable = KeyTable {
        prefix: Some("model."),
        rules: &[
            KeyRule("blocks.{}.norm.{}", Action::ToBoth("layer.{}.space.{}", "layer.{}.time.{}")),
            KeyRule("blocks.{}.q.weight", Action::Third(0, "layer.{}.qkv")),
            KeyRule("blocks.{}.k.weight", Action::Third(1, "layer.{}.qkv")),
            KeyRule("blocks.{}.v.weight", Action::Third(2, "layer.{}.qkv")),
            KeyRule("qkv", Action::Thirds(&["q", "k", "v"])),
            KeyRule("proj", Action::Transposed("projection.weight")),
            KeyRule("cls", Action::To("cls_token")),
            KeyRule("head.**", Action::Drop("another task")),
        ],
        constants: &[Constant { parameter: "layer.{}.zero", value: 0.0, reason: "at first" }],
    };

    fn source(tensors: &[(&str, &[usize])]) -> StateDict {
        let stored = |shape: &[usize]| {
            let bytes = (0..shape.iter().product::<usize>())
                .flat_map(|i| (i as f32).to_le_bytes())
                .collect::<Vec<u8>>();
            let read = move || Ok(bytes.clone());
            StoredTensor::new(Path::new("a"), shape.to_vec(), NumberType::F32, read)
        };
        let tensors = tensors.iter().map(|(key, shape)| ((*key).to_owned(), stored(shape)));
        StateDict { tensors: tensors.collect(), ..StateDict::default() }
    }

    #[test]
    fn a_plan_says_what_becomes_of_every_key() {
        let source = source(&[
            ("model.blocks.3.norm.bias", &[2]),
            ("head.weight", &[1]),
            ("head", &[1]),
            ("blocks.3.norm.bias.more", &[1]),
        ]);
        let plan = TABLE.plan(source.tensors.keys());
        assert_eq!(
            plan.recipes.keys().collect::<Vec<_>>(),
            ["layer.3.space.bias", "layer.3.time.bias"]
        );
        assert_eq!(plan.dropped, [("head.weight".to_owned(), "another task".to_owned())]);
        assert_eq!(plan.unknown, ["blocks.3.norm.bias.more", "head"]);
        assert_eq!(TABLE.known(source.tensors.keys()), 2);
        assert_eq!(TABLE.constant("layer.11.zero").map(|constant| constant.value), Some(0.0));
        assert!(TABLE.constant("layer.11.one").is_none());
    }

    #[test]
    fn tensors_are_stacked_split_and_turned() {
        let source = source(&[
            ("blocks.0.q.weight", &[1, 2]),
            ("blocks.0.k.weight", &[1, 2]),
            ("blocks.0.v.weight", &[1, 2]),
            ("qkv", &[6]),
            ("proj", &[2, 3]),
            ("cls", &[2]),
        ]);
        let plan = TABLE.plan(source.tensors.keys());
        let make = |parameter: &str, shape: &[usize]| match plan.recipes[parameter]
            .make(&source, shape)
            .unwrap()
        {
            Converted::AsItIs(tensor) => tensor.values,
            other => panic!("{other:?}"),
        };
        assert_eq!(make("layer.0.qkv", &[3, 2]), [0., 1., 0., 1., 0., 1.]);
        assert_eq!(make("k", &[2]), [2., 3.]);
        assert_eq!(make("v", &[2]), [4., 5.]);
        // Rows (0 1 2), (3 4 5) become columns.
        assert_eq!(make("projection.weight", &[3, 2]), [0., 3., 1., 4., 2., 5.]);
        assert_eq!(make("cls_token", &[1, 1, 2]), [0., 1.]);
    }

    #[test]
    fn what_does_not_fit_is_not_made_to_fit() {
        let source = source(&[("cls", &[2]), ("qkv", &[7]), ("blocks.0.q.weight", &[1, 2])]);
        let plan = TABLE.plan(source.tensors.keys());
        let make = |parameter: &str, shape: &[usize]| {
            plan.recipes[parameter].make(&source, shape).unwrap()
        };
        assert_eq!(make("cls_token", &[1, 1, 3]), Converted::Misshapen(vec![2]));
        assert_eq!(make("q", &[2]), Converted::Misshapen(vec![7]));
        // Two of the three are missing.
        assert_eq!(make("layer.0.qkv", &[3, 2]), Converted::Misshapen(vec![]));
    }
}
