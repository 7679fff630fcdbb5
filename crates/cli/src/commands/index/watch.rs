//! `locvtp index watch`: an index that follows its folders.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args as ClapArgs;
use locvtp_search::catalogue::CatalogueError;

use super::add::{Making, check_folders};
use super::progress::Progress;
use super::summary::text;
use crate::catalogue_place::open_to_write;
use crate::command_line::typed_again;
use crate::numbers::number;
use crate::{Outcome, interrupt, output};

/// Between two questions whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(100);

/// `locvtp index watch`
#[derive(Debug, ClapArgs)]
pub(crate) struct Watch {
    /// Folders with videos
    #[arg(required = true, value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) making: Making,
    /// Seconds between two looks at the folders
    #[arg(long, value_name = "S", default_value = "30", value_parser = number(1.0, 86_400.0))]
    pub(crate) every: f64,
}

pub(crate) fn run(args: &Watch) -> anyhow::Result<Outcome> {
    check_folders(&args.folders)?;
    let place = args.making.place.of_videos(&args.folders)?;
    let prepared = args.making.prepared(open_to_write(&place)?.as_ref())?;
    let _listening = interrupt::Listening::keeping(typed_again(None, None))?;
    output::note(&format!("looking at the folders every {} s; Ctrl-C ends it", args.every));
    let mut progress = Progress::quiet();
    let mut told = None;
    loop {
        // Between two looks other programs may write.
        match open_to_write(&place) {
            Ok(catalogue) => {
                let summary = prepared.add(catalogue.as_ref(), &args.folders, &mut progress)?;
                // What is gone or bad stays so, and is told once.
                let wrong = (summary.missing.clone(), summary.bad.clone(), summary.waiting.clone());
                let num_gone = summary.gone_places.len() + summary.gone_bad.len();
                let num_done =
                    summary.num_added + summary.num_moved + summary.num_other_words + num_gone;
                let is_new = told.as_ref().is_none_or(|told| *told != wrong);
                if num_done > 0 || is_new {
                    output::text(&text(&summary, None))?;
                }
                told = Some(wrong);
            }
            Err(error) if is_busy(&error) => output::note(&format!("note: {error}")),
            Err(error) => return Err(error),
        }
        let began = Instant::now();
        while began.elapsed().as_secs_f64() < args.every {
            if interrupt::pressed() {
                return Ok(Outcome::Interrupted);
            }
            std::thread::sleep(GLANCE);
        }
    }
}

fn is_busy(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(CatalogueError::Busy { .. }))
}
