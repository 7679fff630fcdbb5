//! A doc comment that names a default names the one that holds.
#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All source files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// What a doc comment says the default is, where it is a number, a truth value or a variant.
fn told(doc: &str) -> Option<String> {
    let rest = doc.split("Default").nth(1)?.trim_start_matches(':').trim_start();
    if let Some(variant) = rest.strip_prefix("[`") {
        return Some(variant.split('`').next()?.to_owned());
    }
    let word = rest.split([',', ';', ' ', ')']).next()?.trim_end_matches('.');
    // `2^26 (..)`, `4 GiB` and `4 000 000` are told in other ways than they are written in.
    let next = rest[word.len()..].trim_start().chars().next();
    let whole = !next.is_some_and(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || c == '/');
    (whole && literal(word).is_some()).then(|| word.to_owned())
}

/// A number or a truth value, in one form.
fn literal(text: &str) -> Option<String> {
    let text = text.replace('_', "");
    let number = text.parse::<f64>().ok().map(|number| number.to_string());
    number.or_else(|| ["true", "false"].contains(&text.as_str()).then_some(text))
}

/// The variant that is marked as the default of every enum in the file.
fn default_variants(source: &str) -> BTreeMap<&str, &str> {
    let (mut found, mut name, mut marked) = (BTreeMap::new(), "", false);
    for line in source.lines() {
        if let Some(rest) = line.trim().strip_prefix("pub enum ") {
            name = rest.split([' ', '{']).next().unwrap();
        }
        if line.trim() == "#[default]" {
            marked = true;
        } else if marked && !line.trim().starts_with(['/', '#']) {
            found.insert(name, line.trim().split([',', ' ', '{', '(']).next().unwrap());
            marked = false;
        }
    }
    found
}

/// The values of the fields in `impl Default for NAME`.
fn defaults<'a>(source: &'a str, name: &str) -> BTreeMap<&'a str, &'a str> {
    let head = format!("impl Default for {name} {{");
    let Some(start) = source.find(&head) else { return BTreeMap::new() };
    let body = &source[start..];
    let body = &body[..body.find("\n}").unwrap_or(body.len())];
    // The first is the type that is returned.
    let Some(inside) = body.splitn(3, "Self {").nth(2) else { return BTreeMap::new() };
    let inside = inside.split_once('}').map_or(inside, |(inside, _)| inside);
    let field =
        |field: &'a str| field.split_once(": ").map(|(key, value)| (key.trim(), value.trim()));
    inside.split([',', '\n']).filter_map(field).collect()
}

#[test]
fn a_default_that_a_doc_comment_names_is_the_one_that_holds() {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("crates")).unwrap() {
        sources(&entry.unwrap().path().join("src"), &mut files);
    }
    let mut compared = 0;
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let variants = default_variants(&source);
        let (mut name, mut doc) = ("", String::new());
        for line in source.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("pub struct ") {
                name = rest.split([' ', '{', '<', '(']).next().unwrap();
            }
            if let Some(more) = line.strip_prefix("///") {
                doc += more;
                continue;
            }
            let field = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": "));
            if let (Some((field, _)), Some(told)) = (field, told(&doc))
                && let Some(&value) = defaults(&source, name).get(field)
            {
                let holds = match value.strip_suffix("::default()") {
                    Some(kind) => variants.get(kind).map(|variant| format!("{kind}::{variant}")),
                    None => literal(value).or_else(|| Some(value.to_owned())),
                };
                let said = literal(&told).unwrap_or(told);
                if let Some(holds) =
                    holds.filter(|_| literal(value).is_some() || value.contains("::"))
                {
                    let place = format!("{}: {name}.{field}", file.display());
                    assert_eq!(said, holds, "{place}: the doc says {said}, and it is {holds}");
                    compared += 1;
                }
            }
            if !line.starts_with("#[") {
                doc.clear();
            }
        }
    }
    println!("{compared} defaults were compared");
    assert!(compared >= 14, "{compared} defaults were compared");
}
