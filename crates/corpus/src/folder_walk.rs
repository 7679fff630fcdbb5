//! All files under a folder.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Folders below folders are looked into this far; links may lead in circles.
pub(crate) const DEPTH: usize = 6;

/// Hands out every file under `dir`. A link to a folder that it lies in is not followed: all there is handed out
/// already. Hidden folders are passed over.
///
/// # Errors
/// When the folder cannot be read; folders below it that cannot be read are passed over.
pub(crate) fn walk(dir: &Path, depth: usize, each: &mut dyn FnMut(PathBuf)) -> std::io::Result<()> {
    walk_on(dir, depth, &mut Vec::new(), each)
}

/// The same, in these folders, each by its device and number.
fn walk_on(
    dir: &Path,
    depth: usize,
    above: &mut Vec<(u64, u64)>,
    each: &mut dyn FnMut(PathBuf),
) -> std::io::Result<()> {
    let about = std::fs::metadata(dir)?;
    let own = (about.dev(), about.ino());
    if above.contains(&own) {
        return Ok(());
    }
    above.push(own);
    let walked = walk_entries(dir, depth, above, each);
    above.pop();
    walked
}

fn walk_entries(
    dir: &Path,
    depth: usize,
    above: &mut Vec<(u64, u64)>,
    each: &mut dyn FnMut(PathBuf),
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if depth > 0 && !is_hidden {
                let _ = walk_on(&path, depth - 1, above, each);
            }
        } else {
            each(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn hidden_folders_and_links_to_a_folder_around_them_are_not_followed_and_other_links_are() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["a", "b", ".hidden"] {
            std::fs::create_dir(place(name)).unwrap();
        }
        std::fs::write(place("a/one"), "").unwrap();
        std::fs::write(place("b/two"), "").unwrap();
        std::fs::write(place(".hidden/three"), "").unwrap();
        for (target, link) in [(".", "itself"), ("..", "a/up"), ("../a", "b/beside")] {
            symlink(target, place(link)).unwrap();
        }
        let mut found = Vec::new();
        walk(folder.path(), DEPTH, &mut |path| {
            found.push(path.strip_prefix(folder.path()).unwrap().display().to_string());
        })
        .unwrap();
        found.sort();
        assert_eq!(found, ["a/one", "b/beside/one", "b/two"]);
    }
}
