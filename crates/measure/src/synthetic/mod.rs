//! What can be measured on the synthetic corpus alone, because it knows the truth of every frame.
//!
//! | module | idea |
//! |---|---|
//! | [`oracles`] | grounding by one who knows a part of the truth |
//! | [`mod@action_choice`] | which action word fits an event, the rest of it being given |

pub mod action_choice;
pub mod oracles;
