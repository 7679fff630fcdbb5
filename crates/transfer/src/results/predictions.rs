//! The answers that a task was measured on, as files that `locvtp score` reads.
//!
//! What is measured is written, no more: as many moments of a query as the numbers look at. So whoever
//! wants other numbers, or to look at answers one by one, need not run the task again, and whoever
//! doubts a number measures it with another program. The formats: `docs/score.md`.

use std::path::Path;

use locvtp_features::npy_bytes;
use locvtp_model::model_directory::write_synced;
use serde::Serialize;

use crate::error::TransferError;
use locvtp_measure::Metrics;
use locvtp_measure::metrics::ScoreMatrix;

/// JSON lines of answers.
pub const PREDICTIONS: &str = "predictions.jsonl";

/// Which videos were tested, one a line: what `locvtp score --only` takes.
pub const TEST_VIDEOS: &str = "test_videos.txt";

/// What was measured, with the answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tested {
    /// The numbers.
    pub metrics: Metrics,
    /// What they are of; nothing where no other command reads the answers.
    pub predictions: Vec<PredictionFile>,
}

impl From<Metrics> for Tested {
    fn from(metrics: Metrics) -> Self {
        Self { metrics, predictions: Vec::new() }
    }
}

/// Answers as a file, not yet written.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionFile {
    name: String,
    bytes: Vec<u8>,
}

impl PredictionFile {
    /// A line of JSON for every answer. Times are written so that reading gives the same bits.
    pub fn json_lines(name: &str, lines: impl IntoIterator<Item = impl Serialize>) -> Self {
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, &line).expect("plain data");
            bytes.push(b'\n');
        }
        Self { name: name.to_owned(), bytes }
    }

    /// A line of text for each.
    pub fn lines(name: &str, lines: impl IntoIterator<Item = impl ToString>) -> Self {
        let text: String = lines.into_iter().map(|line| line.to_string() + "\n").collect();
        Self { name: name.to_owned(), bytes: text.into_bytes() }
    }

    /// A matrix as NumPy's `.npy`, `<f4`, a row a query.
    pub fn matrix(name: &str, scores: &ScoreMatrix) -> Self {
        let rows = (0..scores.num_queries()).flat_map(|query| scores.row(query).iter().copied());
        let bytes = npy_bytes(scores.num_queries(), scores.num_candidates(), rows);
        Self { name: name.to_owned(), bytes }
    }

    /// Writes it into a folder; a reader sees the old file or the new one.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn write(&self, folder: &Path) -> Result<(), TransferError> {
        Ok(write_synced(&folder.join(&self.name), &self.bytes)?)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Writes files into `folder`, which is called `name` in the folder of the task; returns what they are
/// called there.
pub(crate) fn write_all(
    files: &[PredictionFile],
    folder: &Path,
    name: &Path,
) -> Result<Vec<String>, TransferError> {
    let write = |file: &PredictionFile| {
        file.write(folder)?;
        Ok(name.join(&file.name).display().to_string())
    };
    files.iter().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use locvtp_measure::score::{Matrix, number_list, read_lines};

    #[test]
    fn a_matrix_is_read_as_it_was_written() {
        let values = vec![0.1f32, -2.5, f32::MIN_POSITIVE, 1e30, 0.0, 7.0];
        let scores = ScoreMatrix::new(values.clone(), 2, 3).unwrap();
        let folder = tempfile::tempdir().unwrap();
        PredictionFile::matrix("scores.npy", &scores).write(folder.path()).unwrap();
        let path = folder.path().join("scores.npy");
        let read = Matrix::read(&path).unwrap();
        assert_eq!(read, Matrix { values, rows: 2, columns: 3 });
    }

    #[test]
    fn times_are_read_as_they_were_written() {
        let times = [0.1 + 0.2, 1.0 / 3.0, f64::from(7.3f32), 1e-17];
        let folder = tempfile::tempdir().unwrap();
        PredictionFile::json_lines("t.jsonl", [times]).write(folder.path()).unwrap();
        let read = read_lines(&folder.path().join("t.jsonl"), number_list).unwrap();
        assert_eq!(read, [(1, times.to_vec())]);
    }
}
