//! An index of videos as the server asks it: the one that lies there now.
//!
//! An index that is removed under the server is gone for every address, and one that is exchanged, or damaged and
//! then put right, is opened anew with the next question.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use locvtp_search::catalogue::CatalogueLocation;
use locvtp_serve::{
    Answer, BadFile, ClipScore, ExportFormat, ExportHit, ExportedFile, Job, Library, LibraryError,
    LibraryState, Media, MediaId, MediaPage, PageRequest, Query, SubtitleTrack, check_file,
};
use locvtp_video::{
    CancelToken, CutSettings, FrameTableCache, TimeSpan, VideoError, VideoReader, encode_span_until,
};

use super::failures::{Failure, WhyNot, failed};
use super::index_place::{IndexPlace, Seen};
use super::open_index::OpenIndex;
use crate::catalogue_place::open_to_read;

/// How long an index that could not be opened, or was opened in vain, is not opened again as long as its file
/// stays as it is: its model may take a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// The index at a place.
pub(super) struct IndexLibrary {
    location: CatalogueLocation,
    place: IndexPlace,
    given_model: Option<PathBuf>,
    root: Option<PathBuf>,
    /// Where it is kept whether the clocks of files go on.
    frame_tables: Option<FrameTableCache>,
    now: Mutex<Now>,
}

/// What is open.
struct Now {
    /// With the state of its file; none where it could not be opened.
    index: Option<(Arc<OpenIndex>, Option<Seen>)>,
    tried: Option<Tried>,
}

/// The last time that it was opened anew.
struct Tried {
    when: Instant,
    /// The state of its file.
    seen: Seen,
    /// Why it could not be opened; none where it could.
    why_not: Option<WhyNot>,
}

impl Now {
    /// The last time, where that was a moment ago and in this state.
    fn just_tried(&self, seen: &Seen) -> Option<&Tried> {
        self.tried.as_ref().filter(|last| last.seen == *seen && last.when.elapsed() < PATIENCE)
    }
}

impl IndexLibrary {
    /// With the model that is given, or else with the one of the index; `root` is the folder in which
    /// the index lies, where it lies in that of its videos.
    pub(super) fn open(
        location: CatalogueLocation,
        model: Option<PathBuf>,
        root: Option<PathBuf>,
        frame_tables: Option<FrameTableCache>,
    ) -> anyhow::Result<Self> {
        let place = IndexPlace::of(&location);
        let seen = place.look().ok().flatten();
        let index = OpenIndex::open(open_to_read(&location)?, model.clone(), root.clone())?;
        let now = Mutex::new(Now { index: Some((Arc::new(index), seen)), tried: None });
        Ok(Self { location, place, given_model: model, root, frame_tables, now })
    }

    /// Asks the index that lies there now. One that cannot be read any more is opened anew, once.
    fn ask<T>(
        &self,
        question: impl Fn(&OpenIndex) -> Result<T, Failure>,
    ) -> Result<T, LibraryError> {
        let index = self.current()?;
        let failure = match question(&index) {
            Err(failure @ Failure::Unreadable(_)) if self.forget(&index) => failure,
            answer => return answer.map_err(Failure::told),
        };
        match self.current() {
            Ok(index) => question(&index).map_err(Failure::told),
            Err(_) => Err(failure.told()),
        }
    }

    /// The index that lies there now. Who comes while it is opened anew waits for it.
    fn current(&self) -> Result<Arc<OpenIndex>, LibraryError> {
        let seen = self.place.look()?;
        let mut now = self.lock();
        if let Some((index, opened)) = &now.index {
            let is_same = match (&seen, opened) {
                (Some(seen), Some(opened)) => seen.is_same_file(opened),
                _ => true,
            };
            if is_same {
                return Ok(Arc::clone(index));
            }
        }
        let just_tried = seen.as_ref().and_then(|seen| now.just_tried(seen));
        if let Some(why_not) = just_tried.and_then(|last| last.why_not.clone()) {
            return Err(why_not.told());
        }
        let opened = self.opened_anew().map(Arc::new).map_err(|error| WhyNot::of(&error));
        let why_not = opened.as_ref().err().cloned();
        now.tried = seen.map(|seen| Tried { when: Instant::now(), seen, why_not });
        now.index = opened.as_ref().ok().map(|index| (Arc::clone(index), seen));
        opened.map_err(WhyNot::told)
    }

    fn opened_anew(&self) -> anyhow::Result<OpenIndex> {
        let open = |model| OpenIndex::open(open_to_read(&self.location)?, model, self.root.clone());
        match open(self.given_model.clone()) {
            // The model that was given belongs to the index before.
            Err(_) if self.given_model.is_some() => open(None),
            opened => opened,
        }
    }

    /// Lets go of an index that cannot be read, so that it is opened anew; not of one that was just opened in
    /// vain, nor of one on a server of its own, which is connected to anew with every question.
    fn forget(&self, index: &Arc<OpenIndex>) -> bool {
        let Ok(Some(seen)) = self.place.look() else { return false };
        let mut now = self.lock();
        if now.just_tried(&seen).is_some() {
            return false;
        }
        if now.index.as_ref().is_some_and(|(open, _)| Arc::ptr_eq(open, index)) {
            now.index = None;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Library for IndexLibrary {
    fn search(&self, query: &Query, cancel: &CancelToken) -> Result<Answer, LibraryError> {
        self.ask(|index| index.search(query, cancel))
    }

    fn media(&self, id: &MediaId) -> Result<Option<Media>, LibraryError> {
        self.ask(|index| index.media(id))
    }

    fn heat(
        &self,
        id: &MediaId,
        query: &Query,
        cancel: &CancelToken,
    ) -> Result<Vec<ClipScore>, LibraryError> {
        self.ask(|index| index.heat(id, query, cancel))
    }

    fn list(&self, page: &PageRequest) -> Result<MediaPage, LibraryError> {
        self.ask(|index| index.list(page))
    }

    fn jobs(&self) -> Result<Vec<Job>, LibraryError> {
        self.ask(OpenIndex::jobs)
    }

    fn bad_files(&self) -> Result<Vec<BadFile>, LibraryError> {
        self.ask(OpenIndex::bad_files)
    }

    fn state(&self) -> Result<LibraryState, LibraryError> {
        self.ask(OpenIndex::state)
    }

    fn subtitles(&self, id: &MediaId) -> Result<Vec<SubtitleTrack>, LibraryError> {
        self.ask(|index| index.subtitles(id))
    }

    fn export(
        &self,
        format: ExportFormat,
        hits: &[ExportHit],
    ) -> Result<ExportedFile, LibraryError> {
        self.ask(|index| index.export(format, hits))
    }

    fn proxy(
        &self,
        media: &Media,
        span: TimeSpan,
        into: &Path,
        cancel: &CancelToken,
    ) -> Result<(), LibraryError> {
        let (settings, tables) = (CutSettings::proxy(), self.frame_tables.as_ref());
        let error = match encode_span_until(cancel, &media.path, span, into, &settings, tables) {
            Ok(_) => return Ok(()),
            Err(error @ VideoError::Cancelled { .. }) => {
                return Err(failed("the copy was given up", error));
            }
            Err(error) => error,
        };
        check_file(media)?;
        match VideoReader::open(&media.path) {
            Ok(_) => Err(failed("no copy of this part can be made", error)),
            // In the words of the pictures.
            Err(_) => {
                let words = format!("{} cannot be decoded", media.name);
                Err(LibraryError::NotThere(words, Some(Box::new(error))))
            }
        }
    }
}
