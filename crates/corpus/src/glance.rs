//! The beginning of a file, by which it is told what it is; and the keys of JSON that breaks off.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::text_file;

/// How much of a file is looked at.
const GLANCE: u64 = 1 << 18;

/// How a file begins, as UTF-8 without a mark.
pub(crate) fn glance(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(GLANCE).read_to_end(&mut start).ok()?;
    Some(text_file::as_utf8(&start).into_owned())
}

/// The keys of a JSON text, each with how many brackets are around it; the text may break off.
pub(crate) struct Keys(BTreeSet<(usize, String)>);

impl Keys {
    pub(crate) fn of(start: &[u8]) -> Self {
        Self(keys(start))
    }

    pub(crate) fn has(&self, depth: usize, key: &str) -> bool {
        self.0.contains(&(depth, key.to_owned()))
    }
}

fn keys(start: &[u8]) -> BTreeSet<(usize, String)> {
    /// Keys deeper than this tell nothing, and there may be many of them.
    const DEEPEST: usize = 5;
    let mut found = BTreeSet::new();
    let (mut depth, mut at) = (0usize, 0);
    while at < start.len() {
        match start[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let first = at + 1;
                at = first;
                while at < start.len() && start[at] != b'"' {
                    at += if start[at] == b'\\' { 2 } else { 1 };
                }
                let after = start.get(at + 1..).unwrap_or_default().trim_ascii_start();
                if depth <= DEEPEST && after.first() == Some(&b':') {
                    let key = String::from_utf8_lossy(start.get(first..at).unwrap_or_default());
                    found.insert((depth, key.into_owned()));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}
