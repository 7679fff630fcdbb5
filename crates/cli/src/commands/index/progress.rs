//! How indexing goes, in a line.

use std::path::Path;

use locvtp_finder::IndexObserver;
use locvtp_search::catalogue::JobProgress;
use locvtp_search::identity::Plan;
use locvtp_video::counted::counted;

use crate::interrupt;
use crate::pace::duration;
use crate::progress::ProgressLine;

/// Shows how indexing goes.
pub(crate) struct Progress {
    line: ProgressLine,
    is_quiet: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { line: ProgressLine::new(), is_quiet: false }
    }

    /// Says nothing where nothing is to be done.
    pub(crate) fn quiet() -> Self {
        Self { is_quiet: true, ..Self::new() }
    }
}

impl IndexObserver for Progress {
    fn planned(&mut self, plan: &Plan, num_files: usize) {
        let known = plan.num_unchanged + plan.moved.len();
        if known > 0 && !self.is_quiet {
            self.line.note(&format!(
                "in the index already: {}; to do: {num_files}",
                counted(known, "file")
            ));
        }
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

    fn bad(&mut self, _path: &Path, reason: &str) {
        self.line.note(&format!("left out: {reason}"));
    }

    fn note(&mut self, text: &str) {
        self.line.note(&format!("note: {text}"));
    }

    fn should_stop(&self) -> bool {
        interrupt::pressed()
    }
}
