//! The targets: what makes a file, and what reads it.

mod clip_plans;
mod corpora;
mod feature_files;
mod hdf5_files;
mod journals;
mod model_directories;
mod pickles;
mod score_files;
mod settings_files;
mod shards;

use std::path::Path;

use crate::choices::Choices;

/// A maker of files, and their readers.
#[derive(Clone, Copy)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Makes the files of a case in an empty folder, and reads them.
    pub run: fn(&mut Choices, &Path),
}

/// All of them.
pub const ALL: &[Target] = &[
    Target { name: "pickles", run: pickles::run },
    Target { name: "safetensors", run: feature_files::safetensors },
    Target { name: "numpy", run: feature_files::numpy },
    Target { name: "journals", run: journals::run },
    Target { name: "hdf5", run: hdf5_files::run },
    Target { name: "model-directories", run: model_directories::run },
    Target { name: "annotations", run: corpora::annotations },
    Target { name: "subtitles", run: corpora::subtitles },
    Target { name: "shards", run: shards::run },
    Target { name: "run-files", run: settings_files::runs },
    Target { name: "task-files", run: settings_files::tasks },
    Target { name: "score-files", run: score_files::run },
    Target { name: "clip-plans", run: clip_plans::run },
];

/// The target of that name.
pub fn named(name: &str) -> Option<Target> {
    ALL.iter().copied().find(|target| target.name == name)
}
