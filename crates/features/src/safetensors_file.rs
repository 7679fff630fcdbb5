//! Safetensors: the tensors `VIDEO/features` `[num_clips, d]` f32 and `VIDEO/spans`
//! `[num_clips, 2]` f64, and in the metadata where they come from.
//!
//! Written here and not by the library, which wants all tensors in memory. The metadata has one key,
//! `locvtp`, with the JSON of [`Contents`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use locvtp_video::{TimeSpan, plain_file};
use safetensors::tensor::{Dtype, Metadata};
use serde::{Deserialize, Serialize};

use crate::SPANS;
use crate::error::FeatureError;
use crate::provenance::{Provenance, VideoSource};
use crate::safetensors_header::SafetensorsHeader;
use crate::stated_size::is_believable;
use crate::video_features::{
    ClipBlock, ClipSource, VideoEntry, VideoFeatures, as_spans, as_times, for_each_block,
};

/// Clips that are read at once while files are copied.
const CLIPS_AT_ONCE: usize = 1024;
/// Name of a video's features, behind its id and a slash.
const FEATURES: &str = "features";

/// What the metadata says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Contents {
    /// What made the features.
    provenance: Provenance,
    /// Where each video came from, by id.
    videos: BTreeMap<String, VideoSource>,
}

/// A tensor in a header that is written.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct TensorPlace {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// A safetensors file of features, open for reading.
pub struct SafetensorsFile {
    path: PathBuf,
    file: File,
    tensors: Metadata,
    contents: Option<Contents>,
    data_begin: u64,
    ids: Vec<String>,
}

impl SafetensorsFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is missing, damaged, or holds no features.
    pub fn open(path: &Path) -> Result<Self, FeatureError> {
        let io = || FeatureError::io(path, "read it");
        let mut file = plain_file::open(path).map_err(io())?;
        let length = file.metadata().map_err(io())?.len();
        let SafetensorsHeader { tensors, metadata, data_begin } =
            SafetensorsHeader::read(&mut file, length)
                .map_err(|reason| FeatureError::damaged(path, reason))?;
        let contents = metadata.get("locvtp").and_then(|text| serde_json::from_str(text).ok());
        let mut names = tensors.offset_keys();
        names.sort_unstable();
        let is_features =
            |name: &String| name.strip_suffix(&format!("/{FEATURES}")).map(str::to_owned);
        let ids: Vec<String> = names.iter().filter_map(is_features).collect();
        if ids.is_empty() && !names.is_empty() {
            let found = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let found = format!("it has {found}");
            let (path, dataset) = (path.to_owned(), format!("VIDEO/{FEATURES}"));
            let candidates = Vec::new();
            return Err(FeatureError::NoDataset { path, dataset, found, candidates });
        }
        let path = path.to_owned();
        let mut opened = Self { path, file, tensors, contents, data_begin, ids };
        // Sorted with their ending they are not always sorted without.
        opened.ids.sort_unstable();
        Ok(opened)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The videos, sorted.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// What made the features; none in other people's files.
    pub fn provenance(&self) -> Option<Provenance> {
        self.contents.as_ref().map(|contents| contents.provenance.clone())
    }

    /// How many clips a video has and how wide their features are.
    ///
    /// # Errors
    /// As [`SafetensorsFile::read`].
    pub fn clip_shape(&self, id: &str) -> Result<[usize; 2], FeatureError> {
        self.shape(id, FEATURES, Dtype::F32, "[num_clips, d] of F32")
    }

    /// When each clip of a video is; none in files of other people.
    pub(crate) fn all_spans(&mut self, id: &str) -> Result<Option<Vec<TimeSpan>>, FeatureError> {
        let [num_clips, _] = self.clip_shape(id)?;
        let has_spans = self.tensors.info(&format!("{id}/{SPANS}")).is_some();
        if has_spans { Ok(Some(self.spans(id, 0, num_clips)?)) } else { Ok(None) }
    }

    /// The features of a video, all of them.
    ///
    /// # Errors
    /// When the video is not there or its tensor is not a table of numbers.
    pub fn read(&mut self, id: &str) -> Result<VideoFeatures, FeatureError> {
        let [num_clips, width] = self.clip_shape(id)?;
        let values = self.floats(id, width, 0, num_clips)?;
        let spans = self.all_spans(id)?;
        Ok(VideoFeatures { width, values, spans, source: self.source(id) })
    }

    /// A video that is to be copied; none when it was not written by us.
    pub(crate) fn entry(&self, id: &str) -> Result<Option<VideoEntry>, FeatureError> {
        let [num_clips, width] = self.shape(id, FEATURES, Dtype::F32, "[num_clips, d] of F32")?;
        let source = self.source(id);
        Ok(source.map(|source| VideoEntry { id: id.to_owned(), num_clips, width, source }))
    }

    /// Some clips of a video with spans.
    pub(crate) fn block(&mut self, id: &str, first: usize) -> Result<ClipBlock, FeatureError> {
        let [num_clips, width] = self.shape(id, FEATURES, Dtype::F32, "[num_clips, d] of F32")?;
        let clips = (num_clips - first).min(CLIPS_AT_ONCE);
        let spans = self.spans(id, first, clips)?;
        Ok(ClipBlock { spans, values: self.floats(id, width, first, clips)? })
    }

    pub(crate) fn source(&self, id: &str) -> Option<VideoSource> {
        self.contents.as_ref()?.videos.get(id).cloned()
    }

    fn floats(
        &mut self,
        id: &str,
        width: usize,
        first: usize,
        clips: usize,
    ) -> Result<Vec<f32>, FeatureError> {
        let bytes =
            self.bytes(&format!("{id}/{FEATURES}"), first * width * 4, clips * width * 4)?;
        let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        Ok(bytes.chunks_exact(4).map(number).collect())
    }

    fn spans(
        &mut self,
        id: &str,
        first: usize,
        clips: usize,
    ) -> Result<Vec<locvtp_video::TimeSpan>, FeatureError> {
        let expected = "[num_clips, 2] of F64, one span a feature";
        let [num_clips, width] = self.shape(id, SPANS, Dtype::F64, expected)?;
        if width != 2 || clips > num_clips.saturating_sub(first) {
            let (path, dataset) = (self.path.clone(), format!("{id}/{SPANS}"));
            return Err(FeatureError::Shape {
                path,
                dataset,
                found: vec![num_clips, width],
                expected,
            });
        }
        let bytes = self.bytes(&format!("{id}/{SPANS}"), first * 16, clips * 16)?;
        let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("chunks of eight"));
        Ok(as_spans(&bytes.chunks_exact(8).map(number).collect::<Vec<_>>()))
    }

    fn shape(
        &self,
        id: &str,
        name: &str,
        dtype: Dtype,
        expected: &'static str,
    ) -> Result<[usize; 2], FeatureError> {
        let dataset = format!("{id}/{name}");
        let path = self.path.clone();
        let Some(info) = self.tensors.info(&dataset) else {
            let (id, num_videos) = (id.to_owned(), self.ids.len());
            return Err(FeatureError::NoVideo { path, id, num_videos });
        };
        let found = info.shape.clone();
        match <[usize; 2]>::try_from(found.as_slice()) {
            // That the numbers are there was checked; rows of nothing may be any number.
            Ok(shape) if info.dtype == dtype && !is_believable(shape, u64::MAX) => {
                Err(FeatureError::Unbelievable { path, dataset, found })
            }
            Ok(shape) if info.dtype == dtype => Ok(shape),
            _ => Err(FeatureError::Shape { path, dataset, found, expected }),
        }
    }

    /// `count` bytes of a tensor that is there.
    fn bytes(&mut self, name: &str, offset: usize, count: usize) -> Result<Vec<u8>, FeatureError> {
        let place = self.tensors.info(name).map_or(0, |info| info.data_offsets.0 as u64);
        let begin = self.data_begin + place + offset as u64;
        let mut bytes = vec![0; count];
        self.file
            .seek(SeekFrom::Start(begin))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(FeatureError::io(&self.path, "read it"))?;
        Ok(bytes)
    }
}

/// Bytes of a number of the two types that are written.
fn number_size(dtype: &str) -> usize {
    match dtype {
        "F32" => 4,
        "F64" => 8,
        _ => 0,
    }
}

/// Writes a whole file, which must not exist, block by block: all spans, then all features, so that
/// every number lies on a multiple of its size.
pub(crate) fn write(
    path: &Path,
    provenance: &Provenance,
    entries: &[VideoEntry],
    source: &mut dyn ClipSource,
) -> Result<(), FeatureError> {
    let io = || FeatureError::io(path, "write it");
    let file = File::create_new(path).map_err(FeatureError::io(path, "make it"))?;
    let mut file = BufWriter::new(file);
    let header = header(provenance, entries);
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(io())?;
    file.write_all(&header).map_err(io())?;
    for entry in entries {
        for_each_block(source, entry, |_, block| {
            let bytes: Vec<u8> = as_times(&block.spans).flat_map(f64::to_le_bytes).collect();
            file.write_all(&bytes).map_err(io())
        })?;
    }
    for entry in entries {
        for_each_block(source, entry, |_, block| {
            let bytes: Vec<u8> = block.values.iter().flat_map(|x| x.to_le_bytes()).collect();
            file.write_all(&bytes).map_err(io())
        })?;
    }
    file.flush().map_err(io())
}

/// The header, padded with spaces to a multiple of eight bytes.
fn header(provenance: &Provenance, entries: &[VideoEntry]) -> Vec<u8> {
    let videos = entries.iter().map(|entry| (entry.id.clone(), entry.source.clone())).collect();
    let contents = Contents { provenance: provenance.clone(), videos };
    let contents = serde_json::to_string(&contents).expect("plain data");
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), serde_json::json!({ "locvtp": contents }));
    let mut begin = 0;
    let mut place = |name: String, dtype: &str, shape: [usize; 2]| {
        let end = begin + (shape[0] * shape[1] * number_size(dtype)) as u64;
        let shape = shape.to_vec();
        let place = TensorPlace { dtype: dtype.into(), shape, data_offsets: [begin, end] };
        begin = end;
        header.insert(name, serde_json::to_value(place).expect("plain data"));
    };
    for entry in entries {
        place(format!("{}/{SPANS}", entry.id), "F64", [entry.num_clips, 2]);
    }
    for entry in entries {
        place(format!("{}/{FEATURES}", entry.id), "F32", [entry.num_clips, entry.width]);
    }
    let mut header = serde_json::to_vec(&header).expect("plain data");
    header.resize(header.len().next_multiple_of(8), b' ');
    header
}
