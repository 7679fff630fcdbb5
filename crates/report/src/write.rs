//! Writing a report into a folder: the page, its figures as files, and its numbers.
//!
//! Every file is written beside its place, synced, and renamed into it, so a reader never meets
//! half a file and a failed write leaves the old report. Everything is drawn before the first file
//! is touched; the page comes last. The other crates write through `locvtp_video::whole_file`; this one
//! knows nothing of ours, and FFmpeg should not be needed to draw a curve.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::ReportError;
use crate::page;
use crate::run_report::RunReport;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The page: `report.html`.
    pub page: PathBuf,
    /// The numbers it was made from: `report.json`.
    pub numbers: PathBuf,
    /// Every figure: `figures/<name>.svg` and, with the feature `png`, `figures/<name>.png`.
    pub figures: Vec<PathBuf>,
}

/// Writes `report.html`, `report.json` and `figures/` into the folder `out`, which is made when
/// missing.
///
/// # Errors
/// The error of the first figure or table that cannot be drawn ([`ReportError::Empty`],
/// [`ReportError::Value`], ..), [`ReportError::Name`] for figure names that clash,
/// [`ReportError::Write`] when a file cannot be written.
pub fn write(report: &RunReport, out: &Path) -> Result<Written, ReportError> {
    let figures = report.figures()?;
    let html = page::html(report, &figures)?;
    let mut files = Vec::new();
    for figure in figures.iter() {
        files.push((format!("{}.svg", figure.name), figure.svg().into_bytes()));
        #[cfg(feature = "png")]
        files.push((format!("{}.png", figure.name), figure.png()?));
    }
    let numbers = serde_json::to_vec_pretty(report)
        .map_err(|source| ReportError::Parse { path: out.join("report.json"), source })?;

    let folder = out.join("figures");
    std::fs::create_dir_all(&folder)
        .map_err(|source| ReportError::Write { path: folder.clone(), source })?;
    let written = Written {
        page: out.join("report.html"),
        numbers: out.join("report.json"),
        figures: files.iter().map(|(name, _)| folder.join(name)).collect(),
    };
    for (path, (_, bytes)) in written.figures.iter().zip(&files) {
        replace(path, bytes)?;
    }
    replace(&written.numbers, &numbers)?;
    replace(&written.page, html.as_bytes())?;
    Ok(written)
}

/// Puts `bytes` at `path` in one step.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let failed = |source| ReportError::Write { path: path.into(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-");
    #[cfg(unix)]
    {
        // A temporary file is private by default; a report is read by others like any file of the
        // run.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|problem| failed(problem.error))?;
    Ok(())
}
