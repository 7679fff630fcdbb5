//! What only the synthetic corpus can be asked: a held-out split measured whole, with oracles and action
//! choice, and the examples that the page shows.
//!
//! | module | idea |
//! |---|---|
//! | [`evaluation`] | a held-out split, measured whole |
//! | [`warp_similarity`] | projection similarity of a split (fig. 5c) |
//! | [`example_choice`], [`still`] | which queries are shown, and frames for figures |
//! | [`summary`] | what stands in `summary.json` |

pub mod evaluation;
pub mod example_choice;
pub mod still;
pub mod summary;
pub mod warp_similarity;
