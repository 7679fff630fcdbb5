//! What can go wrong while a head learns.

use std::path::PathBuf;

use locvtp_model::weights::LoadReport;

/// Why a fit cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A loss is infinite or not a number.
    #[error(
        "seed {seed}, step {step}: the loss is {loss} or its gradient is not finite; lower \
         `training.optimizer.learning_rate`, or set `training.optimizer.gradient_clip`"
    )]
    Diverged {
        /// The seed.
        seed: u64,
        /// The step, from 0.
        step: u64,
        /// The loss.
        loss: f64,
    },
    /// What a fit left on disk cannot be used.
    #[error(
        "{path}: is damaged: {damage}; remove the folder around it and train again",
        path = path.display()
    )]
    DamagedState {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        damage: StateDamage,
    },
}

/// What is wrong with what a fit left on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateDamage {
    /// The JSON is cut off or no state.
    #[error("it does not parse: {0}")]
    Syntax(serde_json::Error),
    /// The bytes are others than those that were written.
    #[error("it is not what was written")]
    Checksum,
    /// The parameters are not those of the head.
    #[error("{0}")]
    Parameters(Box<LoadReport>),
}
