//! One split before it is rendered: its scripts, and what is told of them.

use std::path::Path;

use super::config::SyntheticConfig;
use super::narration::{Told, narrate};
use super::procedure::Procedures;
use super::script::Script;
use super::split::Split;
use crate::corpus::NarratedVideo;

/// One split before it is rendered.
pub(super) struct Plan {
    pub(super) split: Split,
    pub(super) scripts: Vec<Script>,
    /// What is told of each video.
    pub(super) narration: Vec<Vec<Told>>,
    pub(super) videos: Vec<NarratedVideo>,
}

impl Plan {
    /// What is to be rendered into the folder `dir` of a split.
    pub(super) fn new(
        config: &SyntheticConfig,
        procedures: &Procedures,
        split: Split,
        dir: &Path,
    ) -> Self {
        let scripts: Vec<_> = (0..split.num_videos(config))
            .map(|index| Script::write(config, procedures, split, index))
            .collect();
        let narration: Vec<_> = scripts
            .iter()
            .enumerate()
            .map(|(index, script)| narrate(config, script, split, index))
            .collect();
        let videos = scripts
            .iter()
            .zip(&narration)
            .map(|(script, told)| {
                let file = dir.join("videos").join(format!("{}.mp4", script.id));
                let captions = told.iter().map(|told| told.caption.clone()).collect();
                NarratedVideo::new(script.id.as_str(), file, captions)
            })
            .collect();
        Self { split, scripts, narration, videos }
    }
}
