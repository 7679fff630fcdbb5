//! The tasks that a file can be of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which task a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskKind {
    /// Find the video of a text, and back.
    Retrieval,
    /// Find the moment of a sentence.
    Grounding,
    /// Find the steps of a task, in order.
    Steps,
    /// Name the action of every second.
    Segmentation,
    /// In which order do clips come?
    OrderProbe,
    /// How far apart are two clips?
    DistanceProbe,
}

impl TaskKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Retrieval,
        Self::Grounding,
        Self::Steps,
        Self::Segmentation,
        Self::OrderProbe,
        Self::DistanceProbe,
    ];

    /// Its name in a file, as `order_probe`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retrieval => "retrieval",
            Self::Grounding => "grounding",
            Self::Steps => "steps",
            Self::Segmentation => "segmentation",
            Self::OrderProbe => "order_probe",
            Self::DistanceProbe => "distance_probe",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_called_as_a_file_calls_it() {
        let schema = locvtp_train::settings_schema::<TaskKind>();
        let names = schema["oneOf"].as_array().unwrap().iter().map(|name| name["const"].as_str());
        let names: Vec<&str> = names.flatten().collect();
        assert_eq!(TaskKind::ALL.map(TaskKind::name), names[..]);
    }
}
