//! What is in a feature file, for people.

use std::collections::BTreeMap;

use locvtp_video::TimeSpan;
use serde::Serialize;

use crate::error::FeatureError;
use crate::feature_file::FeatureFile;
use crate::provenance::Provenance;

/// Videos that are named.
const NAMED: usize = 3;
/// Numbers that are looked at, at most: 1 GiB of them.
const MOST_NUMBERS: usize = 1 << 28;

/// What is in a feature file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FeatureSummary {
    /// `HDF5`, `safetensors`, or which of NumPy's.
    pub format: &'static str,
    /// What features are called in a video's group, in HDF5 with groups.
    pub dataset: Option<String>,
    /// What made them; none in files of other people.
    pub provenance: Option<Provenance>,
    /// Videos whose features can be used, as far as they were looked at.
    pub videos: usize,
    /// Of those, the ones whose numbers were looked at; of a large file not all.
    pub read: usize,
    /// Clips of these videos.
    pub clips: usize,
    /// Clips of the video with the fewest.
    pub fewest_clips: usize,
    /// Clips of the video with the most.
    pub most_clips: usize,
    /// How wide features are, and how many videos have them so wide. One width is as it should be.
    pub widths: BTreeMap<usize, usize>,
    /// Whether the file says when each clip is.
    pub has_spans: bool,
    /// An array that may say it and is not read, by its name in the first video that has one.
    pub unread_times: Option<String>,
    /// The ids of the first three of these videos.
    pub first_ids: Vec<String>,
    /// Entries whose features cannot be used: no table of numbers, without clips, not finite, cut off;
    /// groups without features.
    pub unusable: usize,
    /// Why the first of those cannot.
    pub first_unusable: Option<String>,
    /// Videos whose pictures are missing or damaged somewhere, and where.
    pub damaged: BTreeMap<String, Vec<TimeSpan>>,
    /// Videos whose file is cut short, and what is said of it.
    pub cut_short: BTreeMap<String, String>,
}

impl FeatureSummary {
    /// Looks at the shapes of all videos, and at their numbers up to 1 GiB.
    pub fn of(file: &mut FeatureFile) -> Self {
        let ids = file.ids().to_vec();
        let mut summary = Self {
            format: file.format(),
            dataset: match file {
                FeatureFile::Hdf5(file) if file.has_groups() => Some(file.dataset().to_owned()),
                _ => None,
            },
            provenance: file.provenance(),
            videos: 0,
            read: 0,
            clips: 0,
            fewest_clips: 0,
            most_clips: 0,
            widths: BTreeMap::new(),
            has_spans: false,
            unread_times: None,
            first_ids: Vec::new(),
            unusable: 0,
            first_unusable: None,
            damaged: BTreeMap::new(),
            cut_short: BTreeMap::new(),
        };
        let mut numbers = 0;
        for id in &ids {
            let to_read = MOST_NUMBERS.saturating_sub(numbers);
            match looked_at(file, id, to_read) {
                Ok([clips, width]) => {
                    summary.add(id, clips, width);
                    summary.read += usize::from(clips * width <= to_read);
                    numbers += clips * width;
                    let source = file.source(id).unwrap_or_default();
                    if !source.damaged.is_empty() {
                        summary.damaged.insert(id.clone(), source.damaged);
                    }
                    if let Some(note) = source.cut_short {
                        summary.cut_short.insert(id.clone(), note);
                    }
                }
                Err(reason) => {
                    summary.unusable += 1;
                    summary.first_unusable.get_or_insert(reason);
                }
            }
        }
        if let FeatureFile::Hdf5(file) = file {
            summary.unusable += file.without_features().len();
            summary.first_unusable =
                summary.first_unusable.or_else(|| file.without_features().first().cloned());
        }
        if let Some(first) = summary.first_ids.first() {
            summary.has_spans = matches!(file.spans(first), Ok(Some(_)));
            summary.unread_times = file.unread_times(first);
        }
        summary
    }

    fn add(&mut self, id: &str, clips: usize, width: usize) {
        self.fewest_clips = if self.videos == 0 { clips } else { self.fewest_clips.min(clips) };
        self.most_clips = self.most_clips.max(clips);
        self.videos += 1;
        self.clips += clips;
        *self.widths.entry(width).or_default() += 1;
        if self.first_ids.len() < NAMED {
            self.first_ids.push(id.to_owned());
        }
    }
}

/// The shape of a video's features, once its numbers are looked at, where there are not too many; or
/// why they cannot be used.
fn looked_at(file: &mut FeatureFile, id: &str, most: usize) -> Result<[usize; 2], String> {
    let told = |error: FeatureError| error.to_string();
    let [clips, width] = file.shape(id).map_err(told)?;
    if clips * width == 0 {
        let what = if clips == 0 { "no clips" } else { "clips without numbers" };
        return Err(format!("{id} has {what}: its shape is [{clips}, {width}]"));
    }
    if clips * width <= most {
        file.read(id).map_err(told)?;
    }
    Ok([clips, width])
}
