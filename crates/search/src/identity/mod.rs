//! Which video a file is: its content, not its path.
//!
//! - [`ContentIdentity`]: a file's size, a hash of its head, middle and tail, and one of the whole
//! - [`whole_hash`]: the hash of a whole file, read once for each state that it is in
//! - [`FileNow`]: whether a file is still the one that was indexed
//! - [`walk`]: the videos of a folder, each with what the file system says of it
//! - [`plan`]: what is new, moved, changed, missing or still being written, beside what is known

mod content;
mod file_now;
mod known;
mod plan;
mod recognition;
mod walk;
mod whole_hash;

pub use content::ContentIdentity;
pub use file_now::FileNow;
pub use known::{FileId, Known, KnownPath};
pub use plan::{Candidate, Copied, Moved, Plan, PlanSettings, Unreadable, plan};
pub use recognition::ReadWhole;
pub use walk::{FolderWalk, Look, NO_MEDIA, look_at, shown_place, walk};
pub use whole_hash::whole_hash;
