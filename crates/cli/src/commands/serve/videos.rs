//! The videos of an index as the page names and shows them.
//!
//! An id is made of a file's content, so an address that was shared stays true when files are moved or
//! the index is built anew. Folders are shown from the one that was indexed on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use locvtp_search::catalogue::{Catalogue, CatalogueError, FileId, FileRecord, FileState};
use locvtp_search::identity::{FileNow, Look};
use locvtp_search::segment::TrackId;
use locvtp_serve::{Media, MediaId};
use locvtp_video::{Playback, Seconds};

/// Files whose headers are remembered.
const MOST_REMEMBERED: usize = 20_000;

/// The videos of a catalogue.
pub(super) struct Videos {
    catalogue: Arc<dyn Catalogue>,
    /// The folder that was indexed, where the index lies in it.
    root: Option<PathBuf>,
    names: Mutex<Names>,
    /// What the headers say; none of files that cannot be opened.
    played: Mutex<HashMap<FileId, Option<Playback>>>,
}

#[derive(Default)]
struct Names {
    tracks: HashMap<MediaId, TrackId>,
    ids: HashMap<FileId, MediaId>,
}

impl Videos {
    pub(super) fn new(catalogue: Arc<dyn Catalogue>, root: Option<PathBuf>) -> Self {
        Self { catalogue, root, names: Mutex::default(), played: Mutex::default() }
    }

    /// The file of an id; none where the index has no such video. An id of before, when the file was known by its
    /// sample, still names it.
    pub(super) fn file(&self, id: &MediaId) -> Result<Option<FileRecord>, CatalogueError> {
        let known = self.names().tracks.get(id).copied();
        if let Some(track) = known
            && let Some(file) = self.catalogue.file_of(track)?
            && is_called(&file, id)
        {
            return Ok(Some(file));
        }
        let all = self.all()?;
        let is_it = |file: &&FileRecord| id_of(file) == *id;
        let found = all.iter().find(is_it).or_else(|| all.iter().find(|file| is_called(file, id)));
        Ok(found.cloned())
    }

    /// The id of a file of the catalogue; none where it is gone.
    pub(super) fn id(&self, file: FileId) -> Result<Option<MediaId>, CatalogueError> {
        let known = self.names().ids.get(&file).cloned();
        if known.is_some() {
            return Ok(known);
        }
        Ok(self.all()?.iter().find(|it| it.id == file).map(id_of))
    }

    /// All videos, ordered by path.
    pub(super) fn all(&self) -> Result<Vec<FileRecord>, CatalogueError> {
        let mut files = self.catalogue.files()?;
        files.retain(|file| file.track.is_some());
        files.sort_by(|one, other| path_of(one).cmp(path_of(other)));
        let mut names = Names::default();
        for file in &files {
            names.tracks.extend(file.track.map(|track| (id_of(file), track)));
            names.ids.insert(file.id, id_of(file));
        }
        *self.names() = names;
        Ok(files)
    }

    /// A video as the server needs it: where it lies as it was indexed, or else where another file lies now. Reads the
    /// header of its file once.
    pub(super) fn media(&self, file: &FileRecord) -> Media {
        let now = |look: &Look| FileNow::of(&look.path, file.identity, &file.looks);
        self.media_where(file, &|look| now(look).is_usable())
    }

    /// The same for a list, without a look into the files but those that were missing.
    pub(super) fn listed(&self, file: &FileRecord) -> Media {
        let now = |look: &Look| FileNow::by_samples(&look.path, file.identity, &file.looks);
        let was_there = file.state != FileState::Missing;
        self.media_where(file, &|look| was_there || now(look).is_usable())
    }

    fn media_where(&self, file: &FileRecord, is_usable: &dyn Fn(&Look) -> bool) -> Media {
        let there = file.looks.iter().filter(|look| look.path.is_file());
        let (usable, changed): (Vec<&Look>, Vec<&Look>) = there.partition(|look| is_usable(look));
        let there = usable.first().or(changed.first()).copied();
        let look = there.or(file.looks.first());
        let path = look.map(|look| look.path.clone()).unwrap_or_default();
        let played = usable.first().and_then(|look| self.played(file.id, &look.path));
        Media {
            id: id_of(file),
            name: file_name(&path),
            folder: self.shown_folder(&path),
            size_bytes: file.identity.size,
            duration_s: file.duration.0,
            start_s: played.as_ref().map_or(0.0, |it| it.start.0),
            width: played.as_ref().map_or(0, |it| it.width),
            height: played.as_ref().map_or(0, |it| it.height),
            frame_rate_hz: played.as_ref().and_then(|it| it.frame_rate_hz),
            codec: played.as_ref().map(|it| it.codec.clone()).unwrap_or_default(),
            media_type: played.map(|it| media_type(it, file.duration)),
            modified_unix_s: look.map(|look| look.modified_ns.div_euclid(1_000_000_000)),
            is_missing: there.is_none(),
            is_changed: usable.is_empty() && there.is_some(),
            note: file.reason.clone(),
            path,
        }
    }

    fn played(&self, file: FileId, path: &Path) -> Option<Playback> {
        let lock = || self.played.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&file) {
            return known.clone();
        }
        let read = Playback::read(path).ok();
        let mut played = lock();
        if played.len() >= MOST_REMEMBERED {
            played.clear();
        }
        played.insert(file, read.clone());
        read
    }

    /// The folder of a file, for display: from the folder that was indexed on, where it lies in that.
    pub(super) fn shown_folder(&self, path: &Path) -> String {
        let folder = path.parent().unwrap_or(Path::new(""));
        let below = self.root.as_ref().and_then(|root| {
            let above = root.parent()?;
            folder.starts_with(root).then(|| folder.strip_prefix(above).ok()).flatten()
        });
        below.unwrap_or(folder).to_string_lossy().into_owned()
    }

    /// The folder from which folders are shown.
    pub(super) fn base(&self) -> Option<PathBuf> {
        self.root.as_ref()?.parent().map(Path::to_owned)
    }

    /// The folder that is shown as `shown`, with or without the name of the indexed one before it, or the whole path of it; none
    /// where no video lies in it or below. What is typed is compared with what is known and opened never.
    pub(super) fn folder(&self, shown: &str) -> Result<Option<PathBuf>, CatalogueError> {
        let root = self.root.as_deref().map(file_name).unwrap_or_default();
        let base = self.base().unwrap_or_default();
        let below = Path::new(shown).strip_prefix(base).unwrap_or(Path::new(shown));
        let wanted = [below.to_owned(), Path::new(&root).join(shown)];
        let folder = |path: &Path| {
            let folder = PathBuf::from(self.shown_folder(path));
            let deeper = wanted.iter().find_map(|wanted| folder.strip_prefix(wanted).ok())?;
            path.parent()?.ancestors().nth(deeper.components().count()).map(Path::to_owned)
        };
        if wanted.iter().any(|wanted| wanted.as_os_str().is_empty()) {
            return Ok(None);
        }
        let all = self.all()?;
        Ok(all.iter().flat_map(|file| &file.looks).find_map(|look| folder(&look.path)))
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to ask the browser. What has other times in a browser than in the index is nothing that it plays.
fn media_type(played: Playback, duration: Seconds) -> String {
    const ROUNDED: Seconds = Seconds(1.0);
    match played.stated {
        Some(stated) if duration > stated + ROUNDED => "application/octet-stream".into(),
        _ => played.media_type,
    }
}

/// The id of a content: its size, and the hash of the whole, or of the sample where the whole is not known.
fn id_of(file: &FileRecord) -> MediaId {
    id_by(file, file.identity.whole.unwrap_or(file.identity.sample))
}

fn id_by(file: &FileRecord, hash: u128) -> MediaId {
    let text = format!("{:x}-{hash:032x}", file.identity.size);
    MediaId::new(&text).expect("figures and a hyphen")
}

/// Whether an id names a file, or did so before the whole of it was known.
fn is_called(file: &FileRecord, id: &MediaId) -> bool {
    *id == id_of(file) || *id == id_by(file, file.identity.sample)
}

/// Where a file lies, or last lay.
pub(super) fn path_of(file: &FileRecord) -> &Path {
    file.looks.first().map_or(Path::new(""), |look| &look.path)
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use locvtp_search::catalogue::{Access, ModelRecord, NewVideo, SqliteCatalogue};
    use locvtp_search::identity::{ContentIdentity, look_at};
    use locvtp_search::segment::{VectorBatch, VectorKind};
    use locvtp_video::TimeSpan;

    use super::*;

    /// A catalogue over files of a few bytes in a folder `films`.
    fn videos(folder: &Path, names: &[&str]) -> Videos {
        let root = folder.canonicalize().unwrap().join("films");
        let catalogue = SqliteCatalogue::open(&root.join(".locvtp"), Access::WRITE).unwrap();
        let model = ModelRecord {
            name: "tiny".into(),
            hash: 1,
            preprocessing: "{}".into(),
            sampling: "{}".into(),
            width: 2,
        };
        let generation = catalogue.generation(&model).unwrap();
        for (number, name) in names.iter().enumerate() {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "frames").unwrap();
            let mut clips = VectorBatch::new(2);
            clips.push(&[1.0, 0.0], TimeSpan::new(0.0, 2.0)).unwrap();
            let video = NewVideo {
                file: None,
                identity: ContentIdentity { size: 6, sample: number as u128 + 10, whole: None },
                look: look_at(&path).unwrap(),
                duration: Seconds(2.0),
                note: None,
                vectors: vec![(VectorKind::Clip, clips)],
                cues: vec![],
            };
            catalogue.add_video(generation, &video).unwrap();
        }
        Videos::new(Arc::new(catalogue), Some(root))
    }

    #[test]
    fn a_video_is_named_by_its_content_and_shown_by_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let videos = videos(folder.path(), &["sea/b.mp4", "a.mp4", "sea/deep/c.mp4"]);
        let shown: Vec<_> = videos.all().unwrap().iter().map(|file| videos.media(file)).collect();
        let names: Vec<_> = shown.iter().map(|it| (it.name.as_str(), it.folder.as_str())).collect();
        let expected = [("a.mp4", "films"), ("b.mp4", "films/sea"), ("c.mp4", "films/sea/deep")];
        assert_eq!(names, expected);
        assert_eq!(shown[0].id.as_str(), "6-0000000000000000000000000000000b");
        let found = videos.file(&shown[2].id).unwrap().unwrap();
        assert_eq!(videos.id(found.id).unwrap().as_ref(), Some(&shown[2].id));
        // Bytes that are no video have no header, and are no failure.
        assert!(shown[0].media_type.is_none() && !shown[0].is_missing);
        assert_eq!(videos.file(&MediaId::new("nobody").unwrap()).unwrap(), None);
    }

    #[test]
    fn an_id_of_before_the_whole_was_known_still_names_its_video() {
        let identity = |whole| ContentIdentity { size: 255, sample: 7, whole };
        let file = |whole| FileRecord {
            id: FileId(1),
            identity: identity(whole),
            state: FileState::Present,
            reason: None,
            duration: Seconds(1.0),
            track: None,
            looks: vec![],
        };
        let (before, now) = (id_of(&file(None)), id_of(&file(Some(9))));
        assert_eq!(before.as_str(), "ff-00000000000000000000000000000007");
        assert_eq!(now.as_str(), "ff-00000000000000000000000000000009");
        assert!(is_called(&file(Some(9)), &before) && is_called(&file(Some(9)), &now));
        assert!(!is_called(&file(Some(8)), &now));
    }

    #[test]
    fn only_folders_with_videos_are_folders() {
        let folder = tempfile::tempdir().unwrap();
        let videos = videos(folder.path(), &["sea/deep/c.mp4"]);
        let root = folder.path().canonicalize().unwrap().join("films");
        let of = |shown: &str| videos.folder(shown).unwrap();
        assert_eq!(of("films/sea"), Some(root.join("sea")));
        assert_eq!(of("sea/deep/"), Some(root.join("sea/deep")));
        assert_eq!(of("films"), Some(root.clone()));
        // Whole paths, as the command line takes them.
        let typed = |folder: &Path| of(folder.to_str().unwrap());
        assert_eq!(typed(&root.join("sea")), Some(root.join("sea")));
        assert_eq!(typed(&root), Some(root.clone()));
        for outside in [root.parent().unwrap(), &root.join(".."), &root.join("none")] {
            assert_eq!(typed(outside), None, "{outside:?}");
        }
        for outside in ["", "/", "/etc", "..", "films/..", "films/sea/../../..", "se", "films/none"]
        {
            assert_eq!(of(outside), None, "{outside:?}");
        }
    }
}
