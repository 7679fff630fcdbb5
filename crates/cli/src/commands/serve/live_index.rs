//! The index that answers, with its model: opened once, and anew when another index took its place.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use locvtp_finder::{Finder, FinderError};
use locvtp_search::catalogue::{Catalogue, CatalogueError, GenerationRecord, GenerationState};
use locvtp_serve::LibraryError;

use super::failures::{Failure, NO_MODEL};
use super::picture;
use crate::catalogue_place::{live_index, model_of};
use crate::commands::ground::open_embedder;
use crate::trained_matches::trained_matches;
use crate::trained_words::TrainedWords;

/// An index and its model, ready to answer.
pub(super) struct Opened {
    pub(super) finder: Finder,
    pub(super) trained: TrainedWords,
    /// Words that a clip is compared with, where a sentence is compared by its words.
    pub(super) num_matches: usize,
}

/// The live index of a catalogue.
pub(super) struct LiveIndex {
    catalogue: Arc<dyn Catalogue>,
    given: Option<PathBuf>,
    opened: Mutex<Arc<Opened>>,
}

impl LiveIndex {
    /// Opens it with the model that is given, or else with the one that it was made with.
    pub(super) fn open(
        catalogue: Arc<dyn Catalogue>,
        given: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let index = live_index(catalogue.as_ref())?.ok_or(FinderError::NoIndex)?;
        let dir = model_of(given.as_deref(), Some(&index))?;
        let opened = Mutex::new(Arc::new(open(&catalogue, dir)?));
        Ok(Self { catalogue, given, opened })
    }

    /// What the live index answers. One that is swapped out meanwhile is asked no more.
    pub(super) fn ask<T>(
        &self,
        question: impl Fn(&Opened) -> Result<T, FinderError>,
    ) -> Result<T, Failure> {
        let answer = match question(self.current()?.as_ref()) {
            Err(FinderError::Catalogue(CatalogueError::Unknown { .. })) => {
                question(self.current()?.as_ref())
            }
            answer => answer,
        };
        Ok(answer?)
    }

    /// What the catalogue knows of the live index.
    pub(super) fn record(&self) -> Result<GenerationRecord, Failure> {
        let generations = self.catalogue.generations()?;
        let live = generations.into_iter().find(|it| it.state == GenerationState::Live);
        Ok(live.ok_or(FinderError::NoIndex)?)
    }

    /// Who comes while a new model is opened waits for it.
    fn current(&self) -> Result<Arc<Opened>, Failure> {
        let live = self.record()?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.finder.generation().id != live.id {
            // The model that was given belongs to the index before.
            let dir = model_of(None, Some(&live));
            let dir = match (dir, &self.given) {
                (Err(_), Some(given)) => Ok(given.clone()),
                (dir, _) => dir,
            };
            let anew = dir.and_then(|dir| open(&self.catalogue, dir));
            *opened = Arc::new(
                anew.map_err(|error| LibraryError::Failed(NO_MODEL.into(), Some(error.into())))?,
            );
        }
        Ok(Arc::clone(&opened))
    }
}

fn open(catalogue: &Arc<dyn Catalogue>, dir: PathBuf) -> anyhow::Result<Opened> {
    let embedder = open_embedder(&dir)?;
    let finder = Finder::open(Arc::clone(catalogue), embedder, &dir)?;
    let finder = finder.with_picture_limits(picture::limits());
    Ok(Opened { finder, trained: TrainedWords::read(&dir)?, num_matches: trained_matches(&dir) })
}
