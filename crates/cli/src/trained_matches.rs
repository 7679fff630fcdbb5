//! `K` of a model: how many words its training matched to a clip.
//!
//! A model directory holds what is needed to embed, not how it was trained, so the run file of the
//! run it lies in is asked. A model that lies in no run is taken to have the paper's `K`.

use std::path::Path;

use locvtp_model::CorrespondenceConfig;
use locvtp_train::{Experiment, RUN_FILE};
use locvtp_transfer::locate_model;

use crate::output;

/// `correspondence.num_matches` of the run whose model (or checkpoint) is in `dir`; 3 outside of
/// runs.
pub(crate) fn trained_matches(dir: &Path) -> usize {
    let default = CorrespondenceConfig::default().num_matches;
    let Ok(model) = locate_model(dir).canonicalize() else { return default };
    // A model lies in the run's folder, a checkpoint one deeper.
    let mut above = model.ancestors().skip(1).take(2).map(|folder| folder.join(RUN_FILE));
    let Some(run_file) = above.find(|file| file.is_file()) else { return default };
    match Experiment::read(&run_file, &[]) {
        Ok(experiment) => experiment.correspondence.num_matches,
        Err(error) => {
            output::note(&format!(
                "warning: clips are compared with {default} words each, as the run file cannot be \
                 read: {error}"
            ));
            default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_and_a_checkpoint_have_the_matches_of_their_run() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("runs/mine");
        let places = ["model", "checkpoints/step-00000010"].map(|place| run.join(place));
        for place in &places {
            std::fs::create_dir_all(place).unwrap();
            std::fs::write(place.join("config.json"), "{}").unwrap();
            assert_eq!(trained_matches(place), 3, "no run file yet");
        }
        std::fs::write(run.join(RUN_FILE), "[correspondence]\nnum_matches = 5\n").unwrap();
        assert!(places.iter().all(|place| trained_matches(place) == 5));
        assert_eq!(trained_matches(&run), 5, "a run stands for its model");
        std::fs::write(run.join(RUN_FILE), "no run file").unwrap();
        assert_eq!(trained_matches(&run), 3);
    }
}
