//! Where the catalogue of an index lies: where a person says, or `.locvtp` in a folder of videos.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args as ClapArgs;
use clap::builder::{OsStringValueParser, TypedValueParser};
use locvtp_search::catalogue::{
    Access, Catalogue, CatalogueLocation, GenerationRecord, GenerationState, SqliteCatalogue,
    open_catalogue,
};
use locvtp_train::shell_words::quoted;
use locvtp_transfer::locate_model;

use crate::{known_models, missing, output};

/// The folder of a catalogue in a folder of videos.
const FOLDER: &str = ".locvtp";

/// `--catalog`
#[derive(Debug, ClapArgs)]
pub(crate) struct CataloguePlace {
    /// Where the index lies: a folder, or postgres://USER@HOST/DATABASE [default: `.locvtp` in the folder of
    /// the videos; to search, the one here or in a folder above]
    #[arg(long, value_name = "DIR", value_parser = location())]
    pub(crate) catalog: Option<Result<CatalogueLocation, String>>,
}

impl CataloguePlace {
    /// Where the index of these files and folders is, or will be.
    pub(crate) fn of_videos(&self, roots: &[PathBuf]) -> anyhow::Result<CatalogueLocation> {
        if let Some(given) = &self.catalog {
            return inside(given);
        }
        let [root] = roots else {
            bail!(
                "an index lies in the folder of its videos; with several folders say where with --catalog \
                 DIR"
            );
        };
        let is_file = root.is_file();
        let folder = if is_file { root.parent().unwrap_or(root) } else { root };
        // A folder below one that has an index belongs to that.
        let truly = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let above = truly.ancestors().map(|folder| folder.join(FOLDER)).find(|it| is_catalogue(it));
        // Its own is named as it was typed.
        let above = above.filter(|above| *above != truly.join(FOLDER));
        let own = folder.join(FOLDER);
        // `--catalog` may have laid it into the folder itself.
        let is_itself = !is_file && is_catalogue(folder) && !is_catalogue(&own);
        let own = if is_itself { folder.to_owned() } else { own };
        let place = above.filter(|_| !is_itself).unwrap_or(own);
        refuse_strange_link(&place)?;
        Ok(CatalogueLocation::Folder(place))
    }

    /// The index that knows these files and folders, which need not be there any more: the one given, or that in
    /// the folder of each or above, or else the one here.
    pub(crate) fn that_knows(&self, places: &[PathBuf]) -> anyhow::Result<CatalogueLocation> {
        let of = |place: &PathBuf| {
            let absolute = std::path::absolute(place).unwrap_or_else(|_| place.clone());
            let truly = place.canonicalize().unwrap_or_else(|_| absolute.clone());
            // A link to a video lies in its own folder, and may lead out of it.
            let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok());
            let link = folder.filter(|_| !place.is_dir());
            let folders =
                link.iter().flat_map(|folder| folder.ancestors()).chain(truly.ancestors());
            folders.map(|folder| folder.join(FOLDER)).find(|it| is_catalogue(it))
        };
        let found: BTreeSet<PathBuf> = places.iter().filter_map(of).collect();
        match found.len() {
            _ if self.catalog.is_some() => self.found(),
            0 => self.found(),
            1 => Ok(CatalogueLocation::Folder(found.into_iter().collect())),
            several => bail!(
                "these lie in {several} indexes; take them out one index at a time, with --catalog DIR"
            ),
        }
    }

    /// The index of a folder, which may be that of the index itself; without a folder as [`Self::found`].
    pub(crate) fn of_folder(&self, folder: Option<&Path>) -> anyhow::Result<CatalogueLocation> {
        let Some(folder) = folder else { return self.found() };
        if !folder.exists() {
            bail!(missing::does_not_exist(folder, "check the path"));
        }
        let place = self.of_videos(&[folder.to_owned()])?;
        let given = inside(&Ok(CatalogueLocation::Folder(folder.to_owned())))?;
        match [given, place].into_iter().find(may_be_there) {
            Some(place) => Ok(place),
            None => bail!(
                "{}: has no index yet; make one with `locvtp index add {} --model DIR`",
                folder.display(),
                quoted(&folder.to_string_lossy())
            ),
        }
    }

    /// The index that is meant: the one given, or that of a folder above what is given, or the one here or above.
    pub(crate) fn found(&self) -> anyhow::Result<CatalogueLocation> {
        if let Some(given) = &self.catalog {
            return Ok(at_or_above(inside(given)?));
        }
        let here = std::env::current_dir().context("the folder that you are in cannot be told")?;
        let found = here.ancestors().map(|folder| folder.join(FOLDER)).find(|it| is_catalogue(it));
        found.map(CatalogueLocation::Folder).with_context(|| {
            format!(
                "no index is here or in a folder above ({}); make one with `locvtp index add FOLDER --model \
                 DIR`, or say where it lies with --catalog DIR",
                here.display()
            )
        })
    }
}

/// Refuses a link to a folder that is no index: it may have come with a stranger's videos, and an index would be made
/// wherever it leads.
fn refuse_strange_link(place: &Path) -> anyhow::Result<()> {
    if !place.is_symlink() || !place.is_dir() || is_catalogue(place) {
        return Ok(());
    }
    let target = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    bail!(
        "{} is a link to {}, where no index lies; if it is to be made there, say so with --catalog {}",
        place.display(),
        target.display(),
        quoted(&target.to_string_lossy())
    )
}

/// The folder of the videos, where the index lies in it.
pub(crate) fn videos_folder(place: &CatalogueLocation) -> Option<PathBuf> {
    let place = place.folder()?.canonicalize().ok()?;
    place.parent().filter(|_| place.ends_with(FOLDER)).map(Path::to_owned)
}

/// Reads `--catalog`. What cannot be read is told later, by us: clap's own message shows what was typed,
/// which may hold a password.
fn location() -> impl TypedValueParser<Value = Result<CatalogueLocation, String>> {
    OsStringValueParser::new()
        .map(|typed| CatalogueLocation::of(&typed).map_err(|error| error.to_string()))
}

/// The catalogue's folder, where it or the folder of its videos was given.
fn inside(given: &Result<CatalogueLocation, String>) -> anyhow::Result<CatalogueLocation> {
    let given = given.as_ref().map_err(|what| anyhow!("{what}"))?;
    let Some(folder) = given.folder() else { return Ok(given.clone()) };
    let within = folder.join(FOLDER);
    let is_within = !is_catalogue(folder) && is_catalogue(&within);
    Ok(CatalogueLocation::Folder(if is_within { within } else { folder.to_owned() }))
}

/// The index that is given; where a folder is given that has none, that of a folder above it, which is told.
fn at_or_above(given: CatalogueLocation) -> CatalogueLocation {
    let Some(folder) = given.folder().filter(|folder| folder.is_dir() && !is_catalogue(folder))
    else {
        return given;
    };
    let truly = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let above = truly.ancestors().skip(1).map(|folder| folder.join(FOLDER));
    let Some(above) = above.into_iter().find(|it| is_catalogue(it)) else { return given };
    output::note(&format!(
        "note: {} has no index of its own; the one above it is taken, {}",
        folder.display(),
        above.display()
    ));
    CatalogueLocation::Folder(above)
}

/// Whether a folder is one of videos with an index in it, or an index itself.
pub(crate) fn has_own_index(folder: &Path) -> bool {
    is_catalogue(folder) || is_catalogue(&folder.join(FOLDER))
}

/// Whether an index lies in a folder, sound or not: one whose database is lost is to be told so.
fn is_catalogue(folder: &Path) -> bool {
    SqliteCatalogue::lies_in(folder)
}

/// Opens the catalogue to read it.
pub(crate) fn open_to_read(place: &CatalogueLocation) -> anyhow::Result<Arc<dyn Catalogue>> {
    Ok(open_catalogue(place, Access::Read)?)
}

/// Opens the catalogue to change it.
pub(crate) fn open_to_write(place: &CatalogueLocation) -> anyhow::Result<Arc<dyn Catalogue>> {
    Ok(open_catalogue(place, Access::WRITE)?)
}

/// Whether a catalogue is there that tells which model made it. A server is asked when it is opened.
pub(crate) fn may_be_there(place: &CatalogueLocation) -> bool {
    place.folder().is_none_or(is_catalogue)
}

/// The index that is searched; none where nothing was indexed.
pub(crate) fn live_index(catalogue: &dyn Catalogue) -> anyhow::Result<Option<GenerationRecord>> {
    let generations = catalogue.generations()?;
    Ok(generations.into_iter().find(|it| it.state == GenerationState::Live))
}

/// The model that is given, or else the one that the index was made with.
pub(crate) fn model_of(
    given: Option<&Path>,
    index: Option<&GenerationRecord>,
) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let Some(index) = index.filter(|index| !index.model.name.is_empty()) else {
        bail!(
            "say which model with --model DIR; no model yet? Fetch one (`locvtp model list` has more), or let `locvtp \
             demo` train one:\n{}",
            known_models::three()
        );
    };
    let model = PathBuf::from(&index.model.name);
    if !locate_model(&model).join("config.json").is_file() {
        bail!(missing::does_not_exist(
            &model,
            "the index was made with the model there; say with --model DIR where it lies now"
        ));
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_given_has_the_index_above_it_and_a_new_one_is_made_where_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let videos = folder.path().canonicalize().unwrap();
        let (home, index) = (videos.join("home"), videos.join(FOLDER));
        for folder in [&home, &index] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(index.join("catalogue.sqlite"), "").unwrap();
        let given = |folder: &Path| CataloguePlace {
            catalog: Some(Ok(CatalogueLocation::Folder(folder.to_owned()))),
        };
        let found = |folder: &Path| given(folder).found().unwrap().folder().unwrap().to_owned();
        assert_eq!(
            (found(&home), found(&videos), found(&index)),
            (index.clone(), index.clone(), index)
        );
        // What is not there is not taken for something else.
        let none = home.join("none");
        assert_eq!(found(&none), none);
        let made = given(&home).of_videos(std::slice::from_ref(&videos)).unwrap();
        assert_eq!(made.folder().unwrap(), home);
    }

    #[test]
    fn a_link_to_a_video_belongs_to_the_index_of_its_own_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        for name in ["here/.locvtp", "elsewhere"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        std::fs::write(at("here/.locvtp/catalogue.sqlite"), "").unwrap();
        std::fs::write(at("elsewhere/a.mp4"), "").unwrap();
        std::os::unix::fs::symlink(at("elsewhere/a.mp4"), at("here/link.mp4")).unwrap();
        let place = CataloguePlace { catalog: None }.that_knows(&[at("here/link.mp4")]).unwrap();
        assert_eq!(place.folder().unwrap(), at("here/.locvtp"));
    }

    #[test]
    fn an_index_that_was_laid_into_a_folder_itself_is_that_folders() {
        let folder = tempfile::tempdir().unwrap();
        let of = |folder: &Path| {
            let place = CataloguePlace { catalog: None }.of_videos(&[folder.to_owned()]).unwrap();
            place.folder().unwrap().to_owned()
        };
        let [own, other] = ["own", "other"].map(|name| folder.path().join(name));
        for folder in [&own, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(own.join("catalogue.sqlite"), "").unwrap();
        assert_eq!((of(&own), of(&other)), (own.clone(), other.join(FOLDER)));
        // Where both are there, the usual place counts.
        std::fs::create_dir(own.join(FOLDER)).unwrap();
        std::fs::write(own.join(FOLDER).join("catalogue.sqlite"), "").unwrap();
        assert_eq!(of(&own), own.join(FOLDER));
    }
}
