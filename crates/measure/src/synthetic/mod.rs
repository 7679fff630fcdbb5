//! What can be measured on the synthetic corpus alone, because it knows the truth of every frame.
//!
//! | name | idea |
//! |---|---|
//! | [`references()`], [`oracle()`] | grounding by one who knows a part of the truth |
//! | [`action_choice()`] | which action word fits an event, the rest of it being given |

mod action_choice;
mod oracles;

pub use action_choice::{ActionChoice, ActionScores, action_choice};
pub use oracles::{ClippedVideo, KnownAttributes, References, oracle, oracle_scores, references};
