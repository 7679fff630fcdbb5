//! What is to be done about the files of a folder.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::content::ContentIdentity;
use super::walk::{FolderWalk, Look, look_at};

/// The number of a file, given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(pub i64);

/// What the catalogue knows of the file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The paths of its files.
    pub paths: Vec<KnownPath>,
    /// Files that waited when they were last looked at.
    pub waiting: Vec<Look>,
}

/// A path of a file of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPath {
    /// Size and times when it was last looked at.
    pub look: Look,
    /// The file that lay there.
    pub file: FileId,
    /// That file's content.
    pub identity: ContentIdentity,
    /// Whether the file was marked as missing.
    pub is_missing: bool,
    /// Whether the file could not be read.
    pub is_bad: bool,
}

/// How a plan is made.
#[derive(Clone, Copy, Debug)]
pub struct PlanSettings {
    /// The time now, in nanoseconds since 1970.
    pub now_ns: i64,
    /// A file that nobody changed for so long is taken as whole at the first look; any other waits
    /// until a second look finds the same. In nanoseconds; 10 s by default.
    pub quiet_ns: i64,
}

impl PlanSettings {
    /// The default, at a moment in nanoseconds since 1970.
    pub fn at(now_ns: i64) -> Self {
        Self { now_ns, quiet_ns: 10_000_000_000 }
    }
}

/// A file to index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where it lies, and what the file system says of it.
    pub look: Look,
    /// What it holds.
    pub identity: ContentIdentity,
}

/// Known content at another path, or seen again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The file.
    pub file: FileId,
    /// Where it lay; none where it lies there still, or was touched without being changed.
    pub from: Option<PathBuf>,
    /// Where it lies now.
    pub to: Look,
}

/// A file that cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Where it lies.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

/// What is to be done, in this order: moved, missing, then the rest. Every list is ordered by path.
#[derive(Debug, Default)]
pub struct Plan {
    /// Content that is not known. Of several files with the same content the first is here, and the
    /// others in `copies`.
    pub add: Vec<Candidate>,
    /// Other content at a known path: what the path stood for, and what lies there now.
    pub changed: Vec<(FileId, Candidate)>,
    /// Known content that lies somewhere else, was missing, or was only touched: nothing to decode.
    pub moved: Vec<Moved>,
    /// Further files with the content of one in `add` or `changed`.
    pub copies: Vec<Candidate>,
    /// Known paths below the walked folders where nothing lies any more and nothing was moved from.
    pub missing: Vec<(FileId, PathBuf)>,
    /// Files that may still be written to; look again.
    pub waiting: Vec<Look>,
    /// Files that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// The files that are as they were, one for each path.
    pub unchanged: Vec<FileId>,
    /// The files that could not be read and are as they were, one for each path.
    pub still_bad: Vec<FileId>,
}

/// Compares a walk with what is known. A file whose path, size and time are known is not opened; of
/// any other 192 KiB are read.
pub fn plan(walk: &FolderWalk, known: &Known, settings: PlanSettings) -> Plan {
    let by_path: HashMap<_, _> = known.paths.iter().map(|path| (&path.look.path, path)).collect();
    let waiting: HashMap<_, _> = known.waiting.iter().map(|look| (&look.path, look)).collect();
    let mut plan = Plan::default();
    let mut opened = Vec::new();
    for look in &walk.files {
        match by_path.get(&look.path) {
            Some(path) if is_same(&path.look, look) && !path.is_missing => {
                let as_it_was = if path.is_bad { &mut plan.still_bad } else { &mut plan.unchanged };
                as_it_was.push(path.file);
            }
            _ if !is_whole(look, waiting.get(&look.path).copied(), settings) => {
                plan.waiting.push(look.clone());
            }
            there => opened.push((look, there.map(|path| path.file))),
        }
    }
    let gone = gone(walk, known);
    // By file, the first path last, so that it is taken first.
    let mut left: HashMap<FileId, Vec<&KnownPath>> = HashMap::new();
    gone.iter().rev().for_each(|path| left.entry(path.file).or_default().push(path));
    let by_content: HashMap<_, _> =
        known.paths.iter().map(|path| (path.identity, path.file)).collect();
    let mut new_content = HashSet::new();
    for (look, there) in opened {
        let identity = match identity_of_whole(look) {
            Ok(Some(identity)) => identity,
            Ok(None) => {
                plan.waiting.push(look.clone());
                continue;
            }
            Err(error) => {
                plan.unreadable.push(Unreadable { path: look.path.clone(), error });
                continue;
            }
        };
        let candidate = Candidate { look: look.clone(), identity };
        match (by_content.get(&identity), there) {
            (Some(file), _) => {
                let from = left.get_mut(file).and_then(Vec::pop);
                let from = from.map(|path| path.look.path.clone());
                plan.moved.push(Moved { file: *file, from, to: candidate.look });
            }
            _ if !new_content.insert(identity) => plan.copies.push(candidate),
            (None, Some(file)) => plan.changed.push((file, candidate)),
            (None, None) => plan.add.push(candidate),
        }
    }
    let missing = left.into_values().flatten().filter(|path| !path.is_missing);
    plan.missing = missing.map(|path| (path.file, path.look.path.clone())).collect();
    plan.missing.sort_by(|one, other| one.1.cmp(&other.1));
    plan.waiting.sort_by(|one, other| one.path.cmp(&other.path));
    plan
}

/// Known paths that the walk would have met and did not.
fn gone<'a>(walk: &FolderWalk, known: &'a Known) -> Vec<&'a KnownPath> {
    let walked: HashSet<_> = walk.files.iter().map(|look| &look.path).collect();
    let is_gone = |path: &Path| {
        walk.roots.iter().any(|root| path.starts_with(root))
            && !walk.closed.iter().any(|(closed, _)| path.starts_with(closed))
    };
    let paths = known.paths.iter().filter(|path| !walked.contains(&path.look.path));
    let mut gone: Vec<&KnownPath> = paths.filter(|path| is_gone(&path.look.path)).collect();
    gone.sort_by(|one, other| one.look.path.cmp(&other.look.path));
    gone
}

/// The content of a file; none where it changed while it was read.
fn identity_of_whole(look: &Look) -> io::Result<Option<ContentIdentity>> {
    let identity = ContentIdentity::of(&look.path)?;
    let is_whole = look_at(&look.path)? == *look && identity.size == look.size;
    Ok(is_whole.then_some(identity))
}

fn is_same(known: &Look, look: &Look) -> bool {
    (known.size, known.modified_ns) == (look.size, look.modified_ns)
}

/// Whether nobody writes to a file: nothing changed for a while, or since an earlier look.
fn is_whole(look: &Look, earlier: Option<&Look>, settings: PlanSettings) -> bool {
    let last_change = look.modified_ns.max(look.changed_ns);
    let is_quiet = settings.now_ns.saturating_sub(last_change) >= settings.quiet_ns;
    is_quiet || earlier == Some(look)
}
