//! Where a catalogue of a test lies: in a folder, or on a server.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use locvtp_search::catalogue::{
    Access, Catalogue, CatalogueError, CatalogueLocation, FileId, GenerationId, open_catalogue,
};
use tempfile::TempDir;

use crate::made::{model, video};
use crate::server::database;

/// A writer of before may be killed a moment ago, and a server notices a moment later.
const PATIENT: Access = Access::Write { wait: Duration::from_secs(60) };

pub(crate) struct Home {
    pub(crate) location: CatalogueLocation,
    _folder: Option<TempDir>,
}

impl Home {
    pub(crate) fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = CatalogueLocation::Folder(folder.path().to_owned());
        Self { location, _folder: Some(folder) }
    }

    /// None where no server can be started here.
    pub(crate) fn server() -> Option<Self> {
        Some(Self::at(&database()?))
    }

    pub(crate) fn at(typed: &str) -> Self {
        Self { location: CatalogueLocation::of(OsStr::new(typed)).unwrap(), _folder: None }
    }

    pub(crate) fn open(&self, access: Access) -> Result<Arc<dyn Catalogue>, CatalogueError> {
        open_catalogue(&self.location, access)
    }

    pub(crate) fn writer(&self) -> Arc<dyn Catalogue> {
        self.open(PATIENT).unwrap()
    }

    /// Waits until nobody writes: a server finishes what a killed program had asked of it.
    pub(crate) fn settle(&self) {
        if self.location.folder().is_none() {
            drop(self.writer());
        }
    }

    pub(crate) fn reader(&self) -> Arc<dyn Catalogue> {
        self.open(Access::Read).unwrap()
    }

    /// With the videos 0 to 9.
    pub(crate) fn ten(&self) -> (Arc<dyn Catalogue>, GenerationId, Vec<FileId>) {
        let catalogue = self.writer();
        let generation = catalogue.generation(&model(1)).unwrap();
        let add = |number| catalogue.add_video(generation, &video(number)).unwrap();
        let files = (0..10).map(add).collect();
        (catalogue, generation, files)
    }
}

/// Makes two tests of each function that takes a [`Home`]: one in a folder, one on a server.
macro_rules! in_both {
    ($($test:ident),* $(,)?) => {
        mod in_a_folder {
            $(#[test] fn $test() { super::$test(&crate::home::Home::folder()); })*
        }
        mod on_a_server {
            $(#[test] fn $test() {
                if let Some(home) = crate::home::Home::server() { super::$test(&home); }
            })*
        }
    };
}
pub(crate) use in_both;
