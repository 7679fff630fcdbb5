//! CLIP: an image tower and a text tower with a joint space of their own.
//!
//! Paper: §A.3 of our specification (starting from CLIP raises LocVTP's results; how it sees time
//! there is not told); Radford et al., arXiv:2103.00020. Reference: Hugging Face's `CLIPModel`,
//! whose parameter names the fields carry and whose numbers the goldens hold. Each tower ends with
//! CLIP's own projection; LocVTP's heads stand behind them (`projection.kind = "identity"` adds
//! none).

pub(crate) mod attention;
mod checkpoint_sizes;
mod config;
pub(crate) mod cost;
pub(crate) mod hugging_face_checkpoint;
pub(crate) mod layer;
pub(crate) mod openai_checkpoint;
mod temporal;
mod text;
mod vision;

pub use config::{Activation, ClipTextConfig, ClipTime, ClipVisionConfig};
pub use text::ClipText;
pub use vision::ClipVision;
