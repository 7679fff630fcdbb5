//! `locvtp index verify`, `compact` and `rebuild`: looking after an index.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_finder::discard_unfinished;
use locvtp_video::counted::counted;
use serde_json::json;

use super::add::{Making, outcome};
use super::progress::Progress;
use super::summary::text;
use crate::catalogue_place::{CataloguePlace, open_to_read, open_to_write};
use crate::command_line::typed_again;
use crate::{Outcome, interrupt, output};

/// `locvtp index verify`
#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    /// The folder whose index is meant [default: the index here or in a folder above]
    #[arg(value_name = "FOLDER", conflicts_with = "catalog")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: CataloguePlace,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `locvtp index compact`
#[derive(Debug, ClapArgs)]
pub(crate) struct Compact {
    /// The folder whose index is meant [default: the index here or in a folder above]
    #[arg(value_name = "FOLDER", conflicts_with = "catalog")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: CataloguePlace,
}

/// `locvtp index rebuild`
#[derive(Debug, ClapArgs)]
pub(crate) struct Rebuild {
    /// The folder whose index is meant [default: the index here or in a folder above]
    #[arg(value_name = "FOLDER", conflicts_with = "catalog")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) making: Making,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn verify(args: &Verify) -> anyhow::Result<Outcome> {
    let place = args.place.of_folder(args.folder.as_deref())?;
    let catalogue = open_to_read(&place)?;
    let verified = catalogue.verify()?;
    if args.json {
        output::json(&json!({
            "num_parts": verified.num_parts,
            "num_vectors": verified.num_vectors,
            "faults": verified.faults,
        }))?;
    }
    if !verified.faults.is_empty() {
        verified.faults.iter().for_each(|fault| output::note(fault));
        bail!(
            "{} in the index; `locvtp index rebuild` mends what it can, and encodes again what they touch",
            counted(verified.faults.len(), "fault")
        );
    }
    if !args.json {
        let parts = if place.folder().is_some() { "segment" } else { "table" };
        let videos = catalogue.files()?.iter().filter(|file| file.track.is_some()).count();
        output::text(&format!(
            "all is well: {} of {}, in {}, were read and fit their checksums",
            counted(verified.num_vectors as usize, "vector"),
            counted(videos, "video"),
            counted(verified.num_parts as usize, parts),
        ))?;
    }
    Ok(Outcome::Done)
}

pub(crate) fn compact(args: &Compact) -> anyhow::Result<Outcome> {
    let place = args.place.of_folder(args.folder.as_deref())?;
    open_to_read(&place)?;
    let catalogue = open_to_write(&place)?;
    if let Some(discarded) = discard_unfinished(catalogue.as_ref())? {
        let (model, files) =
            (output::one_line(&discarded.model.name), discarded.num_files as usize);
        output::note(&format!(
            "discarded: an index that was begun with {model} and not finished, of {}",
            counted(files, "file")
        ));
    }
    let freed = catalogue.compact()?;
    output::text(&format!("freed: {:.1} MB", freed as f64 / 1e6))?;
    Ok(Outcome::Done)
}

pub(crate) fn rebuild(args: &Rebuild) -> anyhow::Result<Outcome> {
    let place = args.making.place.of_folder(args.folder.as_deref())?;
    open_to_read(&place)?;
    let catalogue = open_to_write(&place)?;
    // First of all, as what is damaged may be which model made the index.
    let mended = catalogue.mend_records()?;
    mended.iter().for_each(|done| output::note(done));
    let prepared = args.making.prepared(catalogue.as_ref())?;
    let _listening = interrupt::Listening::keeping(typed_again(None, None))?;
    let summary = prepared.indexer(catalogue.as_ref())?.rebuild(&mut Progress::new())?;
    if args.json {
        output::json(&summary)?;
    } else {
        let is_sound = mended.is_empty()
            && summary.num_added == 0
            && summary.bad.is_empty()
            && summary.lost.is_empty();
        if is_sound {
            output::note("nothing is damaged, so nothing was encoded");
        }
        output::text(&text(&summary, Some(&place)))?;
    }
    if !summary.lost.is_empty() && !summary.is_stopped {
        bail!(cannot_be_encoded(&summary.lost));
    }
    if summary.num_added == 0 && summary.bad.is_empty() && summary.num_left == 0 {
        return Ok(Outcome::Done);
    }
    outcome(&summary, false)
}

/// Files that are named of those that are lost.
const MOST_NAMED: usize = 10;

fn cannot_be_encoded(lost: &[PathBuf]) -> String {
    let shown = lost.iter().take(MOST_NAMED).map(|path| path.display().to_string());
    let more = match lost.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} cannot be encoded again, as they are gone or were changed: {}{more}; what is damaged of them is kept \
         out of answers; bring the files back and give `locvtp index add`, or take them out with `locvtp index \
         remove`",
        counted(lost.len(), "video"),
        shown.collect::<Vec<_>>().join(", "),
    )
}
