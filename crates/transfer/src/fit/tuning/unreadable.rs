//! Samples that cannot be decoded: each is named once, counted, and another taken in its place.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use locvtp_train::TrainError;
use locvtp_video::VideoError;

use crate::error::with_causes;

/// How many others are tried when one cannot be decoded.
const REPLACEMENTS: usize = 16;

/// Those that could not be decoded so far; shared by the loader's threads.
#[derive(Default)]
pub struct Unreadable(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    seen: BTreeSet<usize>,
    new: Vec<String>,
}

impl Unreadable {
    /// What `read` gives of `wanted`, or of the first of `others` that can be read.
    ///
    /// # Errors
    /// When none of those that are tried can be read.
    pub fn replaced<T>(
        &self,
        wanted: usize,
        others: impl Iterator<Item = usize>,
        step: u64,
        mut read: impl FnMut(usize) -> Result<T, VideoError>,
    ) -> Result<T, TrainError> {
        let (mut tried, mut example) = (0, String::new());
        for place in std::iter::once(wanted).chain(others.take(REPLACEMENTS)) {
            match read(place) {
                Ok(found) => return Ok(found),
                Err(error) => {
                    tried += 1;
                    example = with_causes(&error);
                    let mut noted = self.noted();
                    if noted.seen.insert(place) {
                        noted.new.push(format!("replaced from now on: {example}"));
                    }
                }
            }
        }
        let corpus = "the training videos".to_owned();
        Err(TrainError::NoReplacement { corpus, step, tried: tried - 1, example })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.noted().seen.len()
    }

    /// What to tell of them; each comes once.
    pub fn new_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.noted().new)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use locvtp_video::VideoReader;

    use super::*;

    /// An error as videos make them.
    fn gone() -> VideoError {
        let Err(error) = VideoReader::open(Path::new("/gone.mp4")) else {
            panic!("/gone.mp4 is there")
        };
        error
    }

    #[test]
    fn another_takes_the_place_and_each_bad_one_is_told_of_once() {
        let unreadable = Unreadable::default();
        let read = |place: usize| if place < 2 { Err(gone()) } else { Ok(place) };
        for _ in 0..3 {
            let found = unreadable.replaced(0, 1..9, 7, read).unwrap();
            assert_eq!(found, 2);
        }
        assert_eq!(unreadable.count(), 2);
        assert_eq!(unreadable.new_warnings().len(), 2);
        assert!(unreadable.new_warnings().is_empty());
    }

    #[test]
    fn where_nothing_can_be_read_the_step_is_named_and_the_search_ends() {
        let unreadable = Unreadable::default();
        let mut asked = 0;
        let read = |_| {
            asked += 1;
            Err::<(), _>(gone())
        };
        let error = unreadable.replaced(5, 6.., 7, read).unwrap_err();
        assert!(error.to_string().contains("step 7"), "{error}");
        assert!(error.to_string().contains("/gone.mp4"), "{error}");
        assert_eq!(asked, 1 + REPLACEMENTS);
    }
}
