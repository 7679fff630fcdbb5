//! `locvtp report`: the page of a run again, from what is on disk.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_report::RunReport;
use locvtp_train::RunFolder;
use serde_json::json;

use crate::{Outcome, missing, output, page};

/// `locvtp report`
#[derive(Debug, ClapArgs)]
pub(crate) struct Report {
    /// A run folder, or the folder of a demo
    pub(crate) run: PathBuf,
    /// Folder to write [default: the folder's report/]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Report) -> anyhow::Result<Outcome> {
    let (report, default_out) = read(&args.run)?;
    let out = args.out.clone().unwrap_or(default_out);
    let written = locvtp_report::write(&report, &out)?;
    if args.json {
        output::json(&json!({
            "page": written.page,
            "numbers": written.numbers,
            "figures": written.figures,
        }))?;
    } else {
        output::text(&format!("the page is {}", written.page.display()))?;
    }
    Ok(Outcome::Done)
}

/// The numbers that a folder keeps, and where their page goes.
///
/// A report that was written with measurements goes before a run's log alone.
fn read(dir: &Path) -> anyhow::Result<(RunReport, PathBuf)> {
    for folder in [dir.to_owned(), dir.join("report")] {
        let numbers = folder.join("report.json");
        if numbers.is_file() {
            return Ok((RunReport::read(&numbers)?, folder));
        }
    }
    for folder in [dir.to_owned(), dir.join("run")] {
        if RunFolder::is_at(&folder) {
            let run = RunFolder::read(&folder)?;
            return Ok((page::run_report(&run), dir.join("report")));
        }
    }
    if !dir.exists() {
        bail!(missing::does_not_exist(dir, "check the path"));
    }
    bail!(
        "{}: neither a run nor a demo; looked for report.json, report/report.json, and run.toml \
         beside log.jsonl here and in run/",
        dir.display()
    )
}
