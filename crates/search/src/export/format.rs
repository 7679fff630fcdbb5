//! Which format a file is written in, and writing it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use locvtp_video::whole_file::{PartName, write_whole};

use super::error::ExportError;
use super::hit::{Hit, file_name};
use super::source_clock::{SourceClock, SourceClocks};
use super::{csv, edl, fcpxml, json, otio, srt, vtt};

/// The formats of hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A table.
    Csv,
    /// For programs.
    Json,
    /// Subtitles of one video.
    Srt,
    /// Subtitles of one video, for browsers.
    Vtt,
    /// CMX 3600 edit list.
    Edl,
    /// OpenTimelineIO.
    Otio,
    /// Final Cut Pro's XML.
    Fcpxml,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Json, Self::Srt, Self::Vtt, Self::Edl, Self::Otio, Self::Fcpxml];

    /// The ending of its files, without a dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
            Self::Edl => "edl",
            Self::Otio => "otio",
            Self::Fcpxml => "fcpxml",
        }
    }

    /// What the name of a file says.
    ///
    /// # Errors
    /// For an ending that is none of theirs.
    pub fn of(path: &Path) -> Result<Self, ExportError> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let format = Self::ALL.into_iter().find(|format| format.ending() == ending);
        format.ok_or_else(|| ExportError::Format { path: path.to_owned() })
    }

    /// Whether it counts in frames and so needs the clocks of the sources.
    pub fn needs_clocks(self) -> bool {
        matches!(self, Self::Edl | Self::Otio | Self::Fcpxml)
    }

    /// Whether a file holds the hits of one video alone.
    pub fn is_of_one_video(self) -> bool {
        matches!(self, Self::Srt | Self::Vtt)
    }

    /// The text of a file. Formats that need no clocks take an empty map.
    ///
    /// # Errors
    /// What the format cannot say: see [`ExportError`].
    pub fn write(
        self,
        title: &str,
        hits: &[Hit],
        clocks: &SourceClocks,
    ) -> Result<String, ExportError> {
        match self {
            Self::Csv => Ok(csv::write(hits)),
            Self::Json => Ok(json::write(hits)),
            Self::Srt => Ok(srt::write(hits)),
            Self::Vtt => Ok(vtt::write(hits)),
            Self::Edl => edl::write(title, hits, clocks),
            Self::Otio => otio::write(title, hits, clocks),
            Self::Fcpxml => fcpxml::write(title, hits, clocks),
        }
    }
}

/// Writes the hits to `path` in the format of its ending, whole or not at all; reads the clocks of the
/// sources where the format needs them. Subtitles of several videos become a file a video,
/// `hits.VIDEO.srt`. The files that were written.
///
/// # Errors
/// An unknown ending, what the format cannot say, a source that cannot be read, a full disk.
pub fn export_file(path: &Path, hits: &[Hit]) -> Result<Vec<PathBuf>, ExportError> {
    let format = ExportFormat::of(path)?;
    let clocks =
        if format.needs_clocks() { SourceClock::read_all(hits)? } else { SourceClocks::new() };
    let title = path.file_stem().unwrap_or_default().to_string_lossy();
    let videos: BTreeSet<&Path> = hits.iter().map(|hit| hit.path.as_path()).collect();
    if !format.is_of_one_video() || videos.len() <= 1 {
        put(path, &format.write(&title, hits, &clocks)?)?;
        return Ok(vec![path.to_owned()]);
    }
    let mut written: Vec<PathBuf> = Vec::new();
    for video in videos {
        let of_video: Vec<Hit> = hits.iter().filter(|hit| hit.path == video).cloned().collect();
        let name = |more: &str| {
            let name = format!("{title}.{}{more}.{}", file_name(video), format.ending());
            path.with_file_name(name)
        };
        let numbered = (2u32..).map(|number| name(&format!("-{number}")));
        let mut places = std::iter::once(name("")).chain(numbered);
        let Some(place) = places.find(|place| !written.contains(place)) else { continue };
        put(&place, &format.write(&title, &of_video, &clocks)?)?;
        written.push(place);
    }
    Ok(written)
}

fn put(path: &Path, text: &str) -> Result<(), ExportError> {
    let write = |file: &mut File| -> io::Result<()> { file.write_all(text.as_bytes()) };
    let written = write_whole(path, PartName::Own, write);
    written.map_err(|source| ExportError::Write { path: path.to_owned(), source })
}
