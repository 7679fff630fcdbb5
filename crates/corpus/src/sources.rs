//! Which corpora a path holds, and which of them is taken.
//!
//! A folder may hold several files of one corpus, and files of several; each is a [`Source`] of its
//! own. What stands in the folder itself goes before what stands in folders below it, and of the
//! folder itself, the first that there is:
//!
//! 1. HowTo100M's caption file, or CrossTask's release
//! 2. annotation files of data sets and manifests, all of them
//! 3. shards
//!
//! Then come the same in folders below, then words beside videos at any depth, then shards in folders
//! below, which may well be what `locvtp corpus pack` made of the videos. A folder of videos alone is
//! a corpus of subtitles that has none. What was there and not taken is [told](FoundSources::passed_over).
//!
//! What this program wrote about a corpus is no corpus: a list of `locvtp corpus check` is read where
//! it is named itself and passed over in a folder, and so are logs and predictions of runs.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use locvtp_video::address::{is_address, without_passwords};
use locvtp_video::media_endings::is_video;

use crate::csv_table::CsvTable;
use crate::error::CorpusError;
use crate::file_ending::has_ending;
use crate::folder_walk::walk;
use crate::glance::{LINES, TABLES, glance};
use crate::intake::Intake;
use crate::layouts::{Layout, layout_of_file};
use crate::layouts::{crosstask, known_files, manifest, msrvtt, subtitles};
use crate::shards;
use crate::video_files::VideoFiles;

/// Folders below the one given that are looked into when it holds nothing itself.
const DEPTH: usize = 2;

/// A file, or a folder, that a reader reads at once.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Source {
    /// How it is laid out.
    pub layout: Layout,
    /// What is read; files that belong to it are looked for beside it.
    pub path: PathBuf,
}

/// What lies at a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundSources {
    /// What is read, at least one.
    pub sources: Vec<Source>,
    /// What could be read as well and is not.
    pub passed_over: Vec<PassedOverSource>,
}

/// Something that looks like a corpus and is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOverSource {
    /// The file or folder.
    pub path: PathBuf,
    /// What it is.
    pub what: PassedOverAs,
}

/// Why something is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassedOverAs {
    /// Another one goes before it.
    Another(Layout),
    /// A list that `locvtp corpus check` wrote.
    OwnList,
    /// A table whose first line is a row.
    NoHeader,
}

impl fmt::Display for PassedOverAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Another(Layout::Subtitles) => f.write_str("words beside videos"),
            Self::Another(layout) => layout.fmt(f),
            Self::OwnList => f.write_str("a list that `locvtp corpus check` wrote"),
            Self::NoHeader => f.write_str("a table without the names of its columns"),
        }
    }
}

/// Things that are named in a note; all are counted.
const NAMED: usize = 5;

impl FoundSources {
    /// What was taken and what was passed over, in words; nothing where nothing was.
    pub(crate) fn note(&self, root: &Path) -> Option<String> {
        let name = |path: &Path| {
            let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
            below.unwrap_or(path).display().to_string()
        };
        let listed = |all: Vec<String>| {
            let more = if all.len() > NAMED { ", .." } else { "" };
            format!("{}{more}", all[..all.len().min(NAMED)].join(", "))
        };
        if self.passed_over.is_empty() {
            return None;
        }
        let taken = self.sources.iter().map(|source| match source.layout {
            Layout::Subtitles => "words beside videos".to_owned(),
            layout => format!("{} ({layout})", name(&source.path)),
        });
        let passed_over = self.passed_over.iter().map(|other| match other.what {
            what @ PassedOverAs::Another(Layout::Subtitles) => what.to_string(),
            what => format!("{} ({what})", name(&other.path)),
        });
        // Words beside videos in several folders are one thing.
        let mut known = BTreeSet::new();
        let passed_over = passed_over.filter(|told| known.insert(told.clone())).collect();
        let (taken, passed_over) = (listed(taken.collect()), listed(passed_over));
        Some(format!(
            "taken: {taken}; passed over: {passed_over}; give a file or folder itself, or name the \
             layout, to take another"
        ))
    }
}

impl Source {
    pub(crate) fn read(&self, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
        (self.layout.reader().read)(&self.path, intake)
    }
}

/// The sources at `path`; with a `layout` only those of that layout, and a file is believed to have
/// it.
///
/// # Errors
/// When nothing is recognised, or what is there holds no captions, or the path cannot be read.
pub fn find_sources(path: &Path, layout: Option<Layout>) -> Result<FoundSources, CorpusError> {
    let alone = |layout| FoundSources {
        sources: vec![Source { layout, path: path.to_owned() }],
        passed_over: Vec::new(),
    };
    if shards::is_address(path) && layout.is_none_or(|layout| layout == Layout::Shards) {
        return Ok(alone(Layout::Shards));
    }
    let text = path.to_string_lossy();
    if is_address(&text) {
        let reason = "no corpus can be read from such an address".to_owned();
        return Err(CorpusError::StorageAddress {
            address: without_passwords(&text).into_owned(),
            reason,
        });
    }
    let about = std::fs::metadata(path);
    let about = about.map_err(|source| CorpusError::Read { path: path.to_owned(), source })?;
    if about.is_dir() {
        return of_folder(path, layout);
    }
    let told = layout_of_file(path);
    match layout.or(told) {
        Some(layout) if told.is_some() || known_files::recognised(path).is_none() => {
            Ok(alone(layout))
        }
        _ => Err(not_recognised(path)),
    }
}

/// What a file is, of which it is not known what to read of it.
fn not_recognised(path: &Path) -> CorpusError {
    let path = || path.to_owned();
    if let Some(file) = known_files::recognised(&path()) {
        return no_captions(&path(), file);
    }
    if is_video(&path()) {
        return CorpusError::VideoAlone { path: path() };
    }
    let table = has_ending(&path(), &TABLES).then(|| CsvTable::open(&path()).ok()).flatten();
    match table.filter(|table| !table.header().is_empty()) {
        Some(table) if table.has_no_header() => CorpusError::NoHeader { path: path() },
        Some(table) => {
            CorpusError::UnknownColumns { path: path(), found: table.header().join(", ") }
        }
        None => CorpusError::UnknownLayout { path: path() },
    }
}

fn no_captions(path: &Path, file: known_files::KnownFile) -> CorpusError {
    let known_files::KnownFile { what, instead } = file;
    CorpusError::NoCaptions { path: path.to_owned(), what, instead }
}

fn of_folder(path: &Path, layout: Option<Layout>) -> Result<FoundSources, CorpusError> {
    let unreadable = |source| CorpusError::Read { path: path.to_owned(), source };
    let mut found = in_folder(path, layout, DEPTH).map_err(unreadable)?;
    // A folder inside may have been found from two sides.
    let mut known = BTreeSet::new();
    found.sources.retain(|source| known.insert(source.path.clone()));
    found.passed_over.retain(|other| !known.contains(&other.path));
    if found.sources.is_empty() && layout.is_none_or(|layout| layout == Layout::Subtitles) {
        found.sources.extend(of_videos(path, layout.is_some(), &found.passed_over)?);
    }
    // A folder of one CSV a video that something else hides.
    let is_hidden =
        |layout: &Layout| found.sources.is_empty() && layout.reader().is_one_csv_a_video;
    let hidden = layout.filter(is_hidden);
    found.sources.extend(hidden.map(|layout| Source { layout, path: path.to_owned() }));
    if !found.sources.is_empty() {
        return Ok(found);
    }
    let own = found.passed_over.into_iter().find(|other| other.what == PassedOverAs::OwnList);
    Err(match own {
        Some(list) => CorpusError::OwnList { path: list.path },
        None => CorpusError::UnknownLayout { path: path.to_owned() },
    })
}

/// The folder as a corpus of videos with subtitles, or of videos alone.
fn of_videos(
    folder: &Path,
    is_asked_for: bool,
    passed_over: &[PassedOverSource],
) -> Result<Option<Source>, CorpusError> {
    let source = Source { layout: Layout::Subtitles, path: folder.to_owned() };
    if is_asked_for || subtitles::are_under(folder) {
        return Ok(Some(source));
    }
    if let Some(table) = passed_over.iter().find(|other| other.what == PassedOverAs::NoHeader) {
        return Err(CorpusError::NoHeader { path: table.path.clone() });
    }
    // Videos of a data set beside a file of it that does not tell what is said.
    let mut files = Vec::new();
    // A folder that cannot be read holds nothing.
    let _ = walk(folder, DEPTH, &mut |path| files.push(path));
    files.sort();
    let known = files.iter().find_map(|path| Some((path, known_files::recognised(path)?)));
    match known.filter(|(_, file)| file.is_of_a_data_set()) {
        Some((path, file)) => Err(no_captions(path, file)),
        None => Ok(VideoFiles::under(folder)?.has_videos().then_some(source)),
    }
}

/// What is in a folder, or else below it; with a `layout`, as if nothing else were there.
fn in_folder(folder: &Path, layout: Option<Layout>, depth: usize) -> std::io::Result<FoundSources> {
    let source = |layout, path: PathBuf| Source { layout, path };
    let is_wanted = |wanted: Layout| layout.is_none_or(|layout| layout == wanted);
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { folders.push(path) } else { files.push(path) }
    }
    files.sort();
    folders.sort();
    let named = Layout::ALL.into_iter().flat_map(|layout| {
        let names = layout.reader().files_of_a_folder.iter();
        names.map(move |name| source(layout, folder.join(name)))
    });
    let named: Vec<Source> = named.filter(|source| source.path.is_file()).collect();
    // Of several such files the first is the best.
    let mut tiers: Vec<Vec<Source>> = named.iter().map(|source| vec![source.clone()]).collect();
    let intervals = crosstask::interval_folders(folder);
    let is_crosstask = !intervals.is_empty();
    tiers.push(intervals.into_iter().map(|path| source(Layout::CrossTask, path)).collect());
    let words = words_beside(folder, &files);
    files.retain(|path| !named.iter().any(|source| source.path == *path));
    // Of CrossTask's release the files are read as a whole.
    let (of_files, mut passed_over) =
        if is_crosstask { (Vec::new(), Vec::new()) } else { of_files(folder, files) };
    tiers.push(of_files);
    if shards::is_in(folder) {
        tiers.push(vec![source(Layout::Shards, folder.to_owned())]);
    }
    for tier in &mut tiers {
        tier.retain(|source| is_wanted(source.layout));
    }
    tiers.retain(|tier| !tier.is_empty());
    let another = |source: Source| PassedOverSource {
        path: source.path,
        what: PassedOverAs::Another(source.layout),
    };
    let mut tiers = tiers.into_iter();
    if let Some(sources) = tiers.next() {
        passed_over.extend(tiers.flatten().chain(words.filter(|_| layout.is_none())).map(another));
        return Ok(FoundSources { sources, passed_over });
    }
    let mut found = FoundSources { sources: Vec::new(), passed_over };
    for folder in folders.iter().filter(|_| depth > 0) {
        let below = in_folder(folder, layout, depth - 1).unwrap_or_default();
        found.sources.extend(below.sources);
        found.passed_over.extend(below.passed_over);
    }
    if depth == DEPTH
        && layout.is_none()
        && !found.sources.is_empty()
        && subtitles::are_under(folder)
    {
        let words = source(Layout::Subtitles, folder.to_owned());
        let is_shard = |source: &Source| source.layout == Layout::Shards;
        if found.sources.iter().all(is_shard) {
            found.passed_over.extend(found.sources.drain(..).map(another));
            found.sources.push(words);
        } else {
            found.passed_over.push(another(words));
        }
    }
    Ok(found)
}

/// The words that lie beside videos in the folder itself.
fn words_beside(folder: &Path, files: &[PathBuf]) -> Option<Source> {
    let mut media = VideoFiles::default();
    files.iter().cloned().for_each(|path| media.add_if_media(path));
    let are_there = media.has_videos()
        && files.iter().any(|path| {
            subtitles::is_subtitle_file(path) && subtitles::is_beside_its_video(path, &media)
        });
    are_there.then(|| Source { layout: Layout::Subtitles, path: folder.to_owned() })
}

/// The sources among a folder's files, and what is passed over.
fn of_files(folder: &Path, files: Vec<PathBuf>) -> (Vec<Source>, Vec<PassedOverSource>) {
    let (mut found, mut passed_over) = (Vec::new(), Vec::new());
    let mut media = VideoFiles::default();
    files.iter().cloned().for_each(|path| media.add_if_media(path));
    for path in files {
        // Subtitles are found by their videos.
        if subtitles::is_subtitle_file(&path) || is_of_a_video(&path, &media) {
            continue;
        }
        match layout_of_file(&path) {
            // One CSV a video: the folder is the source, and a million files need no look.
            Some(layout) if layout.reader().is_one_csv_a_video && has_ending(&path, &["csv"]) => {
                return (vec![Source { layout, path: folder.to_owned() }], passed_over);
            }
            Some(Layout::Manifest) if has_ending(&path, &LINES) => {
                let start = glance(&path).unwrap_or_default();
                if manifest::is_own_list(&start) {
                    passed_over.push(PassedOverSource { path, what: PassedOverAs::OwnList });
                } else if manifest::begins(&start) {
                    found.push(Source { layout: Layout::Manifest, path });
                }
            }
            // Shards are found together.
            Some(Layout::Subtitles) => {}
            Some(Layout::Shards) if !has_ending(&path, &["txt"]) => {}
            Some(layout) => found.push(Source { layout, path }),
            None if is_without_header(&path) => {
                passed_over.push(PassedOverSource { path, what: PassedOverAs::NoHeader });
            }
            None => {}
        }
    }
    // Lists choose from the JSON, which is then no source of its own.
    let chosen: BTreeSet<PathBuf> = found
        .iter()
        .filter(|source| source.layout == Layout::MsrVtt && !has_ending(&source.path, &["json"]))
        .filter_map(|source| msrvtt::data_beside(&source.path))
        .collect();
    found.retain(|source| !chosen.contains(&source.path));
    (found, passed_over)
}

/// Whether it is a table whose first line names a file of media and no column.
fn is_without_header(path: &Path) -> bool {
    has_ending(path, &TABLES)
        && known_files::recognised(path).is_none()
        && CsvTable::open(path).is_ok_and(|table| table.has_no_header())
}

/// Whether the file is what a transcriber or downloader wrote beside a video of that name, which is no
/// source of its own: `a.txt`, `a.json`, `a.tsv` beside `a.mp4`. A table or list that says itself
/// where its videos are is one whatever its name.
fn is_of_a_video(path: &Path, media: &VideoFiles) -> bool {
    if media.is_empty() || !subtitles::is_beside_its_video(path, media) {
        return false;
    }
    has_ending(path, &["txt"])
        || has_ending(path, &["json", "tsv", "csv"]) && subtitles::is_transcript(path)
}
