//! The front door: any corpus that is known here, read as training reads it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::corpus::{Corpus, NarratedVideo, Subset};
use crate::error::CorpusError;
use crate::id_list::IdList;
use crate::intake::{Intake, VideoSink};
use crate::language::Language;
use crate::layouts::Layout;
use crate::left_files::{Claimed, LeftFiles};
use crate::narration_care::NarrationCare;
use crate::report::{DropReason, ReadReport};
use crate::shards::ShardSettings;
use crate::sources::{Source, find_sources};
use crate::video_files::VideoFiles;

/// What is read of a corpus, and how.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadSettings {
    /// How the files are laid out; found out when not given.
    pub layout: Option<Layout>,
    /// The folder under which the media files are, at any depth; `videos/` beside the captions, or
    /// the folder of the captions itself, when not given.
    pub videos: Option<PathBuf>,
    /// A list of the ids to take; all when not given.
    pub list: Option<PathBuf>,
    /// The part of the data set to take; all when not given. Videos of no part are taken always.
    pub subset: Option<Subset>,
    /// The language of the words, where they are there in several: English when not given, else the
    /// only one that there is.
    pub language: Option<Language>,
    /// What is done about narration.
    pub narration: NarrationCare,
    /// How shards on other machines are fetched and kept.
    pub shards: ShardSettings,
}

/// When a video's file is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileLookup {
    /// Always; a video without a file is dropped, as training must.
    Always,
    /// Only where a folder of videos was named or lies beside the captions.
    WhereThereIsAFolder,
    /// Never: the annotations alone are of interest, whether or not their videos are here.
    Never,
}

/// Reads the sources of a corpus, one after the other.
#[derive(Debug)]
pub struct CorpusReader {
    sources: Vec<Source>,
    /// What was passed over for them, for people.
    passed_over: Option<String>,
    files: Option<VideoFiles>,
    /// Where the files are looked for.
    folder: Option<PathBuf>,
    claimed: Mutex<Claimed>,
    list: Option<IdList>,
    settings: ReadSettings,
}

impl CorpusReader {
    /// Finds out what lies at `path`; reads no captions yet.
    ///
    /// # Errors
    /// When no corpus is recognised, or a folder, list or setting cannot be used.
    pub fn new(
        path: &Path,
        settings: &ReadSettings,
        lookup: FileLookup,
    ) -> Result<Self, CorpusError> {
        settings.narration.check()?;
        let found = find_sources(path, settings.layout)?;
        let (passed_over, sources) = (found.note(path), found.sources);
        let list = settings.list.as_deref().map(IdList::read).transpose()?;
        let own_paths = |source: &Source| source.layout.reader().names_its_files;
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let beside = Some(folder.join("videos")).filter(|videos| videos.is_dir());
        let name_themselves = settings.videos.is_none() && sources.iter().all(own_paths);
        let folder = match (&settings.videos, lookup) {
            (_, FileLookup::Never) => None,
            (Some(videos), _) => Some(videos.clone()),
            (None, _) if name_themselves => None,
            (None, FileLookup::WhereThereIsAFolder) => beside,
            (None, FileLookup::Always) => Some(beside.unwrap_or_else(|| folder.to_owned())),
        };
        let files = match &folder {
            Some(folder) => Some(VideoFiles::under(folder)?),
            None => (name_themselves && lookup == FileLookup::Always).then(VideoFiles::default),
        };
        let claimed = Mutex::default();
        Ok(Self { sources, passed_over, files, folder, claimed, list, settings: settings.clone() })
    }

    /// What there is to read.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Whether files are looked for.
    pub fn looks_for_files(&self) -> bool {
        self.files.is_some()
    }

    /// What lies in the folder of the videos and was not described by the sources read so far; none
    /// where the corpus has no such folder. Where a list or a part of the corpus was asked for, videos
    /// without captions are not named.
    pub fn left_files(&self) -> Option<LeftFiles> {
        let of_subtitles = || {
            let is_folder =
                |source: &&Source| source.layout == Layout::Subtitles && source.path.is_dir();
            self.sources.iter().find(is_folder).map(|source| &source.path)
        };
        let folder = self.folder.as_ref().or_else(of_subtitles)?;
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = LeftFiles::under(folder, &claimed);
        // Then they are dropped, and so counted already.
        let are_dropped =
            self.sources.iter().any(|source| source.layout.reader().describes_all_videos);
        if are_dropped || self.list.is_some() || self.settings.subset.is_some() {
            left.without_captions.clear();
        }
        Some(left)
    }

    fn claim(&self, claimed: Claimed) {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner).extend(claimed);
    }

    /// Reads one source; videos go to `sink` one at a time, in the order of the source.
    ///
    /// # Errors
    /// When a file cannot be read or is not what its layout says.
    pub fn read(
        &self,
        source: &Source,
        sink: &mut dyn VideoSink,
    ) -> Result<ReadReport, CorpusError> {
        let mut intake = Intake::new(&self.settings.narration, sink)
            .with_files(self.files.as_ref())
            .fetching(&self.settings.shards)
            .in_language(self.settings.language.as_ref())
            .asking_for(self.list.as_ref(), self.settings.subset);
        source.read(&mut intake)?;
        if source.layout.reader().describes_all_videos {
            intake.drop_undescribed_files();
        }
        self.claim(intake.take_claimed());
        let mut report = intake.finish();
        // Told once.
        let is_first = self.sources.first() == Some(source);
        report.notes.extend(self.passed_over.clone().filter(|_| is_first));
        if report.videos == 0 && report.dropped.keys().eq([&DropReason::NotUnderstood]) {
            report.notes.push(format!(
                "nothing in it is what stands in a file of {}; name the layout if it has another",
                source.layout
            ));
        }
        Ok(report)
    }
}

/// A corpus of any layout, read whole; its videos are sorted by id.
#[derive(Debug, Clone)]
pub struct AnnotatedCorpus {
    name: String,
    videos: Vec<NarratedVideo>,
}

impl AnnotatedCorpus {
    /// Reads the captions of every video whose file is there.
    ///
    /// Several files of one layout are one corpus; what an earlier one described already is dropped
    /// from a later one.
    ///
    /// # Errors
    /// As [`CorpusReader::new`] and [`CorpusReader::read`]; when several layouts lie at `path`; when
    /// no video remains.
    pub fn open(path: &Path, settings: &ReadSettings) -> Result<(Self, ReadReport), CorpusError> {
        let reader = CorpusReader::new(path, settings, FileLookup::Always)?;
        let layout = reader.sources[0].layout;
        if reader.sources.iter().any(|source| source.layout != layout) {
            let names = reader.sources.iter().map(|source| source.layout.name());
            let names: std::collections::BTreeSet<_> = names.collect();
            let found = names.into_iter().collect::<Vec<_>>().join(", ");
            return Err(CorpusError::SeveralCorpora { path: path.to_owned(), found });
        }
        let mut videos: Vec<NarratedVideo> = Vec::new();
        let mut intake = Intake::new(&settings.narration, &mut videos)
            .with_files(reader.files.as_ref())
            .fetching(&settings.shards)
            .in_language(settings.language.as_ref())
            .asking_for(reader.list.as_ref(), settings.subset);
        for source in &reader.sources {
            source.read(&mut intake)?;
        }
        if layout.reader().describes_all_videos {
            intake.drop_undescribed_files();
        }
        reader.claim(intake.take_claimed());
        let mut report = intake.finish();
        report.notes.extend(reader.passed_over.clone());
        report.left_files = reader.left_files().unwrap_or_default();
        if videos.is_empty() {
            let (dir, report) = (path.to_owned(), Box::new(report));
            return Err(CorpusError::NothingUsable { dir, report });
        }
        videos.sort_by(|a, b| a.id.cmp(&b.id));
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| path.display().to_string());
        Ok((Self { name, videos }, report))
    }
}

impl Corpus for AnnotatedCorpus {
    fn name(&self) -> &str {
        &self.name
    }

    fn videos(&self) -> &[NarratedVideo] {
        &self.videos
    }
}
