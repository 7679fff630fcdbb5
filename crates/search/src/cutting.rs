//! Hits as files of their own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use locvtp_video::{
    Cut, CutSettings, FrameTableCache, Seconds, TimeSpan, VideoError, copy_span, encode_span,
};

use crate::export::Hit;
use crate::short_name::{LONGEST, shortened};

/// How a hit is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutWay {
    /// The packets as they are, from the key frame before.
    Copy,
    /// To the frame, encoded anew.
    Exact,
}

/// A file that holds a hit.
#[derive(Clone, Debug, PartialEq)]
pub struct CutHit {
    /// The file.
    pub path: PathBuf,
    /// What was asked for.
    pub asked: TimeSpan,
    /// What it holds.
    pub cut: Cut,
    /// Whether a copy was asked for, whose first picture could not be decoded, so that it was encoded.
    pub is_no_copy: bool,
}

impl CutHit {
    /// In one line: the file, its stretch, and why it begins where it does.
    pub fn message(&self) -> String {
        let Self { path, asked, cut, is_no_copy } = self;
        let early = asked.start - cut.span.start;
        let way = match (cut.encoded, early > Seconds(0.005)) {
            (true, _) if *is_no_copy => {
                "encoded, from the frame: a copy could not be decoded from its first picture"
                    .to_owned()
            }
            (true, _) => "encoded, from the frame".to_owned(),
            (false, false) => "copied, its key frame is there".to_owned(),
            (false, true) => {
                format!("copied from the key frame {early} before; --exact begins at the frame")
            }
        };
        format!("{}: {} ({way})", path.display(), cut.span)
    }
}

/// Cuts each hit into a file of `folder`, named after its source and times. Where a file has that name a
/// number is added, unless it may be overwritten; links, folders and pipes stay what they are. One that fails does
/// not end the others. A copy that no player could begin is encoded instead. In `tables` is looked up whether the
/// clock of a file goes on (see [`copy_span`]).
pub fn cut_hits<'a>(
    hits: &'a [Hit],
    folder: &'a Path,
    way: CutWay,
    overwrite: bool,
    tables: Option<&'a FrameTableCache>,
) -> impl Iterator<Item = Result<CutHit, VideoError>> + 'a {
    let mut names = BTreeSet::new();
    hits.iter().map(move |hit| {
        let is_there = |name: &str| {
            let there = folder.join(name).symlink_metadata();
            there.is_ok_and(|there| !overwrite || !there.is_file())
        };
        let mut path_of = |way| folder.join(free_name(hit, way, &mut names, is_there));
        let exact =
            |path: &Path| encode_span(&hit.path, hit.span, path, &CutSettings::exact(), tables);
        let path = path_of(way);
        let asked = hit.span;
        match way {
            CutWay::Exact => {
                let cut = exact(&path)?;
                Ok(CutHit { path, asked, cut, is_no_copy: false })
            }
            CutWay::Copy => match copy_span(&hit.path, hit.span, &path, tables) {
                Err(VideoError::CopyUndecodable { .. }) => {
                    let path = path_of(CutWay::Exact);
                    let cut = exact(&path)?;
                    Ok(CutHit { path, asked, cut, is_no_copy: true })
                }
                cut => Ok(CutHit { path, asked, cut: cut?, is_no_copy: false }),
            },
        }
    })
}

/// `kitchen_12.50-15.00.mp4`, with a number where an earlier hit, or a file that is there, has that name.
fn free_name(
    hit: &Hit,
    way: CutWay,
    names: &mut BTreeSet<String>,
    is_there: impl Fn(&str) -> bool,
) -> String {
    let stem = hit.path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = match way {
        CutWay::Exact => "mp4".to_owned(),
        CutWay::Copy => ending(&hit.path),
    };
    let (start, end) = (hit.span.start.0, hit.span.end.0);
    let name = |more: String| {
        let rest = format!("_{start:.2}-{end:.2}{more}.{ending}");
        format!("{}{rest}", shortened(&stem, LONGEST.saturating_sub(rest.len())))
    };
    let numbered = (2u32..).map(|number| name(format!("-{number}")));
    let mut free = std::iter::once(name(String::new())).chain(numbered);
    let free = free.find(|name| !names.contains(name) && !is_there(name)).unwrap_or_default();
    names.insert(free.clone());
    free
}

/// The source's own ending where such files can be written; Matroska takes the rest.
fn ending(path: &Path) -> String {
    const WRITTEN: [&str; 11] =
        ["mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "mpg", "flv", "mxf", "3gp"];
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let ending = if matches!(ending.as_str(), "mts" | "m2ts") { "ts".to_owned() } else { ending };
    if WRITTEN.contains(&ending.as_str()) { ending } else { "mkv".into() }
}
