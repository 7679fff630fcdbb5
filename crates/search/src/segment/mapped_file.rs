//! The beginning of a file, mapped into memory, and whether the file is still as it was then.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;

use memmap2::{Mmap, MmapOptions};

use super::mapping_faults::Watched;

/// A mapped file. What is read of it counts only while it [is as it was mapped](Self::is_as_mapped) afterwards.
#[derive(Debug)]
pub(super) struct MappedFile {
    // Before the mapping, as it must end first.
    watched: Watched,
    mapping: Mmap,
    stamp: Stamp,
}

/// What changes when a file is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(about: &Metadata) -> Self {
        Self {
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

impl MappedFile {
    /// Maps the first `num_bytes` of a file that is `about`.
    pub(super) fn of(file: &File, about: &Metadata, num_bytes: usize) -> io::Result<Self> {
        // SAFETY: the bytes are plain numbers, any of which may be read. Who writes to the file under the
        // mapping is noticed afterwards, and a page that goes away becomes zeros.
        let mapping = unsafe { MmapOptions::new().len(num_bytes).map(file) }?;
        let addresses = mapping.as_ptr_range();
        let watched = Watched::new(addresses.start as usize..addresses.end as usize)?;
        Ok(Self { watched, mapping, stamp: Stamp::of(about) })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.mapping
    }

    /// Whether a page of it could not be read.
    pub(super) fn is_broken(&self) -> bool {
        self.watched.is_broken()
    }

    /// Whether all that was read of it so far was what stood in the file when it was mapped.
    pub(super) fn is_as_mapped(&self, file: &File) -> io::Result<bool> {
        if self.is_broken() {
            return Ok(false);
        }
        let about = file.metadata()?;
        let mut stamp = Stamp::of(&about);
        if about.nlink() == 0 {
            // It lost its name, which is a change but not one of its bytes.
            stamp.changed = self.stamp.changed;
        }
        Ok(stamp == self.stamp)
    }

    /// Asks the system to bring it into memory.
    pub(super) fn warm(&self) {
        // A system that does not know the advice reads on demand as before.
        let _ = self.mapping.advise(memmap2::Advice::WillNeed);
    }
}
