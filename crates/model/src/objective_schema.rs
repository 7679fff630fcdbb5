//! The schema of the section `objective`: a schedule, and a weight a term under the term's name.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::loss::{LossWeights, Term};
use crate::objective::{Objective, WeightSchedule};

impl JsonSchema for Objective {
    fn schema_name() -> Cow<'static, str> {
        "Objective".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = WeightSchedule::json_schema(generator);
        let schedules = schema.get_mut("oneOf").and_then(Value::as_array_mut);
        for schedule in schedules.into_iter().flatten() {
            let is_weighted = schedule["properties"]["schedule"]["const"] == "weighted";
            // What the other schedules weigh `L_c` with, they know.
            let terms = Term::ALL.into_iter().filter(|term| is_weighted || *term != Term::Coarse);
            for term in terms {
                schedule["properties"][term.name()] = weight(term);
            }
            schedule["additionalProperties"] = false.into();
        }
        schema
    }
}

fn weight(term: Term) -> Value {
    json!({
        "type": "number",
        "minimum": 0,
        "description": format!("Weight of `{}`: {}.", term.symbol(), term.meaning()),
        "default": LossWeights::default()[term],
    })
}
