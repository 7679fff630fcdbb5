//! Inner loops over slices of `f32`, written so that the compiler turns them into vector
//! instructions.
//!
//! Results do not depend on the number of threads: work is cut into pieces of fixed size and
//! partial sums are added in order. They may differ in the last bit between processors, because
//! each uses its widest fused multiply-add.

pub(crate) mod additive_scores;
pub(crate) mod attention;
pub(crate) mod cell_convolution;
pub(crate) mod contrast;
pub(crate) mod elementary;
pub(crate) mod fresh;
pub(crate) mod gelu;
pub(crate) mod gelu_tanh;
pub(crate) mod gru_cell;
pub(crate) mod layer_norm;
pub(crate) mod lstm_cell;
pub(crate) mod matrix;
pub(crate) mod quick_gelu;
pub(crate) mod recurrence;
pub(crate) mod unit_rows;
pub(crate) mod window_attention;

/// Rows that one task takes at a time; a multiple keeps partial sums the same for any number of
/// threads.
pub(crate) const ROWS_PER_TASK: usize = 128;
