//! From the keys of a checkpoint to the parameters of one encoder, with the account of both.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::import_report::{Explained, PartReport, Resized};
use super::key_table::{Converted, KeyTable, Plan};
use super::named::NamedTensor;
use super::source::Source;
use crate::ModelError;

/// The encoders of a checkpoint, with what its table says for its keys.
pub(super) struct Planned<'a> {
    pub(super) source: &'a Source,
    pub(super) table: &'static KeyTable,
    pub(super) plan: Plan,
}

/// An encoder that is being filled, and what became of its parameters so far.
pub(super) struct Filling<'a> {
    planned: &'a Planned<'a>,
    report: PartReport,
    used: Vec<&'a str>,
    missing: Vec<String>,
    misshapen: Vec<String>,
}

impl<'a> Filling<'a> {
    pub(super) fn new(planned: &'a Planned<'a>) -> Self {
        let state = &planned.source.state;
        let types = state.number_types().into_iter();
        let report = PartReport {
            from: planned.source.row.name.into(),
            files: state.files.clone(),
            number_types: types.map(|(name, count)| (name.to_string(), count)).collect(),
            skipped_calls: state.skipped_calls.clone(),
            ..PartReport::default()
        };
        Self { planned, report, used: Vec::new(), missing: Vec::new(), misshapen: Vec::new() }
    }

    /// The numbers of the parameter `name`, which its encoder calls by what stands behind its kind.
    pub(super) fn parameter(
        &mut self,
        name: &str,
        shape: &[usize],
    ) -> Result<Option<NamedTensor>, ModelError> {
        let local = name.split_once('.').map_or(name, |(_, local)| local);
        if let Some((local, recipe)) = self.planned.plan.recipes.get_key_value(local) {
            self.used.push(local);
            let resized = |from| Resized { parameter: name.into(), from, to: shape.to_vec() };
            return Ok(match recipe.make(&self.planned.source.state, shape)? {
                Converted::AsItIs(tensor) => {
                    self.report.filled.push(name.into());
                    Some(tensor)
                }
                Converted::Resized(tensor, from) => {
                    self.report.filled.push(name.into());
                    self.report.resized.push(resized(from));
                    Some(tensor)
                }
                Converted::Misshapen(found) => {
                    let keys = recipe.keys.join(" + ");
                    self.misshapen.push(format!("{keys}: {found:?} instead of {shape:?}"));
                    None
                }
            });
        }
        let Some(constant) = self.planned.table.constant(local) else {
            self.missing.push(name.into());
            return Ok(None);
        };
        explain(&mut self.report.set, name, constant.reason);
        let values = vec![constant.value; shape.iter().product()];
        Ok(Some(NamedTensor { shape: shape.to_vec(), values }))
    }

    /// The report, or what is wrong.
    pub(super) fn finish(mut self) -> Result<PartReport, ModelError> {
        let plan = &self.planned.plan;
        for (key, reason) in &plan.dropped {
            explain(&mut self.report.dropped, key, reason);
        }
        for key in &self.planned.source.state.beside {
            explain(&mut self.report.dropped, key, "it lies beside the model: training's state");
        }
        // A key that fills several parameters is used by any of them.
        let used = &self.used;
        let keys = |taken: bool| {
            let recipes = plan.recipes.iter();
            let recipes = recipes.filter(|(name, _)| used.contains(&&name[..]) == taken);
            recipes.flat_map(|(_, recipe)| recipe.keys.iter()).collect::<BTreeSet<&String>>()
        };
        let (taken, left) = (keys(true), keys(false));
        let mut unused: Vec<String> = left.difference(&taken).map(|key| (*key).clone()).collect();
        unused.extend(plan.unknown.iter().cloned());
        unused.retain(|key| !key.is_empty());
        let problems = [
            ("parameters that no key fills", &self.missing),
            ("keys that no parameter takes", &unused),
            ("tensors of another shape", &self.misshapen),
            ("parameters that two keys fill", &plan.twice),
        ];
        let mut text = String::new();
        for (what, names) in problems.into_iter().filter(|(_, names)| !names.is_empty()) {
            let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let more = if names.len() > 3 { ", …" } else { "" };
            let _ = write!(text, "; {} {what} ({shown}{more})", names.len());
        }
        if text.is_empty() {
            return Ok(self.report);
        }
        let source = self.planned.source;
        let kind = source.row.name;
        let way_out = source.looks_like_another().unwrap_or_else(|| {
            "take the whole checkpoint of this model, with its own config.json beside it".to_owned()
        });
        let reason = format!("it does not fill a model as {kind}{text}");
        Err(ModelError::ForeignWeights { path: source.path().into(), reason, way_out })
    }
}

/// Adds a name to those that the same is true for.
fn explain(all: &mut Vec<Explained>, name: &str, reason: &str) {
    match all.iter_mut().find(|explained| explained.reason == reason) {
        Some(explained) => explained.names.push(name.into()),
        None => all.push(Explained { names: vec![name.into()], reason: reason.into() }),
    }
}
