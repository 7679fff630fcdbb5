//! What a task is given: clip features, words and texts, and whose they are.
//!
//! | module | idea |
//! |---|---|
//! | `feature_section` | the clip features that a task asks for |
//! | `found_features`, `clip_features` | what there is of them; the features themselves |
//! | `feature_maker` | the model that makes those that are not there |
//! | `feature_names` | what videos are called in a feature file |
//! | `short_features` | videos whose features are cut off |
//! | `per_second` | one feature for every second |
//! | `label_texts` | texts of labels in the joint space |
//! | `origin` | whose features and words they are |

pub(crate) mod clip_features;
mod feature_maker;
mod feature_names;
pub(crate) mod feature_section;
pub(crate) mod found_features;
pub(crate) mod input_error;
pub(crate) mod label_texts;
pub(crate) mod origin;
pub(crate) mod per_second;
pub(crate) mod short_features;

pub use clip_features::ClipFeatures;
pub use feature_section::FeatureSection;
pub use found_features::FoundFeatures;
pub use input_error::InputError;
pub use origin::{FeatureOrigin, Inputs, Origin, WordOrigin};
