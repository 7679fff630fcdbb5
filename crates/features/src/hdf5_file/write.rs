//! A whole HDF5 file of features, written block by block.

use std::path::Path;

use hdf5::{Dataset, File, Group};

use super::attributes::{write_source, write_text};
use super::refusal::refusal;
use crate::SPANS;
use crate::error::FeatureError;
use crate::provenance::Provenance;
use crate::video_features::{ClipSource, VideoEntry, as_times, for_each_block};

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
        write_source(&group, &entry.source).map_err(failed)?;
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
