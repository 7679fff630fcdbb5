//! Which groups and datasets of an HDF5 file are videos, by their names.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use hdf5::{Group, IndexType, IterationOrder, LinkType, LocationInfo, LocationType};
use locvtp_video::counted::first_of;

use super::refusal::dangling;
use crate::OtherFiles;
use crate::{DEFAULT_DATASET, SPANS};

/// Names of features in a file of one video alone.
pub(super) const FEATURES: &str = "features";
/// Datasets that are nobody's features, in other people's files: when the clips are.
pub(super) const TIMES: [&str; 2] = ["times", "timestamps"];

/// Groups in groups, at most.
const DEEPEST: usize = 32;
/// Names of a file, at most. The largest public ones have a million videos.
const MOST_NAMES: usize = 4_000_000;

/// What is in a file, by its names. Each group is looked at once: groups may hold each other in circles.
#[derive(Default)]
pub(super) struct Listing {
    /// Groups with the dataset, and datasets that are in no group.
    pub(super) ids: Vec<String>,
    /// Datasets in groups that have none of the name.
    pub(super) others: Vec<String>,
    pub(super) has_groups: bool,
    /// Groups that have neither the dataset nor groups alone.
    pub(super) without: Vec<WithoutFeatures>,
    /// Those of the ids that lie in other files and are not to be followed.
    pub(super) elsewhere: BTreeSet<String>,
    others_allowed: OtherFiles,
    /// Groups that were looked at.
    visited: HashSet<String>,
    num_names: usize,
    /// Whether links to other files are in any group; known once it matters.
    has_external: Option<bool>,
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
    /// What is in the file whose root this is. `dataset` is what features are called.
    ///
    /// # Errors
    /// When it cannot be read, has groups in groups without end, or more names than any file; in words.
    pub(super) fn of(root: &Group, dataset: &str, others: OtherFiles) -> Result<Self, hdf5::Error> {
        let mut listing = Self { others_allowed: others, ..Self::default() };
        listing.visited.insert(place(&root.loc_info()?));
        listing.add(root, root, "", dataset, 0)?;
        Ok(listing)
    }

    fn add(
        &mut self,
        root: &Group,
        group: &Group,
        prefix: &str,
        dataset: &str,
        depth: usize,
    ) -> hdf5::Result<()> {
        if depth > DEEPEST {
            return Err(format!("it has groups in groups, more than {DEEPEST} of them").into());
        }
        for (name, link) in links(group)? {
            self.num_names += 1;
            if self.num_names > MOST_NAMES {
                return Err(format!("it has more than {MOST_NAMES} names").into());
            }
            let id = format!("{prefix}{name}");
            if self.leads_elsewhere(root, link)? {
                self.elsewhere.insert(id.clone());
                self.ids.push(id);
                continue;
            }
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
                    self.add_group(root, &group.group(&name)?, id, dataset, depth)?;
                }
                LocationType::Dataset => self.others.push(id),
                _ => {}
            }
        }
        Ok(())
    }

    fn add_group(
        &mut self,
        root: &Group,
        group: &Group,
        id: String,
        dataset: &str,
        depth: usize,
    ) -> hdf5::Result<()> {
        if has(group, dataset, self.others_allowed)? {
            self.has_groups = true;
            self.ids.push(id);
            return Ok(());
        }
        if !self.visited.insert(place(&group.loc_info()?)) {
            return Ok(());
        }
        let before = self.others.len();
        self.add(root, group, &format!("{id}/"), dataset, depth + 1)?;
        let own = |other: &&String| other.rsplit_once('/').is_some_and(|(of, _)| of == id);
        let has_datasets = self.others[before..].iter().any(|other| own(&other));
        let members = group.member_names()?;
        if has_datasets || members.is_empty() {
            self.without.push(WithoutFeatures { name: id, members, has_datasets });
        }
        Ok(())
    }

    /// Whether a link must not be followed.
    fn leads_elsewhere(&mut self, root: &Group, link: LinkType) -> hdf5::Result<bool> {
        match (self.others_allowed, link) {
            (OtherFiles::Followed, _) | (_, LinkType::Hard) => Ok(false),
            (_, LinkType::External) => Ok(true),
            (_, LinkType::Soft) => match self.has_external {
                Some(known) => Ok(known),
                None => Ok(*self.has_external.insert(has_external(root)?)),
            },
        }
    }
}

/// Names and kinds of the links of a group.
fn links(group: &Group) -> hdf5::Result<Vec<(String, LinkType)>> {
    let links = group.links(IndexType::default(), IterationOrder::default())?;
    Ok(links.into_iter().map(|(name, link)| (name, link.link_type)).collect())
}

/// Whether a group has something of this name, which may be a path in it.
fn has(group: &Group, name: &str, others: OtherFiles) -> hdf5::Result<bool> {
    match name.split_once('/') {
        // The library would go through any link on the way.
        Some((first, rest)) if others == OtherFiles::Refused => {
            let is_own = link_type(group, first)? == Some(LinkType::Hard)
                && group.loc_type_by_name(first)? == LocationType::Group;
            Ok(is_own && has(&group.group(first)?, rest, others)?)
        }
        _ => Ok(group.link_exists(name)),
    }
}

/// The kind of one link of a group; none where there is no such link.
pub(super) fn link_type(group: &Group, name: &str) -> hdf5::Result<Option<LinkType>> {
    group.find_link(IndexType::default(), IterationOrder::default(), |other, link| {
        Ok((other == name).then_some(link.link_type))
    })
}

/// Whether any group of a file has a link to another file. What a soft link says cannot be asked of the
/// binding, so where this is so, a soft link may lead through such a link.
pub(super) fn has_external(root: &Group) -> hdf5::Result<bool> {
    let mut visited = HashSet::from([place(&root.loc_info()?)]);
    let mut groups = vec![root.clone()];
    while let Some(group) = groups.pop() {
        for (name, link) in links(&group)? {
            if link == LinkType::External {
                return Ok(true);
            }
            if link == LinkType::Hard && group.loc_type_by_name(&name)? == LocationType::Group {
                let inner = group.group(&name)?;
                if visited.insert(place(&inner.loc_info()?)) {
                    groups.push(inner);
                }
            }
        }
    }
    Ok(false)
}

/// The file and the place in it of a group, the same under all its names.
fn place(info: &LocationInfo) -> String {
    format!("{} {:?}", info.fileno, info.token)
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
