//! What all requests share.

use std::sync::Arc;

use locvtp_video::FrameTableCache;
use tokio::sync::Semaphore;

use crate::bodies::Bodies;
use crate::file_cache::FileCache;
use crate::library::Library;
use crate::query::Query;
use crate::settings::ServeLimits;
use crate::token::{Session, Token};
use crate::workers::Workers;

/// Lent to every handler.
pub(crate) type Shared = Arc<State>;

/// The index, the bounds, and what was made already.
pub(crate) struct State {
    pub(crate) library: Arc<dyn Library>,
    pub(crate) is_loopback: bool,
    pub(crate) token: Option<Token>,
    pub(crate) session: Session,
    pub(crate) limits: ServeLimits,
    /// Where it is kept whether the clocks of videos go on.
    pub(crate) frame_tables: Option<FrameTableCache>,
    /// For looking a video up and opening its file, which must not wait for questions.
    pub(crate) readers: Workers,
    /// For questions to the index and for pictures of videos.
    pub(crate) workers: Workers,
    /// For questions that look into the videos.
    pub(crate) refining_workers: Workers,
    /// For questions with a picture.
    pub(crate) picture_workers: Workers,
    /// For proxies, which take longer.
    pub(crate) proxy_workers: Workers,
    pub(crate) bodies: Bodies,
    /// Places to read a piece of a file that is being sent.
    pub(crate) reads: Arc<Semaphore>,
    pub(crate) pictures: FileCache,
    pub(crate) proxies: FileCache,
}

impl State {
    /// Who answers a question: those that take long have places of their own, so that lists, pictures and other questions
    /// are answered meanwhile.
    pub(crate) fn workers_of(&self, query: &Query) -> &Workers {
        match query {
            Query { image: Some(_), .. } => &self.picture_workers,
            Query { refine: true, .. } => &self.refining_workers,
            _ => &self.workers,
        }
    }

    /// The same for the scores of one video, in which nothing is refined.
    pub(crate) fn workers_of_heat(&self, query: &Query) -> &Workers {
        if query.image.is_some() { &self.picture_workers } else { &self.workers }
    }
}
