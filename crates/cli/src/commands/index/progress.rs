//! How indexing goes, in a line.

use std::collections::HashSet;
use std::path::Path;

use locvtp_finder::IndexObserver;
use locvtp_search::catalogue::JobProgress;
use locvtp_video::counted::counted;

use crate::interrupt;
use crate::output::one_line;
use crate::pace::duration;
use crate::progress::ProgressLine;

/// Shows how indexing goes.
pub(crate) struct Progress {
    line: ProgressLine,
    /// What was told of files, where nothing is told twice.
    told: Option<HashSet<String>>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { line: ProgressLine::new(), told: None }
    }

    /// For one look after another: says nothing where nothing is to be done, and nothing twice.
    pub(crate) fn quiet() -> Self {
        Self { told: Some(HashSet::new()), ..Self::new() }
    }

    fn tell(&mut self, text: &str) {
        if self.told.as_mut().is_none_or(|told| told.insert(text.to_owned())) {
            self.line.note(text);
        }
    }
}

impl IndexObserver for Progress {
    fn planned(&mut self, num_known: usize, num_files: usize) {
        if num_known > 0 && self.told.is_none() {
            let known = counted(num_known, "file");
            self.line.note(&format!("in the index already: {known}; to do: {num_files}"));
        }
    }

    fn comparing(&mut self, path: &Path, size: u64) {
        self.line.draw(false, || {
            format!(
                "comparing {} ({:.1} MB)",
                one_line(&path.display().to_string()),
                size as f64 / 1e6
            )
        });
    }

    fn progress(&mut self, progress: &JobProgress) {
        let done = progress.done_files + progress.bad_files;
        self.line.draw(done == progress.num_files, || {
            let mut text = format!("files {done}/{}", progress.num_files);
            if progress.bad_files > 0 {
                text += &format!("  {} bad", progress.bad_files);
            }
            if let (Some(rate), Some(left)) = (progress.rate(), progress.time_left()) {
                text += &format!("  {rate:.1} x real time  {} left", duration(left.0));
            }
            text
        });
    }

    fn bad(&mut self, path: &Path, reason: &str) {
        self.tell(&format!("left out: {}: {reason}", path.display()));
    }

    fn note(&mut self, text: &str) {
        self.tell(&format!("note: {text}"));
    }

    fn should_stop(&self) -> bool {
        interrupt::pressed()
    }
}
