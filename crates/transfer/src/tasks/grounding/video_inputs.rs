//! The clips of videos as a head takes them: read from the feature file when a video is asked for,
//! prepared once, and kept while there is room.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use locvtp_features::VideoFeatures;

use crate::error::TransferError;
use crate::inputs::ClipFeatures;
use crate::inputs::input_error::InputError;
use crate::observer::TaskObserver;

/// Prepared numbers that are kept in memory; videos beyond are read again in every epoch.
const KEPT_BYTES: usize = 4 << 30;

/// Makes a head's input of a video's features.
pub(super) type Prepare = Box<dyn Fn(&VideoFeatures) -> Vec<f32> + Send + Sync>;

/// Inputs of a head, by video.
pub(super) struct VideoInputs {
    features: Mutex<ClipFeatures>,
    prepare: Prepare,
    cache: Mutex<InputCache>,
}

#[derive(Default)]
struct InputCache {
    inputs: HashMap<String, Arc<[f32]>>,
    bytes: usize,
}

impl VideoInputs {
    /// Nothing is read yet.
    pub(super) fn new(features: ClipFeatures, prepare: Prepare) -> Self {
        Self { features: Mutex::new(features), prepare, cache: Mutex::default() }
    }

    /// Reads the features of all videos once, so that what is wrong with the last one that is tested is
    /// known before a head is trained, and not after. What there is room for is kept, so this costs one
    /// reading of the file at most; `ids` are kept in their order.
    ///
    /// # Errors
    /// As [`VideoInputs::get`]; [`TransferError::Stopped`] when `observer` stops it.
    pub(super) fn read_all<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
        observer: &mut dyn TaskObserver,
    ) -> Result<(), TransferError> {
        let mut known = BTreeSet::new();
        let ids: Vec<&str> = ids.filter(|id| known.insert(*id)).collect();
        for (done, id) in ids.iter().enumerate() {
            if observer.should_stop() {
                return Err(TransferError::Stopped);
            }
            self.get(id)?;
            observer.progress("features read of videos", done + 1, ids.len());
        }
        Ok(())
    }

    /// The input of a video, by its id in the feature file.
    ///
    /// # Errors
    /// When it is not there, or its features are no table of finite numbers.
    pub(super) fn get(&self, id: &str) -> Result<Arc<[f32]>, TransferError> {
        if let Some(input) = lock(&self.cache).inputs.get(id) {
            return Ok(input.clone());
        }
        let features = {
            let mut file = lock(&self.features);
            let path = file.path().to_owned();
            file.read(id)?.ok_or(InputError::FeaturesGone { path, id: id.to_owned() })?
        };
        let input: Arc<[f32]> = (self.prepare)(&features).into();
        let mut cache = lock(&self.cache);
        let bytes = std::mem::size_of_val(&*input);
        if cache.bytes + bytes <= KEPT_BYTES
            && cache.inputs.insert(id.to_owned(), input.clone()).is_none()
        {
            cache.bytes += bytes;
        }
        Ok(input)
    }
}

/// A lock whose holder panicked guards plain data that is whole at all times.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
