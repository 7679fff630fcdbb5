//! What can go wrong when features are extracted.

use std::path::PathBuf;

use locvtp_video::TimeSpan;

/// Why features of videos cannot be extracted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// No file is called as a pattern says.
    #[error("{pattern}: no file is called so; check the pattern, and put it in quotes")]
    NoSuchPattern {
        /// The pattern.
        pattern: String,
    },
    /// Two videos have the same name.
    #[error(
        "two videos are called {id:?}: {first} and {second}; {advice}",
        first = first.display(),
        second = second.display()
    )]
    SameName {
        /// The name.
        id: String,
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
        /// The way out.
        advice: &'static str,
    },
    /// A feature is NaN or infinite.
    #[error(
        "{path}: the features of the clip at {span} are not finite numbers; the model's weights are \
         damaged, or their training broke down",
        path = path.display()
    )]
    NotFinite {
        /// The video.
        path: PathBuf,
        /// The first clip of those that were pushed together.
        span: TimeSpan,
    },
}
