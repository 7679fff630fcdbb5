//! Which files a question is about.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use locvtp_search::catalogue::FileRecord;
use locvtp_search::identity::{Look, shown_place};
use locvtp_search::scan::TrackFilter;
use locvtp_video::Seconds;

use crate::question_error::QuestionError;
use crate::true_path::true_path;

/// Files that are meant: those that pass all that is set. A file that lies at several paths passes when
/// one of them does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileFilter {
    /// In one of these folders, or below; any where there is none. One that is not from the root may also be the end of
    /// the path of a folder that the index knows.
    pub folders: Vec<PathBuf>,
    /// A pattern of the file's name, in which capitals count. Where a `/` stands in it, of its path: the whole one, or the
    /// one from `base` on, or where no file fits so, the end of it.
    pub pattern: Option<String>,
    /// The folder that paths are shown from.
    pub base: Option<PathBuf>,
    /// Last written to at this time or later, in nanoseconds since 1970.
    pub after_ns: Option<i64>,
    /// Last written to before this time, in nanoseconds since 1970.
    pub before_ns: Option<i64>,
    /// Plays for so long at least.
    pub longer: Option<Seconds>,
    /// Plays for so long at most.
    pub shorter: Option<Seconds>,
}

impl FileFilter {
    /// Whether all files pass.
    pub fn is_empty(&self) -> bool {
        *self == Self { base: self.base.clone(), ..Self::default() }
    }

    /// The filter, read.
    ///
    /// # Errors
    /// When the pattern cannot be read, or a folder is neither there nor in the index.
    pub(crate) fn read(&self, files: &[FileRecord]) -> Result<ReadFilter<'_>, QuestionError> {
        let read = |pattern: &String| {
            let bare = pattern.strip_prefix("./").unwrap_or(pattern);
            glob::Pattern::new(bare).map_err(|error| QuestionError::Pattern {
                pattern: pattern.clone(),
                what: error.msg.to_owned(),
            })
        };
        let pattern = self.pattern.as_ref().map(read).transpose()?;
        let paths: Vec<&Path> =
            files.iter().flat_map(|file| &file.looks).map(|look| look.path.as_path()).collect();
        let folders: Result<Vec<Vec<PathBuf>>, QuestionError> =
            self.folders.iter().map(|given| known_folders(given, &paths)).collect();
        let mut read =
            ReadFilter { filter: self, pattern, folders: folders?.concat(), of_ends: false };
        read.of_ends = read.pattern.as_ref().is_some_and(|pattern| {
            is_of_paths(pattern) && !paths.iter().any(|path| read.fits(pattern, path))
        });
        Ok(read)
    }
}

/// The folders that are meant by a given one: it, where it is there or the index knows files in it; or those of the index
/// whose paths end so.
///
/// # Errors
/// When there is none.
fn known_folders(given: &Path, paths: &[&Path]) -> Result<Vec<PathBuf>, QuestionError> {
    let folder = true_path(given);
    // Of a disk that is not plugged in the index still knows.
    if paths.iter().any(|path| path.starts_with(&folder)) {
        return Ok(vec![folder]);
    }
    let bare: PathBuf = given.components().filter(|part| *part != Component::CurDir).collect();
    let ends_so = |above: &&Path| {
        given.is_relative() && !bare.as_os_str().is_empty() && above.ends_with(&bare)
    };
    let ending: BTreeSet<&Path> =
        paths.iter().flat_map(|path| path.ancestors().skip(1)).filter(ends_so).collect();
    match (ending.is_empty(), folder.is_dir()) {
        (false, _) => Ok(ending.into_iter().map(Path::to_owned).collect()),
        (true, true) => Ok(vec![folder]),
        (true, false) => Err(QuestionError::NoFolder { folder: given.to_owned() }),
    }
}

/// Whether a pattern is compared with paths, and not with names.
fn is_of_paths(pattern: &glob::Pattern) -> bool {
    pattern.as_str().contains('/')
}

/// A filter whose pattern and folders were read.
pub(crate) struct ReadFilter<'a> {
    filter: &'a FileFilter,
    pattern: Option<glob::Pattern>,
    folders: Vec<PathBuf>,
    /// Whether the pattern is compared with the ends of paths, too.
    of_ends: bool,
}

impl ReadFilter<'_> {
    /// The tracks of the files that pass; none where all do.
    pub(crate) fn tracks(&self, files: &[FileRecord]) -> Option<TrackFilter> {
        if self.filter.is_empty() {
            return None;
        }
        let FileFilter { longer, shorter, .. } = self.filter;
        let passes = |file: &&FileRecord| {
            longer.is_none_or(|longer| file.duration >= longer)
                && shorter.is_none_or(|shorter| file.duration <= shorter)
                && file.looks.iter().any(|look| self.lies_right(look))
        };
        Some(files.iter().filter(passes).filter_map(|file| file.track).collect())
    }

    /// The path by which a file is shown: of those that pass, a file itself before a link to it.
    pub(crate) fn shown<'f>(&self, file: &'f FileRecord) -> Option<&'f Path> {
        let passing = file.looks.iter().filter(|look| self.lies_right(look));
        let place = shown_place(passing).or_else(|| shown_place(&file.looks));
        place.map(|look| look.path.as_path())
    }

    fn lies_right(&self, look: &Look) -> bool {
        let folders = &self.folders;
        let is_in = folders.is_empty() || folders.iter().any(|it| look.path.starts_with(it));
        is_in
            && self.filter.after_ns.is_none_or(|after| look.modified_ns >= after)
            && self.filter.before_ns.is_none_or(|before| look.modified_ns < before)
            && self.pattern.as_ref().is_none_or(|pattern| self.fits(pattern, &look.path))
    }

    fn fits(&self, pattern: &glob::Pattern, path: &Path) -> bool {
        if !is_of_paths(pattern) {
            return path.file_name().is_some_and(|name| pattern.matches(&name.to_string_lossy()));
        }
        let below = self.filter.base.as_ref().and_then(|it| path.strip_prefix(it).ok());
        let mut ends = path.ancestors().filter_map(|above| path.strip_prefix(above).ok());
        pattern.matches_path(path)
            || below.is_some_and(|below| pattern.matches_path(below))
            || (self.of_ends && ends.any(|end| pattern.matches_path(end)))
    }
}

#[cfg(test)]
mod tests {
    use locvtp_search::catalogue::{FileId, FileState};
    use locvtp_search::identity::ContentIdentity;
    use locvtp_search::segment::TrackId;

    use super::*;

    fn file(number: u32, path: &str, modified_ns: i64, seconds: f64) -> FileRecord {
        FileRecord {
            id: FileId(i64::from(number)),
            identity: ContentIdentity { size: 1, sample: u128::from(number), whole: None },
            state: FileState::Present,
            reason: None,
            duration: Seconds(seconds),
            track: Some(TrackId(number)),
            looks: vec![Look { path: path.into(), size: 1, modified_ns, changed_ns: 0 }],
        }
    }

    #[test]
    fn a_file_passes_when_all_that_is_set_holds_of_one_place() {
        let files = [
            file(1, "/v/cats/a.mp4", 10, 5.0),
            file(2, "/v/cats2/b.mkv", 20, 50.0),
            file(3, "/v/dogs/c.mp4", 30, 500.0),
        ];
        let passing = |filter: FileFilter| -> Vec<u32> {
            let tracks = filter.read(&files).unwrap().tracks(&files);
            tracks.map_or(vec![1, 2, 3], |it| it.tracks().map(|track| track.0).collect())
        };
        let none = FileFilter::default;
        assert_eq!(passing(none()), [1, 2, 3]);
        assert_eq!(passing(FileFilter { folders: vec!["/v/cats".into()], ..none() }), [1]);
        assert_eq!(passing(FileFilter { pattern: Some("*.mp4".into()), ..none() }), [1, 3]);
        assert_eq!(passing(FileFilter { pattern: Some("/v/*/b.*".into()), ..none() }), [2]);
        assert_eq!(passing(FileFilter { after_ns: Some(20), ..none() }), [2, 3]);
        assert_eq!(passing(FileFilter { before_ns: Some(20), ..none() }), [1]);
        let longer = Some(Seconds(50.0));
        assert_eq!(passing(FileFilter { longer, ..none() }), [2, 3]);
        assert_eq!(passing(FileFilter { shorter: longer, ..none() }), [1, 2]);
        let pattern = Some("*.mp4".into());
        assert_eq!(passing(FileFilter { longer, pattern, ..none() }), [3]);
        // From the folder that paths are shown from, or from the root.
        let base = Some(PathBuf::from("/v"));
        for pattern in ["cats/*.mp4", "./cats/a.mp4", "/v/cats/*"] {
            let filter = FileFilter { pattern: Some(pattern.into()), base: base.clone(), ..none() };
            assert_eq!(passing(filter), [1], "{pattern}");
        }
        // From elsewhere, the end of a path is enough.
        let elsewhere = Some(PathBuf::from("/home"));
        for pattern in ["cats/*.mp4", "./cats/a.mp4", "v/cats/*"] {
            let filter =
                FileFilter { pattern: Some(pattern.into()), base: elsewhere.clone(), ..none() };
            assert_eq!(passing(filter), [1], "{pattern}");
        }
        for pattern in ["ats/*.mp4", "cats/A.mp4", "../cats/*"] {
            let filter =
                FileFilter { pattern: Some(pattern.into()), base: elsewhere.clone(), ..none() };
            assert!(passing(filter).is_empty(), "{pattern}");
        }
        for folder in ["cats", "./cats/", "v/cats"] {
            assert_eq!(
                passing(FileFilter { folders: vec![folder.into()], ..none() }),
                [1],
                "{folder}"
            );
        }
        assert_eq!(passing(FileFilter { base, ..none() }), [1, 2, 3]);
        let wrong = FileFilter { pattern: Some("[".into()), ..none() };
        assert!(matches!(wrong.read(&files).err(), Some(QuestionError::Pattern { .. })));
        for unknown in ["/v/birds", "birds", "ats", "cats/a.mp4", "/cats", "cats/../dogs"] {
            let gone = FileFilter { folders: vec![unknown.into()], ..none() };
            assert!(
                matches!(gone.read(&files).err(), Some(QuestionError::NoFolder { .. })),
                "{unknown}"
            );
        }
    }

    #[test]
    fn a_file_is_shown_by_a_path_that_passes_and_not_by_a_link_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        std::fs::create_dir(at("b")).unwrap();
        std::fs::write(at("b/real.mp4"), "").unwrap();
        std::os::unix::fs::symlink(at("b/real.mp4"), at("a link.mp4")).unwrap();
        let mut one = file(1, "", 0, 1.0);
        let look = |name: &str| Look { path: at(name), size: 1, modified_ns: 0, changed_ns: 0 };
        one.looks = vec![look("a link.mp4"), look("b/gone.mp4"), look("b/real.mp4")];
        let shown = |pattern: Option<&str>| {
            let filter = FileFilter { pattern: pattern.map(str::to_owned), ..Default::default() };
            filter.read(&[]).unwrap().shown(&one).unwrap().to_owned()
        };
        assert_eq!(shown(None), at("b/real.mp4"));
        assert_eq!(shown(Some("*link*")), at("a link.mp4"));
        assert_eq!(shown(Some("gone*")), at("b/gone.mp4"));
    }
}
