//! Whether all ranks do the same work: what must be equal is compared at the start, and a difference is named.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::Hasher;
use std::io::Read;

use siphasher::sip::SipHasher13;

use crate::communicator::Communicator;
use crate::error::ClusterError;

/// One thing that must be the same on all ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    name: String,
    value: String,
}

impl Fact {
    /// Something short that can be shown, such as a version.
    pub fn shown(name: &str, value: impl ToString) -> Self {
        Self { name: name.to_owned(), value: value.to_string() }
    }

    /// Something long, such as the text of a run file: its hash is compared and shown.
    pub fn hashed(name: &str, bytes: &[u8]) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(bytes);
        Self { name: name.to_owned(), value: format!("{:016x}", hasher.finish()) }
    }

    /// The program that runs.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn program() -> Result<Self, ClusterError> {
        // The link leads to the file that was started, also when another one has its name by now.
        let link = std::path::PathBuf::from("/proc/self/exe");
        let path = if link.exists() { Ok(link) } else { std::env::current_exe() };
        let unreadable = |path: &std::path::Path| {
            let path = path.to_owned();
            |source| ClusterError::Unreadable { path, source }
        };
        let path = path.map_err(unreadable("the program's own file".as_ref()))?;
        let value = file_hash(&path).map_err(unreadable(&path))?;
        Ok(Self { name: "program".into(), value })
    }
}

fn file_hash(path: &std::path::Path) -> std::io::Result<String> {
    let (mut file, mut hasher) = (File::open(path)?, SipHasher13::new());
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(format!("{:016x}", hasher.finish())),
            read => hasher.write(&piece[..read]),
        }
    }
}

/// Compares the facts of all ranks.
///
/// # Errors
/// [`ClusterError::NotTheSame`] on every rank, with what differs and which ranks have what.
pub fn same_on_all(ranks: &dyn Communicator, facts: &[Fact]) -> Result<(), ClusterError> {
    let told: Vec<_> =
        ranks.gather_bytes(&to_bytes(facts))?.iter().map(|b| from_bytes(b)).collect();
    let differences = differences(&told);
    if differences.is_empty() {
        return Ok(());
    }
    Err(ClusterError::NotTheSame { differences: differences.join("; ") })
}

/// Name and value in turn, each with its length before it.
fn to_bytes(facts: &[Fact]) -> Vec<u8> {
    let texts = facts.iter().flat_map(|fact| [&fact.name, &fact.value]);
    texts.flat_map(|text| [&text.len().to_le_bytes()[..], text.as_bytes()].concat()).collect()
}

fn from_bytes(mut bytes: &[u8]) -> Vec<Fact> {
    let mut next = || {
        let (len, rest) = bytes.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::from_le_bytes(*len))?;
        bytes = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    std::iter::from_fn(|| Some(Fact { name: next()?, value: next()? })).collect()
}

/// A line for each name that has several values; `facts` by rank.
fn differences(facts: &[Vec<Fact>]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for fact in facts.iter().flatten() {
        if !names.contains(&fact.name.as_str()) {
            names.push(&fact.name);
        }
    }
    names.into_iter().filter_map(|name| difference(name, facts)).collect()
}

fn difference(name: &str, facts: &[Vec<Fact>]) -> Option<String> {
    let mut holders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (rank, facts) in facts.iter().enumerate() {
        let value = facts.iter().find(|fact| fact.name == name);
        holders.entry(value.map_or("nothing", |fact| &fact.value)).or_default().push(rank);
    }
    let mut holders: Vec<_> = holders.into_iter().collect();
    holders.sort_by_key(|(_, ranks)| ranks[0]);
    let told: Vec<_> =
        holders.iter().map(|(value, ranks)| format!("{} {value}", named(ranks))).collect();
    (holders.len() > 1).then(|| format!("{name} ({})", told.join(", ")))
}

/// `rank 0 has`, `ranks 1, 2 and 3 have`, and of many the first few.
fn named(ranks: &[usize]) -> String {
    const NAMED: usize = 8;
    let shown: Vec<_> = ranks.iter().take(NAMED).map(ToString::to_string).collect();
    match (shown.as_slice(), ranks.len()) {
        ([one], _) => format!("rank {one} has"),
        (shown, all) if all > NAMED => {
            format!("ranks {} and {} more have", shown.join(", "), all - NAMED)
        }
        (shown, _) => {
            let (last, first) = shown.split_last().expect("a value that somebody has");
            format!("ranks {} and {last} have", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alone::Alone;

    #[test]
    fn a_difference_names_what_and_who() {
        let facts = |version: &str, run: &[u8]| {
            vec![Fact::shown("version", version), Fact::hashed("run file", run)]
        };
        let (a, b) = (facts("0.1.0", b"a"), facts("0.2.0", b"a"));
        assert!(differences(&[a.clone(), a.clone()]).is_empty());
        let found = differences(&[a.clone(), b.clone(), a.clone(), b]);
        assert_eq!(found, ["version (ranks 0 and 2 have 0.1.0, ranks 1 and 3 have 0.2.0)"]);
        let found = differences(&[a.clone(), a.clone(), facts("0.1.0", b"b")]);
        assert!(found[0].starts_with("run file (ranks 0 and 1 have "), "{found:?}");
        assert!(found[0].contains(", rank 2 has "), "{found:?}");
        let found = differences(&[a.clone(), a[..1].to_vec()]);
        assert!(found[0].ends_with(", rank 1 has nothing)"), "{found:?}");
    }

    #[test]
    fn of_many_ranks_the_first_are_named() {
        let ranks: Vec<_> = (0..20).collect();
        assert_eq!(named(&ranks), "ranks 0, 1, 2, 3, 4, 5, 6, 7 and 12 more have");
        assert_eq!(named(&ranks[..3]), "ranks 0, 1 and 2 have");
    }

    #[test]
    fn facts_come_out_of_bytes_as_they_went_in() {
        let facts = [Fact::shown("a", ""), Fact::shown("", "line\nline"), Fact::program().unwrap()];
        assert_eq!(from_bytes(&to_bytes(&facts)), facts);
        assert_eq!(from_bytes(&to_bytes(&facts)[..3]), []);
        same_on_all(&Alone, &facts).unwrap();
    }
}
