//! Attributes of groups: texts, numbers, and what is noted of a video's file.

use hdf5::Group;
use hdf5::types::VarLenUnicode;
use locvtp_video::TimeSpan;

use crate::provenance::VideoSource;
use crate::video_features::{as_spans, as_times};

/// The attribute of damaged videos.
const DAMAGED: &str = "damaged";
/// The attribute of videos whose file is cut short.
const CUT_SHORT: &str = "cut_short";

/// Notes of a video's group which file it was made of.
pub(super) fn write_source(group: &Group, source: &VideoSource) -> hdf5::Result<()> {
    write_text(group, "path", &source.path)?;
    write_number(group, "bytes", &source.bytes)?;
    write_number(group, "duration_s", &source.duration_s)?;
    if let Some(note) = &source.cut_short {
        write_text(group, CUT_SHORT, note)?;
    }
    if source.damaged.is_empty() { Ok(()) } else { write_spans(group, DAMAGED, &source.damaged) }
}

/// What [`write_source`] noted; none in files of other people.
pub(super) fn source_of(group: &Group) -> Option<VideoSource> {
    Some(VideoSource {
        path: text_attribute(group, "path")?,
        bytes: group.attr("bytes").ok()?.read_scalar().ok()?,
        duration_s: group.attr("duration_s").ok()?.read_scalar().ok()?,
        damaged: match group.attr(DAMAGED) {
            Ok(spans) if is_table_of_spans(&spans.shape()) => {
                as_spans(&spans.read_raw::<f64>().ok()?)
            }
            Ok(_) => return None,
            Err(_) => Vec::new(),
        },
        cut_short: text_attribute(group, CUT_SHORT),
    })
}

/// Whether an attribute has the shape `[spans, 2]` and no more spans than a video has frames.
fn is_table_of_spans(shape: &[usize]) -> bool {
    const MOST: usize = 4_000_000;
    matches!(shape, [spans, 2] if *spans <= MOST)
}

/// Notes a text.
pub(super) fn write_text(place: &hdf5::Location, name: &str, value: &str) -> hdf5::Result<()> {
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

/// A text; none where there is no such attribute.
pub(super) fn text_attribute(place: &hdf5::Location, name: &str) -> Option<String> {
    let text = place.attr(name).ok()?.read_scalar::<VarLenUnicode>().ok()?;
    Some(text.as_str().to_owned())
}
