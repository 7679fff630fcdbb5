//! Samples that cannot be decoded, and others in their place: of pre-training, and of tasks that tune
//! a model on videos.
//!
//! What stands in is the caller's choice and a pure function of the step. What is remembered here
//! changes none of it: which samples were bad, so that each is told once, and which files hung. One
//! that hung is not opened again. That would wait for `limits.stall_s` and leave another thread
//! behind each time it is drawn; and no rule makes the same of a disk that answers at one time and
//! not at another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use locvtp_video::VideoError;
use locvtp_video::causes::with_causes;

use crate::error::TrainError;

/// How many others are tried when one cannot be decoded, before the step fails.
const MOST_TRIED: usize = 16;

/// A sample, and the file that it is decoded from; several samples may be of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleOfFile {
    /// The number of the sample: it is told of, and counted, once.
    pub sample: usize,
    /// The number of its file: where it hangs, no sample of it is tried again.
    pub file: usize,
}

impl SampleOfFile {
    /// A sample that is the only one of its file.
    pub fn alone(number: usize) -> Self {
        Self { sample: number, file: number }
    }
}

/// A sample that could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndecodableSample {
    /// The number of the sample.
    pub sample: usize,
    /// Why.
    pub reason: String,
}

/// The samples that could not be decoded so far; shared by the loader's threads.
#[derive(Debug)]
pub struct Replacements {
    /// What the samples are of, for errors.
    corpus: String,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    undecodable: BTreeSet<usize>,
    /// Not told of yet.
    new: Vec<UndecodableSample>,
    /// Files that hung, with the reason.
    hung: BTreeMap<usize, String>,
}

impl Replacements {
    /// None could not be decoded yet; `corpus` is named in errors.
    pub fn new(corpus: impl Into<String>) -> Self {
        Self { corpus: corpus.into(), noted: Mutex::default() }
    }

    /// What `read` gives of `wanted`, or of the first of `others` that can be decoded.
    ///
    /// # Errors
    /// When none of those that are tried can be decoded.
    pub fn first_decodable<S, T>(
        &self,
        step: u64,
        wanted: S,
        others: impl Iterator<Item = S>,
        number_of: impl Fn(&S) -> SampleOfFile,
        mut read: impl FnMut(S) -> Result<T, VideoError>,
    ) -> Result<T, TrainError> {
        let (mut tried, mut example) = (0, String::new());
        for candidate in std::iter::once(wanted).chain(others.take(MOST_TRIED)) {
            let number = number_of(&candidate);
            match self.decoded(number, || read(candidate)) {
                Ok(found) => return Ok(found),
                Err(reason) => (tried, example) = (tried + 1, reason),
            }
        }
        let corpus = self.corpus.clone();
        Err(TrainError::NoReplacement { corpus, step, tried: tried - 1, example })
    }

    /// What `read` gives of one sample.
    ///
    /// # Errors
    /// Why it cannot be decoded, with the causes, which is noted; `read` is not asked where its file
    /// hung before.
    pub fn decoded<T>(
        &self,
        SampleOfFile { sample, file }: SampleOfFile,
        read: impl FnOnce() -> Result<T, VideoError>,
    ) -> Result<T, String> {
        let hung = self.noted().hung.get(&file).cloned();
        if let Some(reason) = hung {
            // Its file was told of already.
            self.noted().undecodable.insert(sample);
            return Err(reason);
        }
        read().map_err(|error| {
            let reason = with_causes(&error);
            let mut noted = self.noted();
            let is_first_of_hung = match error {
                VideoError::GaveUp { .. } => noted.hung.insert(file, reason.clone()).is_none(),
                _ => true,
            };
            if noted.undecodable.insert(sample) && is_first_of_hung {
                noted.new.push(UndecodableSample { sample, reason: reason.clone() });
            }
            reason
        })
    }

    /// How many samples could not be decoded.
    pub fn num_undecodable(&self) -> usize {
        self.noted().undecodable.len()
    }

    /// Samples that could not be decoded and were not told of yet; each comes once, and of a file that
    /// hung one.
    pub fn new_undecodable(&self) -> Vec<UndecodableSample> {
        std::mem::take(&mut self.noted().new)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use locvtp_video::{ReadLimits, VideoReader};

    use super::*;

    /// An error as videos make them.
    fn gone() -> VideoError {
        let Err(error) = VideoReader::open(Path::new("/gone.mp4")) else {
            panic!("/gone.mp4 is there")
        };
        error
    }

    fn hung() -> VideoError {
        VideoError::GaveUp {
            path: "/share/slow.mp4".into(),
            action: "open it".into(),
            reason: "nothing was read for 30 s".into(),
            limit: ReadLimits::default().reached("stall_s"),
        }
    }

    fn replacements() -> Replacements {
        Replacements::new("the training videos")
    }

    #[test]
    fn another_takes_the_place_and_each_bad_one_is_told_of_once() {
        let replacements = replacements();
        let read = |sample: usize| if sample < 2 { Err(gone()) } else { Ok(sample) };
        let number_of = |sample: &usize| SampleOfFile::alone(*sample);
        for _ in 0..3 {
            let found = replacements.first_decodable(7, 0, 1..9, number_of, read).unwrap();
            assert_eq!(found, 2);
        }
        assert_eq!(replacements.num_undecodable(), 2);
        let told = replacements.new_undecodable();
        assert_eq!(told.iter().map(|bad| bad.sample).collect::<Vec<_>>(), [0, 1]);
        assert!(told[0].reason.contains("/gone.mp4"), "{told:?}");
        assert!(replacements.new_undecodable().is_empty());
    }

    #[test]
    fn where_nothing_can_be_decoded_the_step_is_named_and_the_search_ends() {
        let mut asked = 0;
        let read = |_| {
            asked += 1;
            Err::<(), _>(gone())
        };
        let number_of = |sample: &usize| SampleOfFile::alone(*sample);
        let found = replacements().first_decodable(7, 5, 6.., number_of, read);
        let error = found.unwrap_err().to_string();
        assert!(error.contains("step 7") && error.contains("the training videos"), "{error}");
        assert!(error.contains("/gone.mp4"), "{error}");
        assert_eq!(asked, 1 + MOST_TRIED);
    }

    #[test]
    fn a_file_that_hung_is_not_opened_again_and_told_of_once_for_all_of_its_samples() {
        let replacements = replacements();
        // Samples 0 and 1 are of the file that hangs, 2 is of another.
        let number_of = |sample: &usize| SampleOfFile { sample: *sample, file: sample / 2 };
        let mut opened = 0;
        for wanted in [0, 1, 0] {
            let read = |sample: usize| {
                if sample < 2 {
                    opened += 1;
                    return Err(hung());
                }
                Ok(sample)
            };
            let others = [2].into_iter();
            let found = replacements.first_decodable(3, wanted, others, number_of, read);
            assert_eq!(found.unwrap(), 2);
        }
        assert_eq!(opened, 1);
        assert_eq!(replacements.num_undecodable(), 2, "both samples are counted");
        let told = replacements.new_undecodable();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].reason.contains("gave up trying to open it"), "{told:?}");
    }

    #[test]
    fn a_file_that_is_damaged_is_tried_again_as_other_frames_of_it_may_be_whole() {
        let replacements = replacements();
        let number = SampleOfFile::alone(4);
        replacements.decoded(number, || Err::<(), _>(gone())).unwrap_err();
        assert_eq!(replacements.decoded(number, || Ok(9)), Ok(9));
    }
}
