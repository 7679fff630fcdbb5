//! Which video a file is: its content, not its path.
//!
//! - [`ContentIdentity`]: a file's size, and a hash of its head, middle and tail
//! - [`FileNow`]: whether a file is still the one that was indexed
//! - [`walk`]: the videos of a folder, each with what the file system says of it
//! - [`plan`]: what is new, moved, changed, missing or still being written, beside what is known

mod content;
mod file_now;
mod plan;
mod walk;

pub use content::{ContentIdentity, hash_whole};
pub use file_now::FileNow;
pub use plan::{Candidate, FileId, Known, KnownPath, Moved, Plan, PlanSettings, Unreadable, plan};
pub use walk::{FolderWalk, Look, look_at, shown_place, walk};
