//! What only the synthetic corpus can be asked: a held-out split measured whole, with oracles and action
//! choice, and the examples that the page shows.
//!
//! | module | idea |
//! |---|---|
//! | `evaluation` | a held-out split, measured whole |
//! | `warp_similarity` | projection similarity of a split (fig. 5c) |
//! | `example_choice`, `still` | which queries are shown, and frames for figures |
//! | `summary` | what stands in `summary.json` |

mod evaluation;
mod example_choice;
mod still;
mod summary;
mod warp_similarity;

pub use evaluation::{EmbeddedSplit, EmbeddedVideo, SkippedVideo, SplitResults};
pub use example_choice::{AnsweredQuery, ChosenExample, answer_all, at_quantiles};
pub use still::middle_frames;
pub use summary::{RunSummary, SplitSummaries, SplitSummary, StageSeconds};
pub use warp_similarity::{WarpSimilaritySettings, warp_similarities};
