//! Folders that a person may have meant by one that holds nothing: those beside it that do.

use std::path::{Path, PathBuf};

/// Folders that are named, at most.
const NAMED: usize = 3;

/// What is said of `wanted` when there is nothing in it to go on with: which of the folders beside it
/// (or beside the folder above, where that is not there either) has something, as `has` finds; a full
/// stop where none has.
pub fn did_you_mean(wanted: &Path, has: impl Fn(&Path) -> bool) -> String {
    let above = wanted
        .parent()
        .map(|above| if above.as_os_str().is_empty() { ".".as_ref() } else { above });
    let Some(above) = above else { return ".".to_owned() };
    let mut near: Vec<PathBuf> = folders_in(above).into_iter().filter(|path| has(path)).collect();
    if !above.exists() {
        let beside = above.parent().map_or(Path::new("."), |higher| {
            if higher.as_os_str().is_empty() { Path::new(".") } else { higher }
        });
        let inside = folders_in(beside).into_iter().flat_map(|folder| folders_in(&folder));
        near.extend(inside.filter(|path| has(path)));
    }
    let wanted = shown(wanted);
    near.sort_by_key(|path| (strsim::damerau_levenshtein(&shown(path), &wanted), path.clone()));
    let names: Vec<String> = near.iter().take(NAMED).map(|path| shown(path)).collect();
    if names.is_empty() {
        ".".to_owned()
    } else {
        format!("; did you mean {}?", names.join(" or "))
    }
}

fn folders_in(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect()
}

/// A path as a person types it.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_is_spelled_most_alike_is_named_first_and_empty_ones_never() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        for name in ["mine", "other", "empty"] {
            std::fs::create_dir_all(runs.join(name)).unwrap();
        }
        for name in ["mine", "other"] {
            std::fs::write(runs.join(name).join("run.toml"), "").unwrap();
        }
        let said = |wanted: &Path| did_you_mean(wanted, |path| path.join("run.toml").is_file());
        let (mine, other) = (runs.join("mine"), runs.join("other"));
        let both = format!("; did you mean {} or {}?", mine.display(), other.display());
        assert_eq!(said(&runs.join("mien")), both);
        assert!(!said(&runs.join("else")).contains("empty"));
        assert_eq!(said(&folder.path().join("run/mine")), both, "the folder above is misspelt");
        assert_eq!(said(&runs.join("mine/deeper")), ".");
    }
}
