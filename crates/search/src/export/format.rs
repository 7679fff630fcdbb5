//! Which format a file is written in, and writing it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use locvtp_video::whole_file::{PartName, write_whole};

use super::error::ExportError;
use super::frame_rate::FrameRate;
use super::hit::{Hit, file_name};
use super::source_clock::{SourceClock, SourceClocks};
use super::{csv, edl, fcpxml, json, otio, srt, vtt};
use crate::short_name::{LONGEST, shortened};

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

    /// The hits that one file can hold, given the clocks of all sources; and of the sources of the others, why
    /// not: an EDL counts in frames of one constant rate.
    pub fn sorted_out(self, hits: &[Hit], clocks: &SourceClocks) -> (Vec<Hit>, Vec<ExportError>) {
        match self {
            Self::Edl => edl::sorted_out(hits, clocks),
            _ => (hits.to_vec(), Vec::new()),
        }
    }
}

/// What an export wrote.
#[derive(Debug, Default)]
pub struct Exported {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Why the moments of some sources are in none of them: one is gone, or an EDL, which counts in frames of one
    /// constant rate, cannot hold it.
    pub left_out: Vec<ExportError>,
    /// Why some files of several could not be written.
    pub failed: Vec<ExportError>,
    /// The rate of an EDL that editors give no timeline.
    pub odd_rate: Option<FrameRate>,
    /// Sources whose own clock starts again or jumps, in a list that counts in frames.
    pub joined: Vec<PathBuf>,
}

/// Refuses a file that cannot be written: an unknown ending, a missing folder, and, unless it may be
/// overwritten, a file that is there.
///
/// # Errors
/// [`ExportError::Format`], [`ExportError::NoFolder`], [`ExportError::Exists`] and, of a folder or a pipe,
/// [`ExportError::NoFile`].
pub fn check_place(path: &Path, overwrite: bool) -> Result<ExportFormat, ExportError> {
    let format = ExportFormat::of(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if !folder.is_none_or(Path::is_dir) {
        return Err(ExportError::NoFolder { path: path.to_owned() });
    }
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(ExportError::Exists { path: path.to_owned() });
    }
    // Of a link what it leads to counts.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(ExportError::NoFile { path: path.to_owned() });
    }
    Ok(format)
}

/// Writes the hits to `path` in the format of its ending; reads the clocks of the sources where the format
/// needs them, and leaves out those that cannot be read. Subtitles of several videos become a file a video,
/// `hits.VIDEO.srt`. Each file is written whole or not at all, and one that cannot be written leaves the others. A link in
/// the place is kept, and the file that it leads to is written.
///
/// # Errors
/// As [`check_place`], and what the format cannot say of any of the hits, no source that can be read, a
/// full disk. Where there is one, no file was written.
pub fn export_file(path: &Path, hits: &[Hit], overwrite: bool) -> Result<Exported, ExportError> {
    let format = check_place(path, overwrite)?;
    let (clocks, mut left_out) = match format.needs_clocks() {
        true => SourceClock::read_those_there(hits),
        false => (SourceClocks::new(), Vec::new()),
    };
    let is_readable = |hit: &&Hit| !format.needs_clocks() || clocks.contains_key(&hit.path);
    let mut kept: Vec<Hit> = hits.iter().filter(is_readable).cloned().collect();
    if kept.is_empty() && !left_out.is_empty() {
        return Err(left_out.remove(0));
    }
    if format == ExportFormat::Edl {
        let (of_one_rate, others) = edl::sorted_out(&kept, &clocks);
        // Where none is left, the format says why.
        if !of_one_rate.is_empty() {
            kept = of_one_rate;
            left_out.extend(others);
        }
    }
    let title = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut files = Vec::new();
    for (place, hits) in places(path, format, &kept) {
        check_place(&place, overwrite)?;
        files.push((place, format.write(&title, &hits, &clocks)?));
    }
    let rate = kept.first().and_then(|hit| clocks.get(&hit.path)).map(|clock| clock.rate);
    let odd_rate = rate.filter(|it| format == ExportFormat::Edl && !it.is_of_timelines());
    let is_kept = |path: &PathBuf| kept.iter().any(|hit| hit.path == *path);
    let joined = clocks.iter().filter(|(path, clock)| clock.is_joined && is_kept(path));
    let joined = joined.map(|(path, _)| path.clone()).collect();
    let mut exported = Exported { left_out, odd_rate, joined, ..Exported::default() };
    for (place, text) in files {
        match put(&place, &text) {
            Ok(()) => exported.files.push(place),
            Err(error) => exported.failed.push(error),
        }
    }
    if exported.files.is_empty() && !exported.failed.is_empty() {
        return Err(exported.failed.remove(0));
    }
    Ok(exported)
}

/// The files and the hits of each.
fn places(path: &Path, format: ExportFormat, hits: &[Hit]) -> Vec<(PathBuf, Vec<Hit>)> {
    let videos: BTreeSet<&Path> = hits.iter().map(|hit| hit.path.as_path()).collect();
    if !format.is_of_one_video() || videos.len() <= 1 {
        return vec![(path.to_owned(), hits.to_vec())];
    }
    let title = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut places: Vec<(PathBuf, Vec<Hit>)> = Vec::new();
    for video in videos {
        let of_video = hits.iter().filter(|hit| hit.path == video).cloned().collect();
        let name = |more: &str| {
            let rest = format!("{more}.{}", format.ending());
            let video = file_name(video);
            let room = LONGEST.saturating_sub(title.len() + 1 + rest.len());
            path.with_file_name(format!("{title}.{}{rest}", shortened(&video, room)))
        };
        let numbered = (2u32..).map(|number| name(&format!("-{number}")));
        let is_free = |place: &PathBuf| !places.iter().any(|(taken, _)| taken == place);
        let place = std::iter::once(name("")).chain(numbered).find(is_free);
        places.extend(place.map(|place| (place, of_video)));
    }
    places
}

fn put(path: &Path, text: &str) -> Result<(), ExportError> {
    let write = |file: &mut File| -> io::Result<()> { file.write_all(text.as_bytes()) };
    let written = behind_links(path).and_then(|place| write_whole(&place, PartName::Own, write));
    written.map_err(|source| ExportError::Write { path: path.to_owned(), source })
}

/// Links that are followed, one after the other.
const MOST_LINKS: usize = 40;

/// The place that a link leads to, also where nothing lies yet: a new file would take the link's place.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = std::fs::read_link(&place) else { return Ok(place) };
        // From the folder of the link, where it is no whole path.
        place = place.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::other("its links lead round in a circle"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_written_through_links_also_where_nothing_lies_behind_them_yet() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("below")).unwrap();
        std::os::unix::fs::symlink("below/link.csv", at("first.csv")).unwrap();
        std::os::unix::fs::symlink("list.csv", at("below/link.csv")).unwrap();
        for text in ["one", "two"] {
            put(&at("first.csv"), text).unwrap();
            assert_eq!(std::fs::read_to_string(at("below/list.csv")).unwrap(), text);
            assert!(at("first.csv").is_symlink() && at("below/link.csv").is_symlink());
        }
        std::os::unix::fs::symlink("round.csv", at("round.csv")).unwrap();
        put(&at("round.csv"), "none").unwrap_err();
    }
}
