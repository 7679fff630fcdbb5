//! What a file beside a checkpoint says of its sizes, against the tensors.

use serde_json::Value;

use super::source::Source;
use crate::ModelError;

/// Refuses a `config.json` that asks for a variant that is not built here.
pub(crate) fn check_setting(
    source: &Source,
    key: &str,
    said: &Value,
    expected: &str,
) -> Result<(), ModelError> {
    match said.as_str() {
        Some(found) if found != expected => Err(ModelError::ForeignWeights {
            path: source.folder.join("config.json"),
            reason: format!("`{key}` is {found:?}, and only {expected:?} is built here"),
            way_out: "take a checkpoint of that variant".into(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a `config.json` (or another `who`) that speaks of other sizes than the tensors have: it is
/// another model's, and what it alone says (the heads) would be wrong too.
pub(crate) fn check_sizes(
    source: &Source,
    who: &str,
    json: &Value,
    sizes: &[(&str, usize)],
) -> Result<(), ModelError> {
    let other = sizes.iter().find_map(|(key, found)| {
        let said = json[*key].as_u64()?;
        (said != *found as u64).then_some((key, said, found))
    });
    let Some((key, said, found)) = other else { return Ok(()) };
    let beside = if who.starts_with("--") { "" } else { " beside it" };
    Err(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: format!("its tensors have `{key}` {found}, and {who}{beside} says {said}"),
        way_out: "give what belongs to the same model, or leave it away and say --heads".into(),
    })
}

/// Refuses heads that cannot share a width evenly.
pub(crate) fn even_heads(
    source: &Source,
    heads: usize,
    width: usize,
    who: &str,
) -> Result<(), ModelError> {
    if heads > 0 && width.is_multiple_of(heads) {
        return Ok(());
    }
    Err(ModelError::ForeignWeights {
        path: source.path().into(),
        reason: format!(
            "{who} says {heads} attention heads, which cannot share its width of {width} evenly"
        ),
        way_out: "correct the number there".into(),
    })
}
