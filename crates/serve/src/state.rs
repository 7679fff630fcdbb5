//! What all requests share.

use std::sync::Arc;

use locvtp_video::FrameTableCache;
use tokio::sync::Semaphore;

use crate::file_cache::FileCache;
use crate::library::Library;
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
    /// For questions to the index and for pictures.
    pub(crate) workers: Workers,
    /// For proxies, which take longer.
    pub(crate) proxy_workers: Workers,
    /// Places for bodies with a picture.
    pub(crate) large_bodies: Arc<Semaphore>,
    /// Places to read a piece of a file that is being sent.
    pub(crate) reads: Arc<Semaphore>,
    pub(crate) pictures: FileCache,
    pub(crate) proxies: FileCache,
}
