//! The ending of a file's name, whatever its case.

use std::path::Path;

/// Whether the file's name ends in one of these, which are without their point.
pub(crate) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    endings.iter().any(|known| known.eq_ignore_ascii_case(ending))
}
