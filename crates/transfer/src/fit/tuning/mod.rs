//! What tasks share that tune a whole model and not a head on frozen features.
//!
//! | module | idea |
//! |---|---|
//! | [`batches_ahead`] | the batches of a fit, decoded ahead on threads |
//! | [`unreadable`] | samples that cannot be decoded, and others in their place |
//! | [`tuned_model`] | a model directory whose weights learn |

pub mod batches_ahead;
pub mod tuned_model;
pub mod unreadable;

pub use batches_ahead::BatchesAhead;
pub use tuned_model::TunedModel;
pub use unreadable::Unreadable;
