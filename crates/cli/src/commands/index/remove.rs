//! `locvtp index remove`: files out of an index.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use locvtp_finder::{Removed, remove};
use locvtp_video::counted::counted;
use serde_json::json;

use crate::catalogue_place::{CataloguePlace, open_to_read, open_to_write};
use crate::{Outcome, output};

/// `locvtp index remove`
#[derive(Debug, ClapArgs)]
pub(crate) struct Remove {
    /// Files, and folders with all below them; they need not be there any more
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) place: CataloguePlace,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Remove) -> anyhow::Result<Outcome> {
    let place = args.place.that_knows(&args.paths)?;
    // A writer would make a catalogue where there is none.
    open_to_read(&place)?;
    let removed = remove(open_to_write(&place)?.as_ref(), &args.paths)?;
    if args.json {
        let texts = |paths: &mut dyn Iterator<Item = &PathBuf>| -> Vec<String> {
            paths.map(|path| path.to_string_lossy().into_owned()).collect()
        };
        output::json(&json!({
            "removed": texts(&mut removed.files.iter().flatten()),
            "removed_places": texts(&mut removed.places.iter()),
        }))?;
    }
    if removed == Removed::default() {
        output::note("nothing found: no file of the index lies there; see `locvtp index list`");
        return Ok(Outcome::NothingFound);
    }
    if !args.json {
        output::text(&text(&removed))?;
    }
    Ok(Outcome::Done)
}

fn text(removed: &Removed) -> String {
    let Removed { files, places } = removed;
    let mut lines = Vec::new();
    if !files.is_empty() {
        let is_there = |places: &&Vec<PathBuf>| places.iter().any(|path| path.exists());
        let stays = what_stays(files.iter().filter(is_there).count(), files.len());
        lines.push(format!("taken out of the index: {}{stays}", counted(files.len(), "file")));
    }
    if !places.is_empty() {
        lines.push(format!(
            "taken out of the index: {} of files that lie elsewhere, too; the files stay in it, at their other places",
            counted(places.len(), "place")
        ));
    }
    lines.join("\n")
}

/// What becomes of the files: of what is gone nothing stays.
fn what_stays(num_there: usize, num_removed: usize) -> String {
    let stay = match (num_there, num_removed - num_there) {
        (0, _) => return "; none of them was there any more".to_owned(),
        (_, 0) => "the files themselves stay".to_owned(),
        (there, _) => {
            format!("{there} of them {} still there", if there == 1 { "is" } else { "are" })
        }
    };
    format!("; {stay}, and the next `locvtp index add` of their folder takes them in again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_that_is_gone_is_said_to_come_back() {
        let again = ", and the next `locvtp index add` of their folder takes them in again";
        assert_eq!(what_stays(2, 2), format!("; the files themselves stay{again}"));
        assert_eq!(what_stays(1, 2), format!("; 1 of them is still there{again}"));
        assert_eq!(what_stays(0, 2), "; none of them was there any more");
    }

    #[test]
    fn a_place_is_no_file() {
        let place = PathBuf::from("/nowhere/copy.mp4");
        let removed = Removed { files: Vec::new(), places: vec![place] };
        let told = text(&removed);
        assert!(told.starts_with("taken out of the index: 1 place of files that lie"), "{told}");
        assert!(!told.contains("1 file"), "{told}");
    }
}
