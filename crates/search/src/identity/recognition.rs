//! Whether a file holds what is known: by its times where they suffice, else by all of its bytes.
//!
//! Size and sample of a file are those of a known one. That may be a file that was renamed, copied or touched, and it
//! may be another one: a download whose holes were filled, a good copy laid over a damaged one. What decides:
//!
//! - **Renamed or moved**: the known file is no longer where it was, and the time of the content is its own. A program
//!   that writes to a file sets this time, so nothing is read. The same holds of a file that is back at its place.
//! - **Linked**: it is a known file by another name.
//! - **Else** both are compared whole. The times of name and rights (`changed_ns`) count here, as copying
//!   programs set back the time of the content.
//!
//! Of files that an earlier version indexed no hash of the whole is known. One that lies untouched at another path is
//! read for it. Else the sample decides, but for a file that lacked something when it was indexed, as holes do: that
//! one counts as changed.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::content::ContentIdentity;
use super::known::{FileId, Known, KnownPath};
use super::walk::{Look, look_at};
use super::whole_hash::are_one_file;

/// Reads a file whole for its hash, as [`whole_hash`](super::whole_hash()) does; none where that should wait.
pub type ReadWhole<'a> = dyn FnMut(&Look) -> io::Result<Option<u128>> + 'a;

/// What a file holds.
pub(super) enum Recognised {
    /// What a file of the catalogue does, with the hash of the whole where it was read.
    Known(FileId, Option<u128>),
    /// Something that is not known.
    New(ContentIdentity),
    /// It cannot be told yet.
    Unsettled,
}

/// The content of a catalogue.
pub(super) struct KnownContent<'k> {
    by_sample: HashMap<(u64, u128), Vec<KnownFile<'k>>>,
}

/// A file with all of its paths; never without any.
struct KnownFile<'k>(Vec<&'k KnownPath>);

impl<'k> KnownContent<'k> {
    pub(super) fn of(known: &'k Known) -> Self {
        let mut by_sample: HashMap<_, Vec<KnownFile<'k>>> = HashMap::new();
        for path in &known.paths {
            let alike = by_sample.entry(path.identity.sampled()).or_default();
            match alike.iter_mut().find(|file| file.id() == path.file) {
                Some(file) => file.0.push(path),
                None => alike.push(KnownFile(vec![path])),
            }
        }
        Self { by_sample }
    }

    /// What the file at `look` holds, of which the sample was read.
    ///
    /// # Errors
    /// When it must be read whole and cannot be.
    pub(super) fn recognise(
        &self,
        look: &Look,
        sampled: ContentIdentity,
        read_whole: &mut ReadWhole<'_>,
    ) -> io::Result<Recognised> {
        let alike = self.by_sample.get(&sampled.sampled()).map_or(&[][..], Vec::as_slice);
        if let Some(file) = alike.iter().find(|file| file.is_linked(look)).or(moved(alike, look)) {
            return Ok(Recognised::Known(file.id(), None));
        }
        let comparable: Vec<_> = alike.iter().filter(|file| file.is_comparable()).collect();
        if comparable.is_empty() {
            return Ok(Recognised::New(sampled));
        }
        let whole = match sampled.whole {
            Some(whole) => Some(whole),
            None => read_whole(look)?,
        };
        let Some(whole) = whole else { return Ok(Recognised::Unsettled) };
        if let Some(file) = comparable.iter().find(|file| file.whole() == Some(whole)) {
            return Ok(Recognised::Known(file.id(), Some(whole)));
        }
        for file in comparable.iter().filter(|file| file.whole().is_none()) {
            if file.is_probably(whole, look, read_whole) {
                return Ok(Recognised::Known(file.id(), Some(whole)));
            }
        }
        Ok(Recognised::New(ContentIdentity { whole: Some(whole), ..sampled }))
    }
}

/// The one that was moved here; none where several may be, or a file with this time was here before.
fn moved<'f, 'k>(alike: &'f [KnownFile<'k>], look: &Look) -> Option<&'f KnownFile<'k>> {
    let mut moved = alike.iter().filter(|file| file.moved_to(look));
    let one = moved.next().filter(|_| moved.next().is_none());
    one.filter(|_| !alike.iter().any(|file| file.lies_at(look)))
}

impl KnownFile<'_> {
    fn id(&self) -> FileId {
        self.0[0].file
    }

    fn whole(&self) -> Option<u128> {
        self.0[0].identity.whole
    }

    /// Whether there is more of it than the sample. Of one that could not be read there is not: it is tried again
    /// when it is touched.
    fn is_comparable(&self) -> bool {
        self.whole().is_some() || !self.0[0].is_bad
    }

    /// Whether it left a path, or was missing there, and a file with its time is found.
    fn moved_to(&self, look: &Look) -> bool {
        self.0.iter().any(|known| {
            known.look.modified_ns == look.modified_ns
                && match known.look.path == look.path {
                    true => known.is_missing,
                    false => has_left(known),
                }
        })
    }

    /// Whether it lay at this path with this time.
    fn lies_at(&self, look: &Look) -> bool {
        self.0.iter().any(|known| {
            let there = (&known.look.path, known.look.modified_ns);
            !known.is_missing && there == (&look.path, look.modified_ns)
        })
    }

    fn is_linked(&self, look: &Look) -> bool {
        let (others, path) = (self.others(&look.path), &look.path);
        others.into_iter().any(|known| are_one_file(&known.path, path) && is_as_noted(known))
    }

    /// Whether a file with its sample is it, where the whole was not noted.
    fn is_probably(&self, whole: u128, look: &Look, read_whole: &mut ReadWhole<'_>) -> bool {
        let others = self.others(&look.path);
        let witness = others.into_iter().find(|known| is_as_noted(known));
        match witness.map(read_whole) {
            Some(Ok(Some(of_witness))) => of_witness == whole,
            // Nothing is left to compare with.
            Some(Ok(None) | Err(_)) | None => !self.0[0].is_faulty,
        }
    }

    fn others(&self, path: &Path) -> Vec<&Look> {
        self.0.iter().map(|known| &known.look).filter(|known| known.path != path).collect()
    }
}

/// Whether nothing lies at a path any more, or another file: not the same that was touched there.
fn has_left(known: &KnownPath) -> bool {
    let Ok(now) = look_at(&known.look.path) else { return true };
    now.modified_ns != known.look.modified_ns
        && ContentIdentity::of(&now.path)
            .is_ok_and(|there| there.sampled() != known.identity.sampled())
}

fn is_as_noted(known: &Look) -> bool {
    look_at(&known.path).is_ok_and(|now| now == *known)
}
