//! All files under a folder.

use std::path::{Path, PathBuf};

/// Folders below folders are looked into this far; links may lead in circles.
pub(crate) const DEPTH: usize = 6;

/// Hands out every file under `dir`. Hidden folders are passed over, and links to a folder that they lie in.
///
/// # Errors
/// When the folder cannot be read; folders below it that cannot be read are passed over.
pub(crate) fn walk(dir: &Path, depth: usize, each: &mut dyn FnMut(PathBuf)) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if depth > 0 && !is_hidden && !(kind.is_symlink() && leads_in_a_circle(dir, &path)) {
                let _ = walk(&path, depth - 1, each);
            }
        } else {
            each(path);
        }
    }
    Ok(())
}

/// Whether a link in a folder leads to that or to one that it lies in.
fn leads_in_a_circle(folder: &Path, link: &Path) -> bool {
    match (folder.canonicalize(), link.canonicalize()) {
        (Ok(folder), Ok(target)) => folder.starts_with(target),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_folders_and_circles_are_passed_over_and_other_links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["corpus/.locvtp", "corpus/sub", "elsewhere"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["corpus/.locvtp/a", "corpus/sub/b", "corpus/.c", "elsewhere/d"] {
            std::fs::write(at(name), "").unwrap();
        }
        for (link, target) in [("self", "corpus"), ("sub/up", "corpus"), ("link", "elsewhere")] {
            std::os::unix::fs::symlink(at(target), at("corpus").join(link)).unwrap();
        }
        let mut found = Vec::new();
        walk(&at("corpus"), DEPTH, &mut |path| {
            found.push(path.strip_prefix(folder.path()).unwrap().to_owned());
        })
        .unwrap();
        found.sort();
        assert_eq!(found, ["corpus/.c", "corpus/link/d", "corpus/sub/b"].map(PathBuf::from));
    }
}
