//! What bodies of requests may take together.
//!
//! The first [`SMALL`] bytes of each are free. Beyond them, bytes are counted while they come, and a body gets one of a few
//! places to be worked on when it is whole: half a body, whose other half never comes, holds no place.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;
use crate::settings::ServeLimits;

/// Bytes of a body that every connection may hold; who sends more waits for a place.
pub(crate) const SMALL: usize = 64 << 10;
/// Bytes that are counted as one.
const UNIT: usize = 1 << 10;

/// The memory and the places for bodies.
pub(crate) struct Bodies {
    memory: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A body that is being read.
pub(crate) struct Body<'a> {
    of: &'a Bodies,
    pub(crate) bytes: Vec<u8>,
    memory: Option<OwnedSemaphorePermit>,
}

/// What a large body takes as long as it is worked on.
pub(crate) struct Place {
    _memory: Option<OwnedSemaphorePermit>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub(crate) fn new(limits: &ServeLimits) -> Self {
        let units = (limits.bodies_bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        let places = limits.large_bodies.max(1);
        Self { memory: Arc::new(Semaphore::new(units)), places: Arc::new(Semaphore::new(places)) }
    }

    /// One that begins to come.
    pub(crate) fn begin(&self) -> Body<'_> {
        Body { of: self, bytes: Vec::new(), memory: None }
    }
}

impl Body<'_> {
    /// Takes what came.
    ///
    /// # Errors
    /// When all bodies together are too many bytes. Nobody waits for room: two that wait for each other would do
    /// so for ever.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Problem> {
        let counted = (self.bytes.len() + piece.len()).saturating_sub(SMALL).div_ceil(UNIT);
        let held = self.memory.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if let Ok(more @ 1..) = u32::try_from(counted.saturating_sub(held)) {
            let more = Arc::clone(&self.of.memory).try_acquire_many_owned(more);
            let more = more.map_err(|_| Problem::busy())?;
            match &mut self.memory {
                Some(memory) => memory.merge(more),
                None => self.memory = Some(more),
            }
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// The whole, when it may be worked on.
    pub(crate) async fn whole(self) -> Result<(Vec<u8>, Place), Problem> {
        let place = match self.bytes.len() {
            ..=SMALL => None,
            _ => Some(
                Arc::clone(&self.of.places).acquire_owned().await.map_err(|_| Problem::busy())?,
            ),
        };
        Ok((self.bytes, Place { _memory: self.memory, _place: place }))
    }
}
