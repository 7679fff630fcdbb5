//! 2D-TAN: a map of all moments, a sentence laid over it, and convolutions among neighbouring
//! moments.
//!
//! ```text
//! clips [256, d] ──▶ frames [N, h] ──▶ moments [cells, h] ──┐
//!                                                           ├─▶ fusion ─▶ L convolutions ─▶ scores [cells]
//! words [n, w] ──▶ LSTM ──▶ sentence [h] ───────────────────┘
//! ```
//!
//! | module | idea |
//! |---|---|
//! | `config` | sizes, and the three data sets' presets |
//! | `moment_map` | which moments there are, and which see which |
//! | `network` | from clips and words to a score of every moment |
//! | `targets` | scaled IoU as what is learned, and its loss |
//! | `proposals` | from scores to moments in seconds |
//! | `learner` | how it is trained and measured |
//!
//! The map is held as the list of its cells, never as a square: see
//! [`CellMap`](locvtp_model::ops::CellMap). Paper: Zhang et al., arXiv:1912.03590; `paper.md` D.1.

mod config;
mod learner;
mod moment_map;
mod network;
mod proposals;
mod targets;

pub use config::{Proposals, TanConfig};
pub use learner::TanLearner;
pub use moment_map::MomentMap;
pub use network::TwoDTan;
pub use proposals::best_moments;
pub use targets::{overlaps, scaled_iou_loss, targets};
