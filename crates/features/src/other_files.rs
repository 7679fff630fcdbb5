//! Whether a file may point to others.

/// Whether a feature file may have numbers in other files, which it names itself.
///
/// HDF5 files can: by external links, external storage and virtual datasets. A file of a stranger would name
/// any file of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherFiles {
    /// What lies elsewhere is an error that says so, and nothing else is opened.
    #[default]
    Refused,
    /// The files that are named are read.
    Followed,
}
