//! One point of a curve over the steps of a run.

use serde::{Deserialize, Serialize};

/// A value at a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Optimiser step.
    pub step: u64,
    /// The value there.
    pub value: f64,
}
