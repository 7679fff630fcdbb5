//! Crates that can be read from below stay so: no two of their files import each other, not even round
//! several corners.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each file of a crate by its module's path; the crate itself has none.
fn modules(source: &Path) -> BTreeMap<Vec<String>, String> {
    let (mut modules, mut folders) = (BTreeMap::new(), vec![source.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                modules.insert(module_of(&path, source), std::fs::read_to_string(path).unwrap());
            }
        }
    }
    modules
}

fn module_of(file: &Path, source: &Path) -> Vec<String> {
    let relative: PathBuf = file.strip_prefix(source).unwrap().with_extension("");
    let mut names: Vec<String> =
        relative.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if ["mod", "lib", "main"].contains(&names.last().unwrap().as_str()) {
        names.pop();
    }
    names
}

/// The code without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// All paths that begin at `crate`, `super` or `self`, groups in braces taken apart.
fn paths(code: &str) -> Vec<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for root in ["crate", "super", "self"] {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            // Of `super::super::a` the first `super` counts, and `macro::crate::a` is none.
            if code[..at].ends_with(|c: char| is_name(c) || c == ':' || c == '$') {
                continue;
            }
            expand(&code[at..], "", &mut found);
        }
    }
    found
}

/// Adds the paths that `text` begins with, behind `prefix`; returns how many bytes they take.
fn expand(text: &str, prefix: &str, found: &mut Vec<String>) -> usize {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let end = text.find(|c| !is_path(c)).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..end]);
    if !text[end..].starts_with('{') || !path.ends_with("::") {
        found.push(path);
        return end;
    }
    let mut at = end + 1;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
        if text[at..].is_empty() || text[at..].starts_with('}') {
            return at + 1;
        }
        let taken = expand(&text[at..], &path, found);
        at += taken.max(1);
    }
}

/// The module that a path of `module` leads to.
fn target<'a>(
    path: &str,
    module: &[String],
    modules: &'a BTreeMap<Vec<String>, String>,
) -> Option<&'a Vec<String>> {
    let mut place = module.to_vec();
    let mut names = path.split("::").filter(|name| !name.is_empty()).peekable();
    match names.next()? {
        "crate" => place.clear(),
        "super" => {
            place.pop()?;
            while names.next_if_eq(&"super").is_some() {
                place.pop()?;
            }
        }
        _ => {}
    }
    place.extend(names.map(str::to_owned));
    while !place.is_empty() {
        if let Some((found, _)) = modules.get_key_value(&place) {
            return Some(found).filter(|found| found.as_slice() != module);
        }
        place.pop();
    }
    None
}

/// Files from which one comes back to them by imports.
fn in_circles(source: &Path) -> Vec<String> {
    let modules = modules(source);
    let imports: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = modules
        .iter()
        .map(|(module, text)| {
            let targets = paths(&code(text));
            (module, targets.iter().filter_map(|path| target(path, module, &modules)).collect())
        })
        .collect();
    let comes_back = |start: &&Vec<String>| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![*start]);
        while let Some(module) = next.pop() {
            for import in &imports[module] {
                if import == start {
                    return true;
                }
                if seen.insert(*import) {
                    next.push(import);
                }
            }
        }
        false
    };
    imports.keys().copied().filter(comes_back).map(|module| module.join("::")).collect()
}

/// The crates of which it is true.
const CRATES: [&str; 13] = [
    "cli", "cluster", "corpus", "features", "finder", "measure", "model", "report", "search",
    "serve", "train", "transfer", "video",
];

#[test]
fn no_two_files_of_a_crate_import_each_other() {
    for name in CRATES {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(name).join("src");
        let circles = in_circles(&source);
        assert!(circles.is_empty(), "{name}: {}", circles.join(", "));
    }
}

#[test]
fn a_circle_is_found_through_groups_and_several_corners() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "pub mod a;\nmod b;\nmod c;\nmod d;\n");
    write("a.rs", "use crate::{\n    b::{self, Thing},\n    d,\n};\n");
    write("b.rs", "use super::c::Other;\n");
    write("c.rs", "fn f() {\n    crate::a::g();\n}\n");
    write(
        "d.rs",
        "// crate::a is only mentioned\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n",
    );
    assert_eq!(in_circles(folder.path()), ["a", "b", "c"]);
}
