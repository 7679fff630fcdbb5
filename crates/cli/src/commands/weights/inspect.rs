//! `locvtp weights inspect`: what a file of weights holds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use locvtp_model::weights::SourceKind;
use locvtp_model::weights::{StateDict, StoredTensor};
use locvtp_video::counted::counted;
use serde_json::{Value, json};

use crate::table::{Column, Table, fact_lines};
use crate::{Outcome, output};

/// `locvtp weights inspect`
#[derive(Debug, ClapArgs)]
pub(crate) struct InspectWeights {
    /// Files of one checkpoint, or the folder they lie in
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// List every key; layers with the same shapes are one line otherwise
    #[arg(long)]
    pub(crate) all: bool,
    /// Read the tensors of a pickle that asks to call what is no plain data; nothing is called
    #[arg(long)]
    pub(crate) skip_calls: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &InspectWeights) -> anyhow::Result<Outcome> {
    let state = open(&args.files, args.skip_calls)?;
    if args.json {
        output::json(&as_json(&state))?;
    } else {
        output::text(&text(&state, args.all))?;
    }
    Ok(Outcome::Done)
}

/// All files as one checkpoint, its keys as they stand there.
pub(crate) fn open(files: &[PathBuf], skip_calls: bool) -> anyhow::Result<StateDict> {
    let mut state = StateDict::default();
    for file in files {
        state.extend(StateDict::open_wrapped(file, skip_calls)?)?;
    }
    Ok(state)
}

pub(crate) fn as_json(state: &StateDict) -> Value {
    let unwrapped = state.clone().unwrapped();
    let tensors = state.tensors.iter().map(|(key, tensor)| {
        let facts = json!({
            "shape": tensor.shape,
            "number_type": tensor.number_type.to_string(),
            "file": tensor.path,
        });
        (key.clone(), facts)
    });
    json!({
        "kind_of_checkpoint": SourceKind::guess(&unwrapped).map(SourceKind::name),
        "files": state.files,
        "numbers": state.num_elements(),
        "wrappers": unwrapped.wrappers,
        "beside": unwrapped.beside,
        "skipped_calls": state.skipped_calls,
        "tensors": tensors.collect::<serde_json::Map<_, _>>(),
    })
}

/// The facts in front of the list of keys.
pub(crate) fn facts(state: &StateDict) -> Vec<(&'static str, String)> {
    let unwrapped = state.clone().unwrapped();
    let kind = match SourceKind::guess(&unwrapped) {
        Some(kind) => format!("{0}: import it with --from {0}", kind.name()),
        None => "of no kind that can be imported".into(),
    };
    let types = state.number_types();
    let types: Vec<String> = types.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let mut facts = vec![
        ("looks like", kind),
        ("tensors", format!("{} ({})", state.tensors.len(), types.join(", "))),
        ("numbers", format!("{:.2} million", state.num_elements() as f64 / 1e6)),
    ];
    if state.files.len() > 1 {
        facts.push(("files", state.files.len().to_string()));
    }
    if !unwrapped.wrappers.is_empty() {
        facts.push(("nested under", unwrapped.wrappers.concat().trim_end_matches('.').into()));
    }
    if !unwrapped.beside.is_empty() {
        facts.push((
            "beside it",
            format!("{} of training's state", counted(unwrapped.beside.len(), "tensor")),
        ));
    }
    if !state.skipped_calls.is_empty() {
        facts.push(("not called", state.skipped_calls.join(", ")));
    }
    facts
}

fn text(state: &StateDict, all: bool) -> String {
    let name = state.files.first().map(|file| file.display().to_string()).unwrap_or_default();
    let mut lines = vec![name];
    lines.extend(fact_lines(facts(state)));
    let mut table = Table::new([Column::words(0), Column::words(4), Column::words(0)]);
    for (key, shape, numbers) in rows(state, all) {
        table.row([key, numbers, shape]);
    }
    lines.push(String::new());
    lines.extend(table.lines("  ").into_iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

/// Key, shape and number type; layers that differ in their number alone are one row.
fn rows(state: &StateDict, all: bool) -> Vec<(String, String, String)> {
    let row = |key: String, tensor: &StoredTensor| {
        (key, format!("{:?}", tensor.shape), tensor.number_type.to_string())
    };
    if all {
        return state.tensors.iter().map(|(key, tensor)| row(key.clone(), tensor)).collect();
    }
    let mut groups = BTreeMap::<_, Vec<usize>>::new();
    for (key, tensor) in &state.tensors {
        let (pattern, number) = first_number(key);
        groups.entry(row(pattern, tensor)).or_default().extend(number);
    }
    let named = groups.into_iter().map(|((pattern, shape, numbers), mut layers)| {
        layers.sort_unstable();
        let layers = match layers[..] {
            [] => String::new(),
            [only] => only.to_string(),
            [first, .., last] if last - first + 1 == layers.len() => format!("{{{first}..{last}}}"),
            _ => {
                let all: Vec<String> = layers.iter().map(usize::to_string).collect();
                format!("{{{}}}", all.join(","))
            }
        };
        (pattern.replacen("{}", &layers, 1), shape, numbers)
    });
    named.collect()
}

/// A key with `{}` in the place of the first part that is a number, and that number.
fn first_number(key: &str) -> (String, Option<usize>) {
    let mut number = None;
    let parts = key.split('.').map(|part| match part.parse() {
        Ok(found) if number.is_none() => {
            number = Some(found);
            "{}"
        }
        _ => part,
    });
    (parts.collect::<Vec<_>>().join("."), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_of_a_key_is_its_layer() {
        assert_eq!(first_number("blocks.11.mlp.0.bias"), ("blocks.{}.mlp.0.bias".into(), Some(11)));
        assert_eq!(first_number("norm1.bias"), ("norm1.bias".into(), None));
    }
}
