//! HDF5: a group per video with its features, their time spans, and where they come from.
//!
//! The library is not made for threads; its binding lets one in at a time. It prints nothing: what
//! it would print stands in the errors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hdf5::plist::dataset_create::Layout;
use hdf5::types::{TypeDescriptor, VarLenUnicode};
use hdf5::{Dataset, File, Group, LocationType};
use locvtp_video::TimeSpan;

use crate::error::{FeatureError, rewrite};
use crate::provenance::{Provenance, VideoSource};
use crate::video_features::{ClipBlock, ClipSource, VideoEntry, VideoFeatures, for_each_block};
use crate::{DEFAULT_DATASET, SPANS};
use locvtp_video::counted::first_of;

/// The attribute of damaged videos.
const DAMAGED: &str = "damaged";
/// Names of features in a file of one video alone.
const FEATURES: &str = "features";
/// Datasets that are nobody's features, in other people's files: when the clips are.
const TIMES: [&str; 2] = ["times", "timestamps"];
/// Clips that are read at once while files are copied.
const CLIPS_AT_ONCE: usize = 1024;

/// An HDF5 file of features, open for reading.
///
/// ```text
/// /                     attributes model, weights, space, clip, stride, preprocessing, precision
/// /VIDEO                attributes path, bytes, duration_s, and of damaged videos
///                       damaged: [spans, 2] f64, start and end in seconds
/// /VIDEO/c3d_features   [num_clips, d] f32
/// /VIDEO/spans          [num_clips, 2] f64, start and end in seconds
/// ```
///
/// Python reads it as `h5py.File(path)[video]['c3d_features']`, which is what 2D-TAN's ActivityNet
/// loader and the authors' release do (§A.9, §C.5). Read are also files of other people: the same
/// without spans, or the features as the dataset `/VIDEO` itself (2D-TAN's Charades-STA and TACoS,
/// §C.6, §C.7), compressed where the HDF5 library here knows the filter. An id with slashes is a
/// group in groups, which `h5py` finds by the same id. Datasets in groups of splits (`/train/VIDEO`) are
/// videos, called by their paths, where few names come twice; a name that comes in most groups is what
/// features are called.
///
/// A dataset may lie in another file: an external link, external storage, a virtual dataset. Where that
/// file is not there, it is named; the library itself reads zeros for a virtual dataset then.
pub struct Hdf5File {
    path: PathBuf,
    file: File,
    dataset: String,
    ids: Vec<String>,
    has_groups: bool,
    without: Vec<String>,
}

impl Hdf5File {
    /// Opens a file; `dataset` is what features are called in a video's group, by default
    /// [`DEFAULT_DATASET`].
    ///
    /// # Errors
    /// When it is missing, damaged, being written by another program, or has no such dataset.
    pub fn open(path: &Path, dataset: Option<&str>) -> Result<Self, FeatureError> {
        std::fs::File::open(path).map_err(FeatureError::io(path, "read it"))?;
        let file = File::open(path).map_err(|error| match refusal(path, "open it", &error) {
            FeatureError::Hdf5 { reason, .. } => FeatureError::damaged(path, reason),
            known => known,
        })?;
        let named = dataset;
        let dataset = named.unwrap_or(DEFAULT_DATASET).to_owned();
        let mut found = Listing::default();
        let listing = found.add(&file, "", &dataset);
        listing.map_err(|error| refusal(path, "list its videos", &error))?;
        let Listing { mut ids, mut others, mut has_groups, mut without } = found;
        if ids.is_empty() && !others.is_empty() {
            let candidates = names_of_features(&others);
            if named.is_some() || !candidates.is_empty() {
                let splits = if candidates.is_empty() {
                    "; leave features.dataset out, and each of them is a video"
                } else {
                    ""
                };
                let found = format!("it has {}{splits}", first_of(&others, others.len()));
                let path = path.to_owned();
                return Err(FeatureError::NoDataset { path, dataset, found, candidates });
            }
            // Videos in groups of splits.
            ids = std::mem::take(&mut others);
            has_groups = false;
            without.retain(|group| !group.has_datasets);
        }
        if let Some(features) = ids.iter().find(|id| [FEATURES, &dataset].contains(&id.as_str())) {
            return Err(FeatureError::Unusable {
                path: path.to_owned(),
                reason: of_one_video(path, features, &ids, &dataset),
            });
        }
        ids.sort_unstable();
        let told = |group: &WithoutFeatures| group.told(path, &dataset);
        let without = without.iter().map(told).collect();
        let opened = Self { path: path.to_owned(), file, dataset, ids, has_groups, without };
        // Whoever packs one video packs all, and what cannot be read is better known at once.
        if let Some(first) = opened.ids.first() {
            match opened.locate(first) {
                Ok((dataset, _)) => opened.check_filters(&dataset)?,
                // Of one video; others may be whole.
                Err(FeatureError::BrokenLink { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What features are called in a video's group.
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// The videos, sorted.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Whether a video is a group in which features have a name; else it is a dataset itself.
    pub fn has_groups(&self) -> bool {
        self.has_groups
    }

    /// What there is of each group that has no features, in words.
    pub fn without_features(&self) -> &[String] {
        &self.without
    }

    /// The dataset of a video that may say when its clips are, and is not read.
    pub(crate) fn unread_times(&self, id: &str) -> Option<String> {
        let group = self.locate(id).ok()?.1.filter(|group| !group.link_exists(SPANS))?;
        TIMES.into_iter().find(|name| group.link_exists(name)).map(ToOwned::to_owned)
    }

    /// What made the features; none in other people's files.
    pub fn provenance(&self) -> Option<Provenance> {
        Provenance::from_attributes(|name| text_attribute(&self.file, name))
    }

    /// How many clips a video has and how wide their features are, without reading them.
    ///
    /// # Errors
    /// As [`Hdf5File::read`].
    pub fn shape(&self, id: &str) -> Result<[usize; 2], FeatureError> {
        let (dataset, _) = self.locate(id)?;
        self.check_source(&dataset)?;
        self.check_type(&dataset)?;
        self.shape_of(&dataset, "[num_clips, d]")
    }

    /// The video file of a video; none when it was not written by us.
    pub(crate) fn source(&self, id: &str) -> Option<VideoSource> {
        source_of(&self.locate(id).ok()?.1?)
    }

    /// The features of a video, all of them.
    ///
    /// # Errors
    /// When the video is not there or its dataset is not a table of numbers.
    pub fn read(&self, id: &str) -> Result<VideoFeatures, FeatureError> {
        let (dataset, group) = self.locate(id)?;
        let [num_clips, width] = self.shape_of(&dataset, "[num_clips, d]")?;
        self.check_filters(&dataset)?;
        self.check_source(&dataset)?;
        self.check_type(&dataset)?;
        let failed = |error: hdf5::Error| refusal(&self.path, &format!("read {id}"), &error);
        let values = dataset.read_raw::<f32>().map_err(failed)?;
        let spans = self.spans_of(id, group.as_ref(), num_clips)?;
        Ok(VideoFeatures { width, values, spans, source: group.as_ref().and_then(source_of) })
    }

    /// When each clip of a video is; none in files of other people.
    pub(crate) fn spans(&self, id: &str) -> Result<Option<Vec<TimeSpan>>, FeatureError> {
        let (dataset, group) = self.locate(id)?;
        let [num_clips, _] = self.shape_of(&dataset, "[num_clips, d]")?;
        self.spans_of(id, group.as_ref(), num_clips)
    }

    fn spans_of(
        &self,
        id: &str,
        group: Option<&Group>,
        num_clips: usize,
    ) -> Result<Option<Vec<TimeSpan>>, FeatureError> {
        let failed = |error: hdf5::Error| refusal(&self.path, &format!("read {id}"), &error);
        let Some(group) = group.filter(|group| group.link_exists(SPANS)) else { return Ok(None) };
        let spans = group.dataset(SPANS).map_err(failed)?;
        if self.shape_of(&spans, "[num_clips, 2], as many as there are features")? != [num_clips, 2]
        {
            return Err(self.misshapen(&spans, "[num_clips, 2], one span a feature"));
        }
        Ok(Some(as_spans(&spans.read_raw::<f64>().map_err(failed)?)))
    }

    /// A video that is to be copied; none when it was not written by us.
    pub(crate) fn entry(&self, id: &str) -> Result<Option<VideoEntry>, FeatureError> {
        let (dataset, group) = self.locate(id)?;
        let [num_clips, width] = self.shape_of(&dataset, "[num_clips, d]")?;
        let source = group.as_ref().and_then(source_of);
        Ok(source.map(|source| VideoEntry { id: id.to_owned(), num_clips, width, source }))
    }

    /// Some clips of a video with spans.
    pub(crate) fn block(&self, id: &str, first: usize) -> Result<ClipBlock, FeatureError> {
        let failed = |error: hdf5::Error| refusal(&self.path, &format!("read {id}"), &error);
        let (dataset, group) = self.locate(id)?;
        let [num_clips, _] = self.shape_of(&dataset, "[num_clips, d]")?;
        let end = num_clips.min(first + CLIPS_AT_ONCE);
        let values = dataset.read_slice_2d::<f32, _>((first..end, ..)).map_err(failed)?;
        let spans = group.ok_or_else(|| FeatureError::Foreign { path: self.path.clone() })?;
        let spans = spans.dataset(SPANS).map_err(failed)?;
        let spans = spans.read_slice_2d::<f64, _>((first..end, ..)).map_err(failed)?;
        Ok(ClipBlock {
            spans: as_spans(&spans.iter().copied().collect::<Vec<_>>()),
            values: values.iter().copied().collect(),
        })
    }

    /// The dataset of a video, and its group if it has one.
    fn locate(&self, id: &str) -> Result<(Dataset, Option<Group>), FeatureError> {
        if self.ids.binary_search_by(|known| known.as_str().cmp(id)).is_err() {
            let (path, id) = (self.path.clone(), id.to_owned());
            return Err(FeatureError::NoVideo { path, id, num_videos: self.ids.len() });
        }
        let failed = |error: hdf5::Error| refusal(&self.path, &format!("read {id}"), &error);
        let link = |name: String| {
            move |error: hdf5::Error| match dangling(&error.to_string()) {
                Some(target) => {
                    let (path, what) = (self.path.clone(), format!("{name} is a link"));
                    FeatureError::BrokenLink { path, what, target }
                }
                None => failed(error),
            }
        };
        match self.file.loc_type_by_name(id).map_err(link(format!("/{id}")))? {
            LocationType::Group => {
                let group = self.file.group(id).map_err(failed)?;
                let name = format!("/{id}/{}", self.dataset);
                Ok((group.dataset(&self.dataset).map_err(link(name))?, Some(group)))
            }
            _ => Ok((self.file.dataset(id).map_err(failed)?, None)),
        }
    }

    /// # Errors
    /// When the numbers lie in another file, which is not there.
    fn check_source(&self, dataset: &Dataset) -> Result<(), FeatureError> {
        let Ok(properties) = dataset.create_plist() else { return Ok(()) };
        let beside = |name: String| match name.as_str() {
            "." => None,
            name => Some(self.path.parent().unwrap_or(Path::new("")).join(name)),
        };
        let virtual_map = match properties.layout() {
            // The binding cannot name the sources of every virtual dataset, and the library reads zeros
            // where one is missing: refused rather than guessed.
            Layout::Virtual => {
                properties.get_virtual_map().map_err(|_| FeatureError::Unusable {
                    path: self.path.clone(),
                    reason: of_other_files(&self.path, &dataset.name()),
                })?
            }
            _ => Vec::new(),
        };
        let virtual_map = virtual_map.into_iter();
        let of_virtual = virtual_map.filter_map(|source| beside(source.src_filename));
        // These are looked for from the folder that the program runs in.
        let external = properties.external().into_iter().map(|file| PathBuf::from(file.name));
        match of_virtual.chain(external).find(|file| !file.exists()) {
            None => Ok(()),
            Some(file) => Err(FeatureError::BrokenLink {
                path: self.path.clone(),
                what: format!("{} points", dataset.name()),
                target: Some(file.display().to_string()),
            }),
        }
    }

    /// # Errors
    /// When the dataset does not hold numbers.
    fn check_type(&self, dataset: &Dataset) -> Result<(), FeatureError> {
        let found = dataset.dtype().and_then(|found| found.to_descriptor());
        match found {
            Ok(
                TypeDescriptor::Float(_) | TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_),
            ) => Ok(()),
            // Half precision has no name there; the library converts what it can.
            Err(_) => Ok(()),
            Ok(found) => Err(FeatureError::Unusable {
                path: self.path.clone(),
                reason: format!(
                    "{} holds {found} and no numbers; expected [num_clips, d] of floats",
                    dataset.name()
                ),
            }),
        }
    }

    /// # Errors
    /// When the dataset is packed by a filter that is not there.
    fn check_filters(&self, dataset: &Dataset) -> Result<(), FeatureError> {
        let missing = dataset.filters().into_iter().find(|filter| !filter.is_available());
        let Some(filter) = missing else { return Ok(()) };
        let (path, dataset) = (self.path.clone(), dataset.name());
        Err(FeatureError::Filter { path, dataset, filter: filter_name(filter.id()) })
    }

    fn shape_of(
        &self,
        dataset: &Dataset,
        expected: &'static str,
    ) -> Result<[usize; 2], FeatureError> {
        dataset.shape().try_into().map_err(|_| self.misshapen(dataset, expected))
    }

    fn misshapen(&self, dataset: &Dataset, expected: &'static str) -> FeatureError {
        let (path, found) = (self.path.clone(), dataset.shape());
        FeatureError::Shape { path, dataset: dataset.name(), found, expected }
    }
}

/// What is in a file, by its names.
#[derive(Default)]
struct Listing {
    /// Groups with the dataset, and datasets that are in no group.
    ids: Vec<String>,
    /// Datasets in groups that have none of the name.
    others: Vec<String>,
    has_groups: bool,
    /// Groups that have neither the dataset nor groups alone.
    without: Vec<WithoutFeatures>,
}

/// A group that is no video, as it has no features.
struct WithoutFeatures {
    name: String,
    /// Names of what it has; none where it is empty.
    members: Vec<String>,
    has_datasets: bool,
}

impl WithoutFeatures {
    fn told(&self, path: &Path, dataset: &str) -> String {
        let Self { name, members, .. } = self;
        let has = match members.len() {
            0 => "it is empty".to_owned(),
            number => format!("it has {}", first_of(members, number)),
        };
        format!("{}: the group /{name} has no dataset {dataset:?}; {has}", path.display())
    }
}

impl Listing {
    fn add(&mut self, group: &Group, prefix: &str, dataset: &str) -> hdf5::Result<()> {
        for name in group.member_names()? {
            let id = format!("{prefix}{name}");
            let kind = match group.loc_type_by_name(&name) {
                Ok(kind) => kind,
                // Told when the video is asked for, so that the others can be read.
                Err(error) if dangling(&error.to_string()).is_some() => {
                    self.ids.push(id);
                    continue;
                }
                Err(error) => return Err(error),
            };
            match kind {
                LocationType::Dataset if prefix.is_empty() => self.ids.push(id),
                LocationType::Group => {
                    let inner = group.group(&name)?;
                    if inner.link_exists(dataset) {
                        self.has_groups = true;
                        self.ids.push(id);
                        continue;
                    }
                    let before = self.others.len();
                    self.add(&inner, &format!("{id}/"), dataset)?;
                    let own =
                        |other: &&String| other.rsplit_once('/').is_some_and(|(of, _)| of == id);
                    let has_datasets = self.others[before..].iter().any(|other| own(&other));
                    let members = inner.member_names()?;
                    if has_datasets || members.is_empty() {
                        self.without.push(WithoutFeatures { name: id, members, has_datasets });
                    }
                }
                LocationType::Dataset => self.others.push(id),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What features may be called, of datasets in groups; nothing where these are videos themselves.
///
/// Names of features come again in most groups, names of videos do not: few names of many datasets in
/// several groups are the former. A group alone says nothing, unless its datasets are called as those of
/// one video are, or there is but one.
fn names_of_features(datasets: &[String]) -> Vec<String> {
    let parts = || datasets.iter().filter_map(|dataset| dataset.rsplit_once('/'));
    let groups: BTreeSet<&str> = parts().map(|(group, _)| group).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    parts().for_each(|(_, name)| *counts.entry(name).or_default() += 1);
    let come_again = counts.values().any(|count| 2 * count > groups.len())
        && 2 * counts.len() <= datasets.len() + 1;
    let of_one_video = || {
        let names = [FEATURES, DEFAULT_DATASET, SPANS].into_iter().chain(TIMES);
        datasets.len() == 1 || names.into_iter().any(|name| counts.contains_key(name))
    };
    if if groups.len() > 1 { !come_again } else { !of_one_video() } {
        return Vec::new();
    }
    let mut names: Vec<&str> = counts.keys().copied().collect();
    // Those in most groups first; of these the ones that are features by their name.
    names.sort_by_key(|name| (usize::MAX - counts[name], TIMES.contains(name), *name));
    names.into_iter().map(ToOwned::to_owned).collect()
}

/// What a file is whose datasets are the arrays of one video, and what to type instead.
fn of_one_video(path: &Path, features: &str, names: &[String], dataset: &str) -> String {
    let id = path.file_stem().unwrap_or_default().to_string_lossy();
    let out = path.with_extension("all.h5");
    format!(
        "it holds the arrays of one video ({}) and not a video each; expected is a group or a dataset for \
         each video. Join such files: python3 -c \"import sys, pathlib, h5py; b = h5py.File('{}', 'w'); \
         [b.__setitem__(pathlib.Path(p).stem + '/{dataset}', h5py.File(p)['{features}'][()]) for p in \
         sys.argv[1:]]\" {} (which makes it the video {id:?})",
        first_of(names, names.len()),
        out.display(),
        path.display(),
    )
}

/// What is said of a virtual dataset whose sources cannot be named.
fn of_other_files(path: &Path, dataset: &str) -> String {
    format!(
        "{dataset} is a virtual dataset: its numbers lie in other files, and it cannot be told here whether \
         all of these are there. Write one file that has all: {}",
        rewrite(path, "")
    )
}

/// The file that a link points to which leads nowhere, or none where it points into the same file;
/// nothing for other complaints of the library.
fn dangling(reason: &str) -> Option<Option<String>> {
    if let Some((_, rest)) = reason.split_once("file name = '") {
        return Some(rest.split_once('\'').map(|(name, _)| name.to_owned()));
    }
    reason.contains("component not found").then_some(None)
}

/// Writes a whole file, which must not exist, block by block.
pub(crate) fn write(
    path: &Path,
    dataset: &str,
    provenance: &Provenance,
    entries: &[VideoEntry],
    source: &mut dyn ClipSource,
) -> Result<(), FeatureError> {
    let failed = |action: &'static str| move |error: hdf5::Error| refusal(path, action, &error);
    let file = File::create_excl(path).map_err(failed("make it"))?;
    for (name, value) in provenance.attributes() {
        write_text(&file, name, value).map_err(failed("write its attributes"))?;
    }
    for entry in entries {
        let failed = |error: hdf5::Error| refusal(path, &format!("write {}", entry.id), &error);
        let group = file.create_group(&entry.id).map_err(failed)?;
        write_text(&group, "path", &entry.source.path).map_err(failed)?;
        write_number(&group, "bytes", &entry.source.bytes).map_err(failed)?;
        write_number(&group, "duration_s", &entry.source.duration_s).map_err(failed)?;
        if !entry.source.damaged.is_empty() {
            write_spans(&group, DAMAGED, &entry.source.damaged).map_err(failed)?;
        }
        let shape = [entry.num_clips, entry.width];
        let features = new_dataset::<f32>(&group, dataset, shape).map_err(failed)?;
        let spans = new_dataset::<f64>(&group, SPANS, [entry.num_clips, 2]).map_err(failed)?;
        for_each_block(source, entry, |first, block| {
            let clips = first..first + block.spans.len();
            let times: Vec<f64> = as_times(&block.spans).collect();
            write_rows(&features, clips.clone(), entry.width, &block.values).map_err(failed)?;
            write_rows(&spans, clips, 2, &times).map_err(failed)
        })?;
    }
    file.close().map_err(failed("close it"))
}

/// A dataset without a time stamp, so that equal contents are equal bytes.
fn new_dataset<T: hdf5::H5Type>(
    group: &Group,
    name: &str,
    shape: [usize; 2],
) -> hdf5::Result<Dataset> {
    group.new_dataset::<T>().no_chunk().obj_track_times(false).shape(shape).create(name)
}

fn write_rows<T: hdf5::H5Type>(
    dataset: &Dataset,
    rows: std::ops::Range<usize>,
    width: usize,
    values: &[T],
) -> hdf5::Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let shape = (rows.len(), width);
    let view = ndarray::ArrayView2::from_shape(shape, values)?;
    dataset.write_slice(view, (rows, ..))
}

fn write_text(place: &hdf5::Location, name: &str, value: &str) -> hdf5::Result<()> {
    // HDF5 ends a text at its first zero byte; a path never has one.
    let value: VarLenUnicode = value.replace('\0', "").parse().map_err(|_| "not a text")?;
    place.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&value)
}

fn write_number<T: hdf5::H5Type>(
    place: &hdf5::Location,
    name: &str,
    value: &T,
) -> hdf5::Result<()> {
    place.new_attr::<T>().create(name)?.write_scalar(value)
}

fn write_spans(place: &hdf5::Location, name: &str, spans: &[TimeSpan]) -> hdf5::Result<()> {
    let (shape, times) = ((spans.len(), 2), as_times(spans).collect::<Vec<f64>>());
    let attribute = place.new_attr::<f64>().shape(shape).create(name)?;
    attribute.write(&ndarray::ArrayView2::from_shape(shape, &times)?)
}

fn text_attribute(place: &hdf5::Location, name: &str) -> Option<String> {
    let text = place.attr(name).ok()?.read_scalar::<VarLenUnicode>().ok()?;
    Some(text.as_str().to_owned())
}

fn source_of(group: &Group) -> Option<VideoSource> {
    Some(VideoSource {
        path: text_attribute(group, "path")?,
        bytes: group.attr("bytes").ok()?.read_scalar().ok()?,
        duration_s: group.attr("duration_s").ok()?.read_scalar().ok()?,
        damaged: match group.attr(DAMAGED) {
            Ok(spans) => as_spans(&spans.read_raw::<f64>().ok()?),
            Err(_) => Vec::new(),
        },
    })
}

/// Starts and ends in turn.
pub(crate) fn as_times(spans: &[TimeSpan]) -> impl Iterator<Item = f64> {
    spans.iter().flat_map(|span| [span.start.0, span.end.0])
}

/// From starts and ends in turn.
pub(crate) fn as_spans(times: &[f64]) -> Vec<TimeSpan> {
    times.chunks_exact(2).map(|pair| TimeSpan::new(pair[0], pair[1])).collect()
}

/// A filter's name in the registry of the HDF Group, where it is one of those that people use.
fn filter_name(id: i32) -> String {
    let name = match id {
        4 => "SZIP",
        32000 => "LZF",
        32001 => "Blosc",
        32004 => "LZ4",
        32008 => "Bitshuffle",
        32013 => "ZFP",
        32015 => "Zstandard",
        32026 => "Blosc2",
        _ => "a filter of no known name",
    };
    format!("{name} (filter {id})")
}

/// The library's complaint, as what it means where that is known.
fn refusal(path: &Path, action: &str, error: &hdf5::Error) -> FeatureError {
    let reason = error.to_string();
    let path = path.to_owned();
    let locked = reason.contains("unable to lock file") && reason.contains("temporarily");
    if locked || reason.contains("already open for write") {
        return FeatureError::OpenElsewhere { path };
    }
    if reason.contains("bad version number") || reason.contains("version out of range") {
        let (major, minor, patch) = hdf5::library_version();
        let (action, library) = (action.to_owned(), format!("{major}.{minor}.{patch}"));
        return FeatureError::NewerFormat { path, action, library, reason };
    }
    FeatureError::Hdf5 { path, action: action.to_owned(), reason }
}
