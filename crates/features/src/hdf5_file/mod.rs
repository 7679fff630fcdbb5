//! HDF5: a group per video with its features, their time spans, and where they come from.
//!
//! The library is not made for threads; its binding lets one in at a time. It prints nothing: what
//! it would print stands in the errors.

mod attributes;
mod listing;
mod refusal;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hdf5::plist::dataset_create::Layout;
use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, File, Group, LinkType, LocationType};
use locvtp_video::counted::first_of;
use locvtp_video::{TimeSpan, plain_file};

use self::attributes::{source_of, text_attribute};
use self::listing::{
    FEATURES, Listing, TIMES, WithoutFeatures, has_external, link_type, names_of_features,
    of_one_video,
};
use self::refusal::{dangling, filter_name, of_other_files, refusal};
use crate::error::FeatureError;
use crate::other_files::OtherFiles;
use crate::provenance::{Provenance, VideoSource};
use crate::stated_size::is_believable;
use crate::video_features::{ClipBlock, VideoEntry, VideoFeatures, as_spans};
use crate::{DEFAULT_DATASET, SPANS};

pub(crate) use self::write::write;

/// Clips that are read at once while files are copied.
const CLIPS_AT_ONCE: usize = 1024;

/// An HDF5 file of features, open for reading.
///
/// ```text
/// /                     attributes model, weights, space, clip, stride, preprocessing, precision
/// /VIDEO                attributes path, bytes, duration_s, and of damaged videos
///                       damaged: [spans, 2] f64, start and end in seconds; of videos
///                       that are cut short cut_short, in words
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
/// A dataset may lie in another file: an external link, external storage, a virtual dataset. That is refused,
/// or followed where it is asked for ([`OtherFiles`]); where the other file is not there then, it is named; the
/// library itself reads zeros for a virtual dataset. The sizes that a file states are compared with its own
/// before anything is read.
pub struct Hdf5File {
    path: PathBuf,
    file: File,
    dataset: String,
    ids: Vec<String>,
    has_groups: bool,
    without: Vec<String>,
    others: OtherFiles,
    /// Those of the ids that lie in other files and are not to be followed.
    elsewhere: BTreeSet<String>,
    /// Whether there is any link to another file; known once it matters.
    has_external: OnceLock<bool>,
    num_bytes: u64,
}

impl Hdf5File {
    /// Opens a file; `dataset` is what features are called in a video's group, by default
    /// [`DEFAULT_DATASET`].
    ///
    /// # Errors
    /// When it is missing, damaged, being written by another program, or has no such dataset.
    pub fn open(
        path: &Path,
        dataset: Option<&str>,
        others: OtherFiles,
    ) -> Result<Self, FeatureError> {
        let plain = plain_file::open(path).and_then(|file| file.metadata());
        let num_bytes = plain.map_err(FeatureError::io(path, "read it"))?.len();
        let file = File::open(path).map_err(|error| match refusal(path, "open it", &error) {
            FeatureError::Hdf5 { reason, .. } => FeatureError::damaged(path, reason),
            known => known,
        })?;
        let named = dataset;
        let dataset = named.unwrap_or(DEFAULT_DATASET).to_owned();
        let found = Listing::of(&file, &dataset, others)
            .map_err(|error| refusal(path, "list its videos", &error))?;
        let Listing { mut ids, others: mut deeper, mut has_groups, mut without, elsewhere, .. } =
            found;
        if ids.is_empty() && !deeper.is_empty() {
            let candidates = names_of_features(&deeper);
            if named.is_some() || !candidates.is_empty() {
                let splits = if candidates.is_empty() {
                    "; leave features.dataset out, and each of them is a video"
                } else {
                    ""
                };
                let found = format!("it has {}{splits}", first_of(&deeper, deeper.len()));
                let path = path.to_owned();
                return Err(FeatureError::NoDataset { path, dataset, found, candidates });
            }
            // Videos in groups of splits.
            ids = std::mem::take(&mut deeper);
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
        let path_of_it = path.to_owned();
        let opened = Self {
            path: path_of_it,
            file,
            dataset,
            ids,
            has_groups,
            without,
            others,
            elsewhere,
            has_external: OnceLock::new(),
            num_bytes,
        };
        // Whoever packs one video packs all, and what cannot be read is better known at once.
        if let Some(first) = opened.ids.first() {
            match opened.locate(first) {
                Ok((dataset, _)) => opened.check_filters(&dataset)?,
                // Of one video; others may be whole.
                Err(
                    FeatureError::BrokenLink { .. }
                    | FeatureError::OtherFile { .. }
                    | FeatureError::Unbelievable { .. },
                ) => {}
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
        self.check_link(id, group, SPANS)?;
        let spans = group.dataset(SPANS).map_err(failed)?;
        self.check_layout(&spans)?;
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
        let group = group.ok_or_else(|| FeatureError::Foreign { path: self.path.clone() })?;
        self.check_link(id, &group, SPANS)?;
        let spans = group.dataset(SPANS).map_err(failed)?;
        self.check_layout(&spans)?;
        self.shape_of(&spans, "[num_clips, 2]")?;
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
        if self.elsewhere.contains(id) {
            return Err(self.other_file(format!("/{id} is a link")));
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
                self.check_link(id, &group, &self.dataset)?;
                let name = format!("/{id}/{}", self.dataset);
                let dataset = group.dataset(&self.dataset).map_err(link(name))?;
                self.check_layout(&dataset)?;
                Ok((dataset, Some(group)))
            }
            _ => {
                let dataset = self.file.dataset(id).map_err(failed)?;
                self.check_layout(&dataset)?;
                Ok((dataset, None))
            }
        }
    }

    fn other_file(&self, what: String) -> FeatureError {
        FeatureError::OtherFile { path: self.path.clone(), what }
    }

    /// # Errors
    /// When a name of a video's group is a link to another file, or may be one, and these are refused.
    fn check_link(&self, id: &str, group: &Group, name: &str) -> Result<(), FeatureError> {
        if self.others == OtherFiles::Followed {
            return Ok(());
        }
        let failed = |error: hdf5::Error| refusal(&self.path, &format!("read {id}"), &error);
        let (first, rest) = name.split_once('/').unwrap_or((name, ""));
        match link_type(group, first).map_err(failed)? {
            None => Ok(()),
            Some(LinkType::Hard) if rest.is_empty() => Ok(()),
            Some(LinkType::Hard) => self.check_link(
                &format!("{id}/{first}"),
                &group.group(first).map_err(failed)?,
                rest,
            ),
            Some(LinkType::Soft) if !self.has_external().map_err(failed)? => Ok(()),
            Some(_) => Err(self.other_file(format!("/{id}/{first} is a link"))),
        }
    }

    /// Whether there is any link to another file.
    fn has_external(&self) -> hdf5::Result<bool> {
        if let Some(known) = self.has_external.get() {
            return Ok(*known);
        }
        Ok(*self.has_external.get_or_init({
            let found = has_external(&self.file)?;
            move || found
        }))
    }

    /// # Errors
    /// When the numbers lie in another file which is not there, or these are refused; or when the pieces in
    /// which they are packed are larger than the file can hold.
    fn check_layout(&self, dataset: &Dataset) -> Result<(), FeatureError> {
        let failed = |error: hdf5::Error| refusal(&self.path, "read how it is stored", &error);
        let properties = dataset.create_plist().map_err(failed)?;
        let external = properties.get_external().map_err(failed)?;
        let is_virtual = properties.layout() == Layout::Virtual;
        if self.others == OtherFiles::Refused && (is_virtual || !external.is_empty()) {
            return Err(self.other_file(format!("{} points", dataset.name())));
        }
        if let Some(chunk) = properties.chunk() {
            self.check_chunk(dataset, &chunk)?;
        }
        if is_virtual || !external.is_empty() { self.check_source(dataset) } else { Ok(()) }
    }

    /// # Errors
    /// When a piece of a dataset is larger than the file can hold.
    fn check_chunk(&self, dataset: &Dataset, chunk: &[usize]) -> Result<(), FeatureError> {
        let numbers = chunk.iter().try_fold(1usize, |numbers, axis| numbers.checked_mul(*axis));
        if numbers.is_some_and(|numbers| is_believable([numbers, 1], self.num_bytes)) {
            return Ok(());
        }
        Err(self.unbelievable(dataset, chunk.to_vec()))
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
        let found = dataset.shape();
        let shape = found.try_into().map_err(|_| self.misshapen(dataset, expected))?;
        // What is stored is counted chunk by chunk, so only where it matters.
        let is_held = || is_believable(shape, dataset.storage_size().min(self.num_bytes));
        if is_believable(shape, 0) || is_held() {
            return Ok(shape);
        }
        Err(self.unbelievable(dataset, shape.to_vec()))
    }

    fn unbelievable(&self, dataset: &Dataset, found: Vec<usize>) -> FeatureError {
        let (path, dataset) = (self.path.clone(), dataset.name());
        FeatureError::Unbelievable { path, dataset, found }
    }

    fn misshapen(&self, dataset: &Dataset, expected: &'static str) -> FeatureError {
        let (path, found) = (self.path.clone(), dataset.shape());
        FeatureError::Shape { path, dataset: dataset.name(), found, expected }
    }
}
