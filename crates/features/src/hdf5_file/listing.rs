//! Which groups and datasets of an HDF5 file are videos, by their names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hdf5::{Group, LocationType};
use locvtp_video::counted::first_of;

use super::refusal::dangling;
use crate::{DEFAULT_DATASET, SPANS};

/// Names of features in a file of one video alone.
pub(super) const FEATURES: &str = "features";
/// Datasets that are nobody's features, in other people's files: when the clips are.
pub(super) const TIMES: [&str; 2] = ["times", "timestamps"];

/// What is in a file, by its names.
#[derive(Default)]
pub(super) struct Listing {
    /// Groups with the dataset, and datasets that are in no group.
    pub(super) ids: Vec<String>,
    /// Datasets in groups that have none of the name.
    pub(super) others: Vec<String>,
    pub(super) has_groups: bool,
    /// Groups that have neither the dataset nor groups alone.
    pub(super) without: Vec<WithoutFeatures>,
}

/// A group that is no video, as it has no features.
pub(super) struct WithoutFeatures {
    pub(super) name: String,
    /// Names of what it has; none where it is empty.
    pub(super) members: Vec<String>,
    pub(super) has_datasets: bool,
}

impl WithoutFeatures {
    pub(super) fn told(&self, path: &Path, dataset: &str) -> String {
        let Self { name, members, .. } = self;
        let has = match members.len() {
            0 => "it is empty".to_owned(),
            number => format!("it has {}", first_of(members, number)),
        };
        format!("{}: the group /{name} has no dataset {dataset:?}; {has}", path.display())
    }
}

impl Listing {
    pub(super) fn add(&mut self, group: &Group, prefix: &str, dataset: &str) -> hdf5::Result<()> {
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
pub(super) fn names_of_features(datasets: &[String]) -> Vec<String> {
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
pub(super) fn of_one_video(path: &Path, features: &str, names: &[String], dataset: &str) -> String {
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
