//! Every operation that has, or may get, a kernel of its own: one function each, one file each.
//!
//! The heavy ones have two bodies. On the CPU in `f32` they run a fused kernel with a handwritten
//! backward (`kernel`), because there the engine's composed operations spend most of a small
//! model's step on allocation and tiny matrix products. Everywhere else (a GPU, `f64`, gradient
//! checkpointing) they compose the engine's own operations. The two bodies are tested against each
//! other, so a caller never needs to know which one ran.

mod additive_scores;
mod attention;
mod cell_convolution;
mod chosen_rows;
mod composed_contrast;
mod contrast;
mod contrast_data;
mod cpu;
mod gelu;
mod gelu_tanh;
mod kernel;
mod layer_norm;
mod linear;
mod normalise;
mod quick_gelu;
mod recurrence;
#[cfg(test)]
mod testing;
mod unit_rows;

pub use additive_scores::additive_scores;
pub use attention::{Sequences, attention};
pub use cell_convolution::{Cell, CellMap, cell_convolution};
pub(crate) use chosen_rows::ChosenRows;
pub use contrast::contrast;
pub use contrast_data::{Anchor, ContrastChoices, Contrasted};
pub use gelu::gelu;
pub use gelu_tanh::gelu_tanh;
pub use layer_norm::layer_norm;
pub use linear::{linear, linear_residual};
pub use normalise::l2_normalise;
pub use quick_gelu::quick_gelu;
pub use recurrence::{Direction, RecurrentWeights, gru, lstm};
pub use unit_rows::unit_rows;
