//! What a person types to say where shards are, as single names.
//!
//! - a folder of shards, or one shard: `shards/`, `shards/00000.tar`;
//! - a pattern: `shards/{00000..00012}.tar`, `{a,b}/{000..199}.tar`, numbers keep their width;
//! - a text file with one of these a line, relative to the file;
//! - any of them on a server: `https://host/shards/{00000..00012}.tar`, or in a store that speaks
//!   S3: `s3://bucket/shards`.
//!
//! A plain web server cannot list a folder, so of `https://host/shards/` the list that packing
//! writes is read, `shards.json`.

use std::path::Path;

use locvtp_video::address::without_passwords;

use crate::error::CorpusError;
use crate::text_file;

/// More names than this are a typing error.
pub(super) const MOST_NAMES: usize = 1_000_000;

/// Whether it is the address of something on another machine.
pub(crate) fn is_remote(address: &str) -> bool {
    ["http://", "https://", "s3://"].iter().any(|scheme| address.starts_with(scheme))
}

/// Whether a corpus's path is a pattern or an address of shards, and no file or folder here.
pub(crate) fn is_address(path: &Path) -> bool {
    let text = path.to_string_lossy();
    is_remote(&text) || (text.contains('{') && ends_with_tar(&text) && !path.exists())
}

/// Endings of shards; those behind the first are compressed, which is told when they are opened.
const ENDINGS: [&str; 6] = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz"];

/// Whether the name is one of a shard.
pub(crate) fn ends_with_tar(name: &str) -> bool {
    ending(name).is_some()
}

/// The name of a shard without its ending.
pub(crate) fn without_ending(name: &str) -> &str {
    &name[..name.len() - ending(name).map_or(0, str::len)]
}

/// The ending of a shard's name.
pub(crate) fn ending(name: &str) -> Option<&'static str> {
    let ends = |ending: &&&str| {
        let at = name.len().checked_sub(ending.len());
        at.is_some_and(|at| name.as_bytes()[at..].eq_ignore_ascii_case(ending.as_bytes()))
    };
    ENDINGS.iter().find(ends).copied()
}

/// Whether a text is a list of shards: every line names one.
pub(crate) fn is_list(text: &str) -> bool {
    let mut lines =
        text_file::lines(text).map(str::trim).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(ends_with_tar)
}

/// All names that a pattern stands for, in its order; a name without braces stands for itself.
///
/// # Errors
/// For a brace that is not closed, a range that is none, or too many names.
pub(crate) fn expanded(pattern: &str) -> Result<Vec<String>, CorpusError> {
    let refuse = |why: &'static str| CorpusError::ShardPattern {
        pattern: without_passwords(pattern).into_owned(),
        why,
    };
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        let (before, after) = (&rest[..open], &rest[open + 1..]);
        let close = after.find('}').ok_or_else(|| refuse("a brace is not closed"))?;
        let choices = choices(&after[..close]).ok_or_else(|| {
            refuse("braces hold a range such as 00000..00012, or names with commas")
        })?;
        if names.len().saturating_mul(choices.len()) > MOST_NAMES {
            return Err(refuse("it stands for more than a million names"));
        }
        names = names
            .iter()
            .flat_map(|name| choices.iter().map(move |choice| format!("{name}{before}{choice}")))
            .collect();
        rest = &after[close + 1..];
    }
    names.iter_mut().for_each(|name| name.push_str(rest));
    Ok(names)
}

/// What stands between braces: `00000..00012` with both ends, or names with commas.
fn choices(inside: &str) -> Option<Vec<String>> {
    let Some((first, last)) = inside.split_once("..") else {
        return inside.contains(',').then(|| inside.split(',').map(str::to_owned).collect());
    };
    let number =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
    let (from, to): (u64, u64) = (number(first)?, number(last)?);
    let width = if first.starts_with('0') || last.starts_with('0') {
        first.len().max(last.len())
    } else {
        0
    };
    if from > to || to - from >= MOST_NAMES as u64 {
        return None;
    }
    Some((from..=to).map(|n| format!("{n:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_names_of_one_width() {
        let names = |pattern| expanded(pattern).unwrap();
        assert_eq!(names("a/{08..11}.tar"), ["a/08.tar", "a/09.tar", "a/10.tar", "a/11.tar"]);
        assert_eq!(names("{9..10}.tar"), ["9.tar", "10.tar"]);
        assert_eq!(names("{x,y}/{0..1}"), ["x/0", "x/1", "y/0", "y/1"]);
        assert_eq!(names("s3://b/00000.tar"), ["s3://b/00000.tar"]);
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_reason() {
        for (pattern, why) in [
            ("{0..1.tar", "not closed"),
            ("{5..1}.tar", "range"),
            ("{a..c}.tar", "range"),
            ("{}.tar", "range"),
            ("{0..99999999999999999999}.tar", "range"),
            ("{0..9999}{0..9999}.tar", "million"),
        ] {
            let error = expanded(pattern).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(pattern), "{pattern}: {error}");
        }
    }

    #[test]
    fn addresses_and_patterns_are_told_from_paths() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("{1..2}.tar");
        assert!(is_address(&odd));
        std::fs::write(&odd, b"").unwrap();
        assert!(!is_address(&odd));
        assert!(is_address(Path::new("http://127.0.0.1:8000/x")));
        assert!(!is_address(Path::new("shards/00000.tar")));
        assert_eq!(without_ending("a/0.tar.gz"), "a/0");
        assert_eq!((without_ending("s.TAR"), without_ending("s.tgz")), ("s", "s"));
        assert!(is_list("a.tar\n\n b/c.TAR \n") && !is_list("video7\n") && !is_list("\n"));
    }
}
