//! Which files a question is about.

use std::path::PathBuf;

use locvtp_search::catalogue::FileRecord;
use locvtp_search::identity::Look;
use locvtp_search::scan::TrackFilter;
use locvtp_video::Seconds;

use crate::question_error::QuestionError;
use crate::true_path::true_path;

/// Files that are meant: those that pass all that is set. A file that lies at several paths passes when
/// one of them does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileFilter {
    /// In one of these folders, or below; any where there is none.
    pub folders: Vec<PathBuf>,
    /// A pattern of the file's name, or of its path where a `/` stands in it.
    pub pattern: Option<String>,
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
        *self == Self::default()
    }

    /// The tracks of the files that pass; none where all do.
    ///
    /// # Errors
    /// When the pattern cannot be read.
    pub(crate) fn tracks(
        &self,
        files: &[FileRecord],
    ) -> Result<Option<TrackFilter>, QuestionError> {
        if self.is_empty() {
            return Ok(None);
        }
        let read = |pattern: &String| {
            glob::Pattern::new(pattern).map_err(|error| QuestionError::Pattern {
                pattern: pattern.clone(),
                what: error.msg.to_owned(),
            })
        };
        let pattern = self.pattern.as_ref().map(read).transpose()?;
        let folders: Vec<PathBuf> = self.folders.iter().map(|folder| true_path(folder)).collect();
        let lies_right = |look: &Look| {
            let is_in = folders.is_empty() || folders.iter().any(|it| look.path.starts_with(it));
            is_in
                && self.after_ns.is_none_or(|after| look.modified_ns >= after)
                && self.before_ns.is_none_or(|before| look.modified_ns < before)
                && pattern.as_ref().is_none_or(|pattern| fits(pattern, look))
        };
        let passes = |file: &&FileRecord| {
            self.longer.is_none_or(|longer| file.duration >= longer)
                && self.shorter.is_none_or(|shorter| file.duration <= shorter)
                && file.looks.iter().any(lies_right)
        };
        Ok(Some(files.iter().filter(passes).filter_map(|file| file.track).collect()))
    }
}

fn fits(pattern: &glob::Pattern, look: &Look) -> bool {
    if pattern.as_str().contains('/') {
        return pattern.matches_path(&look.path);
    }
    look.path.file_name().is_some_and(|name| pattern.matches(&name.to_string_lossy()))
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
            identity: ContentIdentity { size: 1, sample: u128::from(number) },
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
            let tracks = filter.tracks(&files).unwrap();
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
        let wrong = FileFilter { pattern: Some("[".into()), ..none() }.tracks(&files).unwrap_err();
        assert!(matches!(wrong, QuestionError::Pattern { .. }), "{wrong}");
    }
}
