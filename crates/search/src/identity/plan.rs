//! What is to be done about the files of a folder.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::content::ContentIdentity;
use super::known::{FileId, Known, KnownPath};
use super::recognition::{KnownContent, ReadWhole, Recognised};
use super::walk::{FolderWalk, Look, look_at};
use super::whole_hash::are_one_file;

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
    /// The file of the catalogue that it is, where that is encoded again.
    pub file: Option<FileId>,
}

/// A further file with the content of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where the candidate lies.
    pub of: PathBuf,
    /// Where this one does.
    pub to: Look,
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
    /// The hash of the whole, where it was read.
    pub whole: Option<u128>,
}

/// A file that cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Where it lies.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

/// What is to be done, in this order: moved, whether good or bad, missing, then the rest. Every list is ordered by path.
#[derive(Debug, Default)]
pub struct Plan {
    /// Content that is not known. Of several files with the same content the first is here, and the
    /// others in `copies`. Also files that could not be read and were touched at their place: a person says so that
    /// they are worth another try.
    pub add: Vec<Candidate>,
    /// Other content at a known path: what the path stood for, and what lies there now.
    pub changed: Vec<(FileId, Candidate)>,
    /// Known content that lies somewhere else, was missing, or was only touched: nothing to decode.
    pub moved: Vec<Moved>,
    /// Further files with the content of one in `add` or `changed`.
    pub copies: Vec<Copied>,
    /// Known paths below the walked folders where no file lies any more and nothing was moved from. What the walk passes
    /// over is looked for.
    pub missing: Vec<(FileId, PathBuf)>,
    /// Files that may still be written to; look again.
    pub waiting: Vec<Look>,
    /// Files that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// The files that are as they were, one for each path.
    pub unchanged: Vec<FileId>,
    /// The files that could not be read and are as they were, one for each path.
    pub still_bad: Vec<FileId>,
    /// Files that could not be read and lie somewhere else now, or at one more place. They are as bad there.
    pub moved_bad: Vec<Moved>,
}

/// Compares a walk with what is known. A file whose path, size and times are known is not opened; of any other
/// 192 KiB are read, and all of it only where that leaves it open whether it is a known one.
pub fn plan(
    walk: &FolderWalk,
    known: &Known,
    settings: PlanSettings,
    read_whole: &mut ReadWhole<'_>,
) -> Plan {
    let by_path: HashMap<_, _> = known.paths.iter().map(|path| (&path.look.path, path)).collect();
    let waiting: HashMap<_, _> = known.waiting.iter().map(|look| (&look.path, look)).collect();
    let mut plan = Plan::default();
    let mut opened = Vec::new();
    let (passed_over, gone) = not_met(walk, known);
    let mut files: Vec<&Look> = walk.files.iter().chain(&passed_over).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    for look in files {
        match by_path.get(&look.path) {
            Some(path) if path.look == *look && !path.is_missing => {
                let as_it_was = if path.is_bad { &mut plan.still_bad } else { &mut plan.unchanged };
                as_it_was.push(path.file);
            }
            _ if !is_whole(look, waiting.get(&look.path).copied(), settings) => {
                plan.waiting.push(look.clone());
            }
            there => opened.push((look, there.map(|path| path.file))),
        }
    }
    // By file, the first path last, so that it is taken first.
    let mut left: HashMap<FileId, Vec<&KnownPath>> = HashMap::new();
    gone.iter().rev().for_each(|path| left.entry(path.file).or_default().push(path));
    let content = KnownContent::of(known);
    let bad: HashSet<FileId> =
        known.paths.iter().filter(|path| path.is_bad).map(|path| path.file).collect();
    let mut new = NewFiles::default();
    for (look, there) in opened {
        let is_worth_another_try = |file| bad.contains(&file) && there == Some(file);
        let sorted = identity_of_whole(look).and_then(|sampled| match sampled {
            Some(sampled) => match content.recognise(look, sampled, read_whole)? {
                Recognised::Known(file, whole) if is_worth_another_try(file) => {
                    let identity = ContentIdentity { whole: whole.or(sampled.whole), ..sampled };
                    new.try_again(Candidate { look: look.clone(), identity, file: Some(file) });
                    Ok(Recognised::New(identity))
                }
                Recognised::New(identity) => {
                    let candidate = Candidate { look: look.clone(), identity, file: None };
                    new.take(there, candidate, read_whole)
                }
                recognised => Ok(recognised),
            },
            None => Ok(Recognised::Unsettled),
        });
        match sorted {
            Ok(Recognised::Known(file, whole)) => {
                let from = left.get_mut(&file).and_then(Vec::pop);
                let from = from.map(|path| path.look.path.clone());
                let is_bad = bad.contains(&file);
                let list = if is_bad { &mut plan.moved_bad } else { &mut plan.moved };
                list.push(Moved { file, from, to: look.clone(), whole });
            }
            Ok(Recognised::New(_)) => {}
            Ok(Recognised::Unsettled) => plan.waiting.push(look.clone()),
            Err(error) => {
                plan.unreadable.push(Unreadable { path: look.path.clone(), error });
            }
        }
    }
    new.hand_over(&mut plan);
    let missing = left.into_values().flatten().filter(|path| !path.is_missing);
    plan.missing = missing.map(|path| (path.file, path.look.path.clone())).collect();
    plan.missing.sort_by(|one, other| one.1.cmp(&other.1));
    plan.waiting.sort_by(|one, other| one.path.cmp(&other.path));
    plan
}

/// Files with content that is not known.
#[derive(Default)]
struct NewFiles {
    /// With what their paths stood for.
    files: Vec<(Option<FileId>, Candidate)>,
    /// Their places in `files`.
    by_sample: HashMap<(u64, u128), Vec<usize>>,
    copies: Vec<Copied>,
}

impl NewFiles {
    /// Takes a file in, as a copy where one before it has the same content.
    fn take(
        &mut self,
        there: Option<FileId>,
        mut candidate: Candidate,
        read_whole: &mut ReadWhole<'_>,
    ) -> io::Result<Recognised> {
        let alike = self.by_sample.entry(candidate.identity.sampled()).or_default();
        for place in alike.iter() {
            let first = &mut self.files[*place].1;
            let is_same = are_one_file(&first.look.path, &candidate.look.path) || {
                // One that cannot be read any more has no copies.
                let of_first = read_into(first, read_whole).unwrap_or_default();
                if !read_into(&mut candidate, read_whole)? {
                    return Ok(Recognised::Unsettled);
                }
                of_first && first.identity == candidate.identity
            };
            if is_same {
                let of = first.look.path.clone();
                self.copies.push(Copied { of, to: candidate.look });
                return Ok(Recognised::New(candidate.identity));
            }
        }
        alike.push(self.files.len());
        let identity = candidate.identity;
        self.files.push((there, candidate));
        Ok(Recognised::New(identity))
    }

    /// Takes in a file of the catalogue that could not be read, once.
    fn try_again(&mut self, candidate: Candidate) {
        match self.files.iter().find(|(_, first)| first.file == candidate.file) {
            Some((_, first)) => {
                let of = first.look.path.clone();
                self.copies.push(Copied { of, to: candidate.look });
            }
            None => self.files.push((None, candidate)),
        }
    }

    fn hand_over(self, plan: &mut Plan) {
        for (there, candidate) in self.files {
            match there {
                Some(file) => plan.changed.push((file, candidate)),
                None => plan.add.push(candidate),
            }
        }
        plan.copies = self.copies;
    }
}

/// Reads a candidate whole where that was not done; whether its hash is known then.
fn read_into(candidate: &mut Candidate, read_whole: &mut ReadWhole<'_>) -> io::Result<bool> {
    if candidate.identity.whole.is_none() {
        candidate.identity.whole = read_whole(&candidate.look)?;
    }
    Ok(candidate.identity.whole.is_some())
}

/// Known places below the walked folders that the walk did not meet, ordered by path: those where a file lies all the same, as
/// one with another ending or in a hidden folder that was named itself, and those where none does any more.
fn not_met<'a>(walk: &FolderWalk, known: &'a Known) -> (Vec<Look>, Vec<&'a KnownPath>) {
    let walked: HashSet<_> = walk.files.iter().map(|look| &look.path).collect();
    let is_below = |path: &Path| {
        walk.roots.iter().any(|root| path.starts_with(root))
            && !walk.closed.iter().any(|(closed, _)| path.starts_with(closed))
    };
    let (mut passed_over, mut gone) = (Vec::new(), Vec::new());
    let paths = known.paths.iter().filter(|path| !walked.contains(&path.look.path));
    for known in paths.filter(|known| is_below(&known.look.path)) {
        match look_at(&known.look.path) {
            Ok(look) if look.path.is_file() => passed_over.push(look),
            Ok(_) => gone.push(known),
            Err(error) if is_not_there(&error) => gone.push(known),
            // Of what may not be looked at nobody knows.
            Err(_) => {}
        }
    }
    gone.sort_by(|one, other| one.look.path.cmp(&other.look.path));
    (passed_over, gone)
}

fn is_not_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The content of a file; none where it changed while it was read.
fn identity_of_whole(look: &Look) -> io::Result<Option<ContentIdentity>> {
    let identity = ContentIdentity::of(&look.path)?;
    let is_whole = look_at(&look.path)? == *look && identity.size == look.size;
    Ok(is_whole.then_some(identity))
}

/// Whether nobody writes to a file: nothing changed for a while, or since an earlier look.
fn is_whole(look: &Look, earlier: Option<&Look>, settings: PlanSettings) -> bool {
    let last_change = look.modified_ns.max(look.changed_ns);
    let is_quiet = settings.now_ns.saturating_sub(last_change) >= settings.quiet_ns;
    is_quiet || earlier == Some(look)
}
