//! What the ranks of a run agree on: how it begins, whether each step can be done, and whether it goes on.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use locvtp_cluster::{Communicator, Course, Fact, agree, same_on_all};
use locvtp_model::LocVtp;
use locvtp_video::causes::with_causes;

use crate::error::TrainError;
use crate::experiment::Experiment;
use crate::usable::{BadVideo, videos_of_corpus};

/// Whether this rank writes and tells for all.
pub(crate) fn is_first(ranks: &dyn Communicator) -> bool {
    ranks.rank().index() == 0
}

/// What rank 0 does for all; on the others [`None`].
///
/// # Errors
/// On all ranks, when it fails on rank 0.
pub(crate) fn on_first<T>(
    ranks: &dyn Communicator,
    work: impl FnOnce() -> Result<T, TrainError>,
) -> Result<Option<T>, TrainError> {
    let done = is_first(ranks).then(work).transpose();
    let own = done.as_ref().map(|_| Course::GoOn).map_err(|error| with_causes(error));
    match (done, agree(ranks, own, &mut [])) {
        (Err(own), _) => Err(own),
        (Ok(_), Err(other)) => Err(other.into()),
        (Ok(done), Ok(_)) => Ok(done),
    }
}

/// Refuses ranks that would not train the same model on the same batches. That they run the same program was seen when
/// they shared the opening of the videos.
///
/// # Errors
/// With what differs, and which ranks have what.
pub(crate) fn check_sameness(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    fingerprint: u32,
    next_step: u64,
    model: &LocVtp,
) -> Result<(), TrainError> {
    if ranks.rank().world_size() == 1 {
        return Ok(());
    }
    // How files are read may differ between machines; it changes no result.
    let settings = Experiment { loader: <_>::default(), ..experiment.clone() }.to_toml();
    let facts = [
        Fact::hashed("settings of the run file", settings.as_bytes()),
        videos_of_corpus(fingerprint),
        Fact::shown("step to do next", next_step),
        Fact::shown("weights, by their checksum", checksum(model)),
    ];
    Ok(same_on_all(ranks, &facts)?)
}

/// CRC-32 of all weights, in the order of the model.
fn checksum(model: &LocVtp) -> u32 {
    struct Sum(crc32fast::Hasher);
    impl ModuleVisitor for Sum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.update(param.val().into_data().as_bytes());
        }
    }
    let mut sum = Sum(crc32fast::Hasher::new());
    model.visit(&mut sum);
    sum.0.finalize()
}

/// What every rank made for a step, if all could make it; and on rank 0 the videos that any of them found
/// bad on the way.
///
/// # Errors
/// On all ranks when one has failed.
pub(crate) fn all_made<T>(
    ranks: &dyn Communicator,
    made: Result<T, TrainError>,
    bad: Vec<BadVideo>,
) -> Result<(T, Vec<BadVideo>), TrainError> {
    let own = made.as_ref().map(|_| Course::GoOn).map_err(|error| with_causes(error));
    let mut counts = [bad.len() as f64];
    match (made, agree(ranks, own, &mut counts)) {
        (Err(own), _) => Err(own),
        (Ok(_), Err(other)) => Err(other.into()),
        (Ok(made), Ok(_)) => Ok((made, if counts[0] > 0.0 { of_all(ranks, bad)? } else { bad })),
    }
}

/// The bad videos of all ranks, those of rank 0 first.
fn of_all(ranks: &dyn Communicator, own: Vec<BadVideo>) -> Result<Vec<BadVideo>, TrainError> {
    let own = serde_json::to_vec(&own).expect("plain data");
    let all = ranks.gather_bytes(&own)?.into_iter();
    let read = |bytes: Vec<u8>| -> Vec<BadVideo> {
        serde_json::from_slice(&bytes).expect("another rank's list of the same program")
    };
    Ok(all.flat_map(read).collect())
}

/// Whether any rank wants to stop.
pub(crate) fn any_stops(ranks: &dyn Communicator, own: bool) -> Result<bool, TrainError> {
    let own = if own { Course::Stop } else { Course::GoOn };
    Ok(agree(ranks, Ok(own), &mut [])? == Course::Stop)
}

/// The number that rank 0 has found: machines of other kinds may have rounded it otherwise.
pub(crate) fn of_first(ranks: &dyn Communicator, own: f64) -> Result<f64, TrainError> {
    let mut number = [if is_first(ranks) { own } else { 0.0 }];
    ranks.sum_f64(&mut number)?;
    Ok(number[0])
}
