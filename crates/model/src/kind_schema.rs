//! The schema of a section whose `kind` says what it configures.

use schemars::Schema;
use serde_json::Value;

/// A section without a `kind` is of the first kind, as `KindSection` reads it.
pub(crate) fn without_kind_the_first(schema: &mut Schema) {
    let first = schema.get_mut("oneOf").and_then(|kinds| kinds.get_mut(0));
    if let Some(Value::Array(required)) = first.and_then(|first| first.get_mut("required")) {
        required.retain(|key| key != "kind");
    }
}
