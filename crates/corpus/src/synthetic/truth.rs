//! What truly happens in the videos of a split. For evaluation only: training never opens this
//! file.

use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use locvtp_video::whole_file::new_file;
use locvtp_video::{Seconds, TimeSpan, plain_file};
use serde::{Deserialize, Serialize};

use super::config::SyntheticConfig;
use super::script::Script;
use super::split::Split;
use super::vocabulary::Vocabulary;
use crate::error::CorpusError;

/// The file's name in a split's folder.
pub const TRUTH_FILE: &str = "truth.json";

/// The true events of every video of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Which split it describes.
    pub split: Split,
    /// What the indices of events stand for.
    pub vocabulary: Vocabulary,
    /// Sorted by id, as a corpus reads them.
    pub videos: Vec<TrueVideo>,
}

/// The true events of one video.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrueVideo {
    /// The corpus's id of the video.
    pub id: String,
    /// Length of the file.
    pub duration: Seconds,
    /// Which procedure of its split it is an instance of; none when the order is random.
    pub procedure: Option<usize>,
    /// One sentence for the whole video, for retrieval.
    pub caption: String,
    /// In order; they tile the video, and no combination comes twice.
    pub events: Vec<TrueEvent>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrueEvent {
    /// When it truly happens.
    pub span: TimeSpan,
    /// Index into [`Vocabulary::colours`].
    pub colour: usize,
    /// Index into [`Vocabulary::shapes`].
    pub shape: usize,
    /// Index into [`Vocabulary::actions`].
    pub action: usize,
    /// The three names, in the same order.
    pub names: [String; 3],
    /// A clean sentence that describes this event and no other of the video.
    pub query: String,
}

impl Truth {
    /// Reads the truth of the split in `dir`.
    ///
    /// # Errors
    /// When the file cannot be read or is not a truth file.
    pub fn read(dir: &Path) -> Result<Self, CorpusError> {
        let path = dir.join(TRUTH_FILE);
        let file = plain_file::open(&path)
            .map_err(|source| CorpusError::Read { path: path.clone(), source })?;
        serde_json::from_reader(BufReader::new(file))
            .map_err(|source| CorpusError::Truth { path, source })
    }

    pub(super) fn of(config: &SyntheticConfig, split: Split, scripts: &[Script]) -> Self {
        let vocabulary = Vocabulary::new(config.num_colours, config.num_shapes, &config.actions);
        let videos = scripts.iter().map(|script| true_video(config, &vocabulary, script)).collect();
        Self { split, vocabulary, videos }
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), CorpusError> {
        let path = dir.join(TRUTH_FILE);
        new_file(&path)
            .and_then(|file| {
                let mut out = BufWriter::new(file);
                serde_json::to_writer(&mut out, self)?;
                out.flush()
            })
            .map_err(|source| CorpusError::Write { path, source })
    }
}

fn true_video(config: &SyntheticConfig, vocabulary: &Vocabulary, script: &Script) -> TrueVideo {
    let events: Vec<_> = script
        .events
        .iter()
        .map(|event| {
            let (colour, shape, action) =
                (event.combination.colour, event.combination.shape, event.combination.action);
            TrueEvent {
                span: event.span(config.frame_rate_hz),
                colour,
                shape,
                action,
                names: [
                    vocabulary.colours[colour].clone(),
                    vocabulary.shapes[shape].clone(),
                    vocabulary.actions[action].name.clone(),
                ],
                query: vocabulary.sentence(colour, shape, action),
            }
        })
        .collect();
    let queries: Vec<_> = events.iter().map(|event| event.query.as_str()).collect();
    TrueVideo {
        id: script.id.clone(),
        duration: Seconds(config.num_frames() as f64 / f64::from(config.frame_rate_hz)),
        procedure: script.procedure,
        caption: queries.join(" and then "),
        events,
    }
}
