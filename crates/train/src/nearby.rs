//! Folders that a person may have meant by one that holds nothing: those beside it that do.

use std::path::{Path, PathBuf};

/// Folders that are named, at most.
const NAMED: usize = 3;

/// What is said of `wanted` when there is nothing in it to go on with: which of the folders beside it
/// (or beside the folder above, where that is not there either) has something, as `has` finds.
///
/// Those that are spelled alike are asked about. Where none is, it is said that `what` ("a model") is in
/// those beside it. A full stop where there are none.
pub fn did_you_mean(wanted: &Path, what: &str, has: impl Fn(&Path) -> bool) -> String {
    let Some(above) = wanted.parent().map(here_if_empty) else { return ".".to_owned() };
    let mut found: Vec<PathBuf> = folders_in(above).into_iter().filter(|path| has(path)).collect();
    let is_beside = !found.is_empty();
    if !above.exists() {
        let beside = above.parent().map_or(Path::new("."), here_if_empty);
        let inside = folders_in(beside).into_iter().flat_map(|folder| folders_in(&folder));
        found.extend(inside.filter(|path| has(path)));
    }
    let wanted = shown(wanted);
    let apart = |path: &Path| strsim::damerau_levenshtein(&shown(path), &wanted);
    found.sort_by_key(|path| (apart(path), path.clone()));
    let named = |paths: &[PathBuf]| {
        let names: Vec<String> = paths.iter().take(NAMED).map(|path| shown(path)).collect();
        names.join(" or ")
    };
    // A third of the name may be spelled otherwise; the folders before it mostly are alike.
    let name_len = Path::new(&wanted).file_name().map_or(0, |name| name.len());
    let alike = found.iter().take_while(|path| apart(path) <= 1 + name_len / 3).count();
    match (alike, is_beside) {
        (0, false) => ".".to_owned(),
        (0, true) => format!("; {what} is in {}.", named(&found)),
        (alike, _) => format!("; did you mean {}?", named(&found[..alike])),
    }
}

fn here_if_empty(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
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
    fn a_folder_that_is_spelled_alike_is_asked_about_and_others_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        for name in ["mine", "other", "empty"] {
            std::fs::create_dir_all(runs.join(name)).unwrap();
        }
        for name in ["mine", "other"] {
            std::fs::write(runs.join(name).join("run.toml"), "").unwrap();
        }
        let has = |path: &Path| path.join("run.toml").is_file();
        let said = |wanted: &Path| did_you_mean(wanted, "a run", has);
        let (mine, other) = (runs.join("mine"), runs.join("other"));
        let asked = format!("; did you mean {}?", mine.display());
        assert_eq!(said(&runs.join("mien")), asked);
        assert_eq!(said(&folder.path().join("run/mine")), asked, "the folder above is misspelt");
        // `nosuch` is no misspelling of any.
        let told = format!("; a run is in {} or {}.", other.display(), mine.display());
        assert_eq!(said(&runs.join("nosuch")), told);
        assert_eq!(said(&runs.join("mine/deeper")), ".");
        // Other folders' folders are no answer to a name that is nowhere.
        assert_eq!(said(&folder.path().join("nowhere/nosuch")), ".");
    }
}
