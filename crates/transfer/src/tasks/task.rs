//! The tasks as one type: a task file is read into it, and it is run.

use std::path::Path;

use locvtp_model::Device;
use serde::Serialize;
use toml::Table;

use super::grounding::GroundingTask;
use super::probe::Probe;
use super::retrieval::Retrieval;
use super::segmentation::SegmentationTask;
use super::steps::StepsTask;
use crate::error::TransferError;
use crate::observer::TaskObserver;
use crate::results::task_result::TaskResult;

/// The settings of one task, defaults filled in and checked. Written, it is the file as resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Task {
    /// Find the video of a text, and back.
    Retrieval(Box<Retrieval>),
    /// Find the moment of a sentence.
    Grounding(Box<GroundingTask>),
    /// Find the steps of a task, in order.
    Steps(Box<StepsTask>),
    /// Name the action of every second.
    Segmentation(Box<SegmentationTask>),
    /// In which order do clips come, or how far apart are two?
    Probe(Box<Probe>),
}

impl Task {
    /// The settings as a table.
    pub fn table(&self) -> Table {
        Table::try_from(self).expect("settings are plain data")
    }

    /// Has frame tables kept in this folder, where clips are decoded in every epoch and the file does
    /// not say where.
    pub(super) fn keep_frame_tables(&mut self, folder: &Path) {
        let loader = match self {
            Self::Retrieval(task) => Some(&mut task.tune.loader),
            Self::Segmentation(task) => task.encoder.as_mut().map(|encoder| &mut encoder.loader),
            Self::Grounding(_) | Self::Steps(_) | Self::Probe(_) => None,
        };
        if let Some(loader) = loader {
            loader.frame_tables.get_or_insert_with(|| folder.to_owned());
        }
    }

    /// Runs the task in `folder`, or goes on there.
    ///
    /// # Errors
    /// When its files cannot be used, or something cannot be measured; [`TransferError::Stopped`] when
    /// `observer` stops it.
    pub(super) fn run(
        &self,
        folder: &Path,
        device: &Device,
        observer: &mut dyn TaskObserver,
    ) -> Result<TaskResult, TransferError> {
        match self {
            Self::Retrieval(task) => task.run(folder, device, observer),
            Self::Grounding(task) => task.run(folder, device, observer),
            Self::Steps(task) => task.run(folder, device, observer),
            Self::Segmentation(task) => task.run(folder, device, observer),
            Self::Probe(task) => task.run(folder, device, observer),
        }
    }
}
