//! Where the model directory is that a person means: the folder itself, or the one inside a run or
//! a demo folder.

use std::path::{Path, PathBuf};

use locvtp_model::model_directory::CONFIG_FILE;

/// Where a model directory may lie inside a folder: a run keeps its own, a demo its run's.
const PLACES: [&str; 3] = ["", "model", "run/model"];

/// The model directory in `dir`, or `dir` when there is none: reading it then says what is missing.
pub fn locate_model(dir: &Path) -> PathBuf {
    PLACES
        .iter()
        .map(|place| if place.is_empty() { dir.to_owned() } else { dir.join(place) })
        .find(|place| place.join(CONFIG_FILE).is_file())
        .unwrap_or_else(|| dir.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_and_a_demo_folder_lead_to_their_model() {
        let folder = tempfile::tempdir().unwrap();
        let demo = folder.path();
        assert_eq!(locate_model(demo), demo);
        let model = demo.join("run/model");
        std::fs::create_dir_all(&model).unwrap();
        std::fs::write(model.join(CONFIG_FILE), "{}").unwrap();
        for place in [demo, &demo.join("run"), &model] {
            assert_eq!(locate_model(place), model);
        }
    }
}
