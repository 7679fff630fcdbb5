//! The files and folders that annotations are written to.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use locvtp_video::whole_file::new_file;

use crate::error::CorpusError;

/// The folder, which is made.
pub(super) fn made(folder: PathBuf) -> Result<PathBuf, CorpusError> {
    fs::create_dir_all(&folder).map_err(CorpusError::writing(&folder))?;
    Ok(folder)
}

pub(super) fn text_file(
    path: &Path,
    body: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), CorpusError> {
    let written = new_file(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        body(&mut file)?;
        file.flush()
    });
    written.map_err(CorpusError::writing(path))
}

pub(super) fn json_file(path: &Path, value: &impl serde::Serialize) -> Result<(), CorpusError> {
    text_file(path, |file| {
        serde_json::to_writer(&mut *file, value)?;
        writeln!(file)
    })
}
