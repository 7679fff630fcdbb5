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
/// What a report folder holds was measured, and so was the demo's. A run's page is made of its log each
/// time: the page that stands there may be from before it went on.
fn read(dir: &Path) -> anyhow::Result<(RunReport, PathBuf)> {
    let of_report = |folder: PathBuf| {
        let numbers = folder.join("report.json");
        numbers.is_file().then(|| anyhow::Ok((RunReport::read(&numbers)?, folder)))
    };
    let of_run = |folder: PathBuf| {
        RunFolder::is_at(&folder).then(|| {
            let run = RunFolder::read(&folder)?;
            anyhow::Ok((page::run_report(&run), dir.join("report")))
        })
    };
    let found = of_report(dir.to_owned())
        .or_else(|| of_run(dir.to_owned()))
        .or_else(|| of_report(dir.join("report")))
        .or_else(|| of_run(dir.join("run")));
    if let Some(found) = found {
        return found;
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
