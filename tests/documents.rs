//! What the documents point to is there: files, names beside them, keys of the run file.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::path::{Path, PathBuf};

use locvtp::Experiment;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for folder in ["", "docs", "docs/decisions", "reference"] {
        let entries = std::fs::read_dir(repository().join(folder)).unwrap();
        paths.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "md")),
        );
    }
    paths.sort();
    assert!(paths.len() > 10, "{paths:?}");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// A piece of a line of Markdown.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Code(&'a str),
    /// The target of a link.
    Link(&'a str),
}

fn pieces(mut line: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    while let Some(at) = line.find(['`', '[']) {
        let (text, rest) = line.split_at(at);
        found.push(Piece::Text(text));
        let piece = if let Some(code) = rest.strip_prefix('`') {
            code.split_once('`').map(|(code, rest)| (Piece::Code(code), rest))
        } else {
            // The text of a link may hold code, so it ends at "](" and not at the next "]".
            rest.split_once("](")
                .filter(|(text, _)| !text[1..].contains('['))
                .and_then(|(_, target)| target.split_once(')'))
                .map(|(target, rest)| (Piece::Link(target), rest))
        };
        match piece {
            Some((piece, rest)) => {
                found.push(piece);
                line = rest;
            }
            None => line = &rest[1..],
        }
    }
    found.push(Piece::Text(line));
    found
}

/// A link to a file of this repository, as a path.
fn local(document: &Path, target: &str) -> Option<PathBuf> {
    let target = target.split('#').next().unwrap_or_default();
    let is_local = !target.is_empty() && !target.contains("://");
    is_local.then(|| document.parent().unwrap().join(target))
}

/// Whether `text` holds `name` as a word of its own.
fn has_word(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}

#[test]
fn a_line_is_cut_into_text_code_and_links() {
    use Piece::{Code, Link, Text};
    let found = pieces("at [a.rs](../a.rs) `f` and [[1]] [`E`](e.rs)");
    let expected = [
        Text("at "),
        Link("../a.rs"),
        Text(" "),
        Code("f"),
        Text(" and "),
        Text(""),
        Text("1]] "),
        Link("e.rs"),
        Text(""),
    ];
    let is_empty = |piece: &&Piece<'_>| **piece != Text("");
    assert!(found.iter().filter(is_empty).eq(expected.iter().filter(is_empty)), "{found:?}");
    assert!(has_word("fn warp(x)", "warp") && !has_word("fn unwarp_all()", "warp"));
}

#[test]
fn every_file_the_documents_link_to_exists() {
    let mut links = 0;
    for (document, text) in documents() {
        for line in text.lines() {
            for piece in pieces(line) {
                let Piece::Link(target) = piece else { continue };
                let Some(path) = local(&document, target) else { continue };
                assert!(path.exists(), "{}: no {target}", document.display());
                links += 1;
            }
        }
    }
    assert!(links > 80, "{links} links");
}

#[test]
fn every_name_in_the_paper_map_is_in_the_file_it_stands_beside() {
    let document = repository().join("docs/paper-map.md");
    let text = std::fs::read_to_string(&document).unwrap();
    let mut names = 0;
    // A paragraph may break between a file and its name.
    for line in text.replace("\n`", " `").lines() {
        let mut source: Option<(&str, String)> = None;
        for piece in pieces(line) {
            match piece {
                Piece::Link(target) => {
                    source = local(&document, target)
                        .and_then(|path| std::fs::read_to_string(path).ok())
                        .map(|text| (target, text));
                }
                Piece::Text(text) => {
                    let beside = text.trim().is_empty();
                    let words = text.trim_matches([' ', '|', ',', '.', ';']);
                    if !beside && !words.ends_with("same file") && words != "test" {
                        source = None;
                    }
                }
                Piece::Code(name) => {
                    let Some((target, text)) = &source else { continue };
                    assert!(has_word(text, name), "no {name} in {target}");
                    names += 1;
                }
            }
        }
    }
    assert!(names > 80, "{names} names");
}

#[test]
fn every_key_in_the_documents_is_a_key_of_the_run_file() {
    let sections = Experiment::default().to_toml();
    let sections: Vec<&str> = sections
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')?.split('.').next())
        .collect();
    let mut keys = 0;
    for (document, text) in documents() {
        for piece in text.lines().flat_map(pieces) {
            let Piece::Code(code) = piece else { continue };
            let key = code.split([' ', '=']).next().unwrap_or_default();
            let Some((section, rest)) = key.split_once('.') else { continue };
            let is_key = |c: char| c.is_ascii_lowercase() || c == '_' || c == '.';
            let is_file = ["rs", "toml", "json", "safetensors", "mkv", "ts"].contains(&rest);
            if is_file || !sections.contains(&section) || !rest.chars().all(is_key) {
                continue;
            }
            // Whether the key is known, whatever value it would take.
            let refusal = Experiment::parse("", "a document", &[format!("{key}=[]")]);
            let message = refusal.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(!message.contains("is not a known key"), "{}: {message}", document.display());
            keys += 1;
        }
    }
    assert!(keys > 30, "{keys} keys");
}
