//! The folder of the hub's downloads, laid out as the hub's own programs lay it out, so that each finds what the
//! other has fetched. The library `hf-hub` names the folder; it does not fetch, as it takes tags and commits for paths and
//! sends the token on to whatever server it is sent to:
//!
//! ```text
//! models--OWNER--NAME/
//! ├── refs/main                  the commit
//! ├── blobs/TAG                  a file under the tag that the server gives its contents
//! └── snapshots/COMMIT/FILE      a link to its blob; FILE may lie in a folder, as 1_Pooling/config.json
//! ```
//!
//! Commit and tag are what the server states: plain names, or nothing is written.

use std::ffi::CString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use hf_hub::Repo;
use locvtp_video::whole_file::{PartName, write_whole};
use locvtp_video::{NotPlain, PlainName, plain_file, private_folder};

use crate::known_models::size;

/// What a name on the hub begins with.
pub(crate) const PREFIX: &str = "hub:";

/// Bytes of the longest token, and of the name of a commit.
const LONGEST_WORD: u64 = 4096;

/// A file of a model, in its folder or one below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HubFile {
    below: Option<PlainName>,
    name: PlainName,
}

impl HubFile {
    /// `NAME` or `FOLDER/NAME`, each a plain name.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn new(path: &str) -> Result<Self, NotPlain> {
        let (below, name) = match path.split_once('/') {
            Some((below, name)) => (Some(PlainName::new(below)?), name),
            None => (None, path),
        };
        Ok(Self { below, name: PlainName::new(name)? })
    }

    fn folder(&self, snapshot: &Path) -> PathBuf {
        match &self.below {
            Some(below) => below.inside(snapshot),
            None => snapshot.to_owned(),
        }
    }

    fn inside(&self, snapshot: &Path) -> PathBuf {
        self.name.inside(&self.folder(snapshot))
    }
}

impl fmt::Display for HubFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(below) = &self.below {
            write!(f, "{below}/")?;
        }
        write!(f, "{}", self.name)
    }
}

/// The downloads of all models.
pub(crate) struct HubCache {
    folder: PathBuf,
}

/// Those of one model.
pub(crate) struct CachedModel {
    folder: PathBuf,
}

impl HubCache {
    /// In `HF_HOME`, else in the user's cache folder; of a user without a home in a folder of their own among the
    /// temporary files.
    ///
    /// # Errors
    /// When that folder is not this user's.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let given = std::env::var_os("HF_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let own = || Some(std::env::home_dir()?.join(".cache/huggingface"));
        let home = match given.or_else(own) {
            Some(home) => home,
            None => {
                let private = private_folder::in_temporary();
                private
                    .context("there is no place for downloads; set HF_HOME to a folder")?
                    .join("huggingface")
            }
        };
        Ok(Self { folder: home.join("hub") })
    }

    /// Where it lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The token that `huggingface-cli login` keeps beside it.
    pub(crate) fn token(&self) -> Option<String> {
        let token = word(&self.folder.with_file_name("token"))?;
        (!token.is_empty()).then_some(token)
    }

    /// A model by its name on the hub, `OWNER/NAME`, of which each part is a plain name.
    pub(crate) fn model(&self, name: &str) -> CachedModel {
        CachedModel { folder: self.folder.join(Repo::model(name.to_owned()).folder_name()) }
    }
}

impl CachedModel {
    /// A file of the commit that was fetched last.
    pub(crate) fn file(&self, name: &HubFile) -> Option<PathBuf> {
        let commit = PlainName::new(&word(&self.folder.join("refs/main"))?).ok()?;
        let path = name.inside(&self.snapshot(&commit));
        path.is_file().then_some(path)
    }

    /// All of these.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let commit = word(&self.folder.join("refs/main"));
        let Some(commit) = commit.and_then(|commit| PlainName::new(&commit).ok()) else {
            return Vec::new();
        };
        let found = fs::read_dir(self.snapshot(&commit)).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> =
            found.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        found.sort();
        found
    }

    /// # Errors
    /// When the disk has less than so many bytes left.
    pub(crate) fn has_room(&self, bytes: u64) -> anyhow::Result<()> {
        let Some(free) = free_bytes(&self.folder).filter(|free| *free < bytes) else {
            return Ok(());
        };
        bail!(
            "{}: the disk has {} left and {} are to come; make room, or set HF_HOME to a folder on another disk",
            self.folder.display(),
            size(free),
            size(bytes)
        );
    }

    /// The file that the contents of this tag are fetched into, which holds what an earlier download left. Nobody else
    /// writes it as long as it is open.
    ///
    /// # Errors
    /// When another program fetches it, or the folder refuses.
    pub(crate) fn open_blob(&self, tag: &PlainName) -> anyhow::Result<File> {
        let path = self.half_blob(tag);
        fs::create_dir_all(self.blobs())
            .and_then(|()| plain_file::open_or_make(&path))
            .and_then(|file| match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => Err(io::Error::new(
                    ErrorKind::ResourceBusy,
                    "another program is downloading it",
                )),
                _ => Ok(file),
            })
            .with_context(|| path.display().to_string())
    }

    /// Gives what was fetched its names; the path of the file.
    ///
    /// # Errors
    /// When the folder refuses.
    pub(crate) fn keep(
        &self,
        commit: &PlainName,
        tag: &PlainName,
        name: &HubFile,
    ) -> anyhow::Result<PathBuf> {
        let snapshot = self.snapshot(commit);
        let path = name.inside(&snapshot);
        let up = if name.below.is_some() { "../../../blobs" } else { "../../blobs" };
        let kept = || {
            fs::rename(self.half_blob(tag), tag.inside(&self.blobs()))?;
            fs::create_dir_all(name.folder(&snapshot))?;
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => symlink(Path::new(up).join(tag.as_str()), &path)?,
            }
            let reference = self.folder.join("refs/main");
            fs::create_dir_all(self.folder.join("refs"))?;
            write_whole(&reference, PartName::Own, |file| {
                file.write_all(commit.as_str().as_bytes())
            })
        };
        kept().with_context(|| format!("{}: cannot be written", path.display()))?;
        if !path.is_file() {
            bail!("{}: is gone again; is another program at work there?", path.display());
        }
        Ok(path)
    }

    fn blobs(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    fn half_blob(&self, tag: &PlainName) -> PathBuf {
        self.blobs().join(format!("{tag}.part"))
    }

    fn snapshot(&self, commit: &PlainName) -> PathBuf {
        commit.inside(&self.folder.join("snapshots"))
    }
}

/// What the disk has left for this user; none where the system does not say.
fn free_bytes(folder: &Path) -> Option<u64> {
    let path = CString::new(folder.as_os_str().as_bytes()).ok()?;
    let mut said = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends in a zero byte, and the place is as large as what is written there.
    let said = unsafe {
        (libc::statvfs(path.as_ptr(), said.as_mut_ptr()) == 0).then(|| said.assume_init())?
    };
    Some(said.f_bavail.saturating_mul(said.f_frsize))
}

/// The one word that a small file holds.
fn word(path: &Path) -> Option<String> {
    let text = String::from_utf8(plain_file::read(path, LONGEST_WORD).ok()?).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PlainName {
        PlainName::new(text).unwrap()
    }

    fn file(path: &str) -> HubFile {
        HubFile::new(path).unwrap()
    }

    #[test]
    fn a_file_lies_in_the_models_folder_or_one_below_it() {
        assert_eq!(file("config.json").to_string(), "config.json");
        assert_eq!(file("1_Pooling/config.json").to_string(), "1_Pooling/config.json");
        for elsewhere in
            ["", "/config.json", "a/", "a/b/c", "../config.json", "a/..", "a/.b", ".a/b"]
        {
            HubFile::new(elsewhere).unwrap_err();
        }
        let home = tempfile::tempdir().unwrap();
        let model = HubCache { folder: home.path().join("hub") }.model("owner/name");
        let (commit, tag, pooling) = (name("abc"), name("t1"), file("1_Pooling/config.json"));
        model.open_blob(&tag).unwrap().write_all(b"{}").unwrap();
        let path = model.keep(&commit, &tag, &pooling).unwrap();
        assert!(path.ends_with("snapshots/abc/1_Pooling/config.json"), "{}", path.display());
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}");
        assert_eq!(model.file(&pooling), Some(path));
        assert_eq!(model.file(&file("config.json")), None);
    }

    #[test]
    fn what_was_fetched_is_found_again_and_a_link_in_its_place_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let cache = HubCache { folder: home.path().join("hub") };
        let model = cache.model("owner/name");
        let config = file("config.json");
        assert_eq!(model.file(&config), None);
        let (commit, tag) = (name("abc"), name("t1"));
        for text in ["one", "two"] {
            model.open_blob(&tag).unwrap().write_all(text.as_bytes()).unwrap();
            let path = model.keep(&commit, &tag, &config).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(model.file(&config), Some(path));
        }
        assert!(home.path().join("hub/models--owner--name/snapshots/abc/config.json").is_symlink());
        let kept = home.path().join("kept");
        fs::write(&kept, "kept").unwrap();
        symlink(&kept, model.half_blob(&tag)).unwrap();
        model.open_blob(&tag).unwrap_err();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
    }

    #[test]
    fn a_disk_that_is_too_small_is_said_before_the_download() {
        let home = tempfile::tempdir().unwrap();
        let model = HubCache { folder: home.path().to_owned() }.model("owner/name");
        model.open_blob(&name("t")).unwrap();
        model.has_room(1).unwrap();
        let told = model.has_room(u64::MAX / 2).unwrap_err().to_string();
        assert!(told.contains("HF_HOME") && told.contains("left"), "{told}");
        assert!(model.files().is_empty());
    }

    #[test]
    fn two_do_not_fetch_one_file_at_once_and_a_commit_that_leads_elsewhere_is_none() {
        let home = tempfile::tempdir().unwrap();
        let cache = HubCache { folder: home.path().join("hub") };
        let model = cache.model("name");
        let first = model.open_blob(&name("t")).unwrap();
        let second = format!("{:#}", model.open_blob(&name("t")).unwrap_err());
        assert!(second.contains("another program"), "{second}");
        drop(first);
        model.open_blob(&name("t")).unwrap();
        fs::create_dir_all(model.folder.join("refs")).unwrap();
        fs::create_dir_all(home.path().join("hub/x")).unwrap();
        fs::write(home.path().join("hub/x/config.json"), "{}").unwrap();
        fs::create_dir_all(model.folder.join("snapshots")).unwrap();
        fs::write(model.folder.join("refs/main"), "../../x").unwrap();
        assert_eq!(model.file(&file("config.json")), None);
        fs::write(home.path().join("token"), " word \n").unwrap();
        assert_eq!(cache.token().as_deref(), Some("word"));
    }
}
