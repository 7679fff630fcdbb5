//! What a layout's own file tells of it: its name, how it is recognised, how it is read.

use std::path::Path;

use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::Intake;

/// A layout, as the file that reads it registers itself.
pub(crate) struct LayoutReader {
    /// In commands, run files and reports.
    pub(crate) name: &'static str,
    /// What it is and which files have it, in a line for who chooses one.
    pub(crate) help: &'static str,
    /// Whether a file at this path, of which this was seen, has this layout.
    pub(crate) recognises: fn(&Path, &Glance) -> bool,
    /// Reads a source that has it.
    pub(crate) read: fn(&Path, &mut Intake<'_>) -> Result<(), CorpusError>,
    /// Names by which a folder is known to be a source, the better first: the file that is read.
    pub(crate) files_of_a_folder: &'static [&'static str],
    /// Whether there may be one CSV a video, so that their folder is the source.
    pub(crate) is_one_csv_a_video: bool,
    /// Whether it is meant to describe every video, so that one that it does not is dropped and counted.
    pub(crate) describes_all_videos: bool,
    /// The task of `locvtp score` whose truth such a file is; none where there is no such task.
    pub(crate) measures: Option<&'static str>,
    /// Whether each entry says itself where its file is.
    pub(crate) names_its_files: bool,
}

impl LayoutReader {
    /// A layout of single files whose videos are found by their ids, like most.
    pub(crate) const fn new(
        name: &'static str,
        help: &'static str,
        recognises: fn(&Path, &Glance) -> bool,
        read: fn(&Path, &mut Intake<'_>) -> Result<(), CorpusError>,
    ) -> Self {
        Self {
            name,
            help,
            recognises,
            read,
            files_of_a_folder: &[],
            is_one_csv_a_video: false,
            describes_all_videos: false,
            measures: None,
            names_its_files: false,
        }
    }

    /// The same whose files are the truth of this task of `locvtp score`.
    pub(crate) const fn measuring(self, task: &'static str) -> Self {
        Self { measures: Some(task), ..self }
    }
}
