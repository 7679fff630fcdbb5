//! What already stands where a corpus shall go: the same corpus, the rest of a killed run, or not
//! ours.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use locvtp_video::FolderLock;
use locvtp_video::whole_file::new_file;
use serde::Serialize;

use super::config::SyntheticConfig;
use super::plan::Plan;
use super::truth::TRUTH_FILE;
use crate::error::CorpusError;

/// The config's file in the corpus's folder; what marks a folder as ours.
const CONFIG_FILE: &str = "synthetic.json";
/// Raised when the same config comes to mean other bytes.
const GENERATOR: u32 = 1;

/// What `synthetic.json` holds.
#[derive(Debug, Serialize)]
struct ConfigFile {
    generator: u32,
    config: SyntheticConfig,
}

/// Whether `out` holds this corpus whole; an error if it holds anything else.
pub(super) fn is_there(
    config: &SyntheticConfig,
    out: &Path,
    plans: &[Plan],
) -> Result<bool, CorpusError> {
    if !out.exists() || is_empty_dir(out) {
        return Ok(false);
    }
    let occupied = || CorpusError::Occupied { path: out.to_owned() };
    let text = fs::read_to_string(out.join(CONFIG_FILE)).map_err(|_| occupied())?;
    let there: serde_json::Value = serde_json::from_str(&text).map_err(|_| occupied())?;
    // Through text as well: a number may lose its last bit on the way.
    let wanted = serde_json::from_str(&config_text(config, out)?).map_err(|_| occupied())?;
    if let Some((key, existing, wanted)) = first_difference("", &there, &wanted) {
        return Err(CorpusError::OtherConfig { path: out.to_owned(), key, existing, wanted });
    }
    for plan in plans {
        let dir = out.join(plan.split.name());
        let lost = plan
            .videos
            .iter()
            .map(|video| video.media.path().to_owned())
            .chain([dir.join("caption.json"), dir.join(TRUTH_FILE)])
            .find(|path| !path.is_file());
        if let Some(path) = lost {
            let what = format!("{} is gone", path.display());
            return Err(CorpusError::Incomplete { path: dir, what });
        }
    }
    Ok(true)
}

fn is_empty_dir(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// A folder of the corpus in the making, which is no link to another one.
///
/// # Errors
/// When it cannot be made, or a link lies there.
pub(super) fn own_folder(folder: &Path) -> Result<(), CorpusError> {
    fs::create_dir_all(folder).map_err(CorpusError::writing(folder))?;
    if folder.is_symlink() {
        return Err(CorpusError::Occupied { path: folder.to_owned() });
    }
    Ok(())
}

/// Has a folder for this program alone.
pub(super) fn locked(folder: &Path) -> Result<FolderLock, CorpusError> {
    FolderLock::take(folder).map_err(|error| CorpusError::not_locked(folder, error))
}

/// `<out>.partial`: with the videos that a stopped call of this config finished in it, otherwise empty.
/// What a stopped call of another config finished is nobody's to remove but the user's. No other program makes it as long
/// as the lock is kept.
pub(super) fn start_partial(
    config: &SyntheticConfig,
    out: &Path,
) -> Result<(PathBuf, FolderLock), CorpusError> {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = out.with_file_name(name);
    own_folder(&partial)?;
    let lock = locked(&partial)?;
    let there = partial.join(CONFIG_FILE);
    if there.is_file() {
        let (there, wanted) = (fs::read_to_string(&there), config_text(config, out)?);
        if there.as_ref().is_ok_and(|there| *there == wanted) {
            return Ok((partial, lock));
        }
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let there = there.ok().and_then(|there| parsed(&there));
        let wanted = parsed(&wanted).unwrap_or_default();
        if let Some((key, existing, wanted)) =
            there.and_then(|there| first_difference("", &there, &wanted))
        {
            return Err(CorpusError::Unfinished { path: partial, key, existing, wanted });
        }
        // It was stopped before the first video.
        remove_contents(&partial).map_err(CorpusError::writing(&partial))?;
    }
    if !is_empty_dir(&partial) {
        return Err(CorpusError::Occupied { path: partial });
    }
    Ok((partial, lock))
}

/// Leaves an empty folder. The folder stays, as it is locked.
fn remove_contents(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// Whether a stopped call finished this video. It has its name only when it is whole.
pub(super) fn is_finished(video: &Path) -> bool {
    video.metadata().is_ok_and(|about| about.is_file() && about.len() > 0)
}

/// Removes what encoders that were stopped left in a folder of videos.
pub(super) fn sweep(videos: &Path) {
    for entry in fs::read_dir(videos).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().contains(".mp4.partial-") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Marks `partial` as ours, with the config it is made from.
pub(super) fn write_config(config: &SyntheticConfig, partial: &Path) -> Result<(), CorpusError> {
    let path = partial.join(CONFIG_FILE);
    // What is right is not written again: a call that is killed meanwhile would leave half of it.
    if path.is_file() {
        return Ok(());
    }
    let text = config_text(config, &path)?;
    let written = new_file(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(CorpusError::writing(&path))
}

fn config_text(config: &SyntheticConfig, path: &Path) -> Result<String, CorpusError> {
    let file = ConfigFile { generator: GENERATOR, config: config.clone() };
    serde_json::to_string_pretty(&file).map_err(|error| CorpusError::writing(path)(error.into()))
}

/// The first key whose value differs, with both values.
fn first_difference(
    key: &str,
    there: &serde_json::Value,
    wanted: &serde_json::Value,
) -> Option<(String, String, String)> {
    use serde_json::Value::Object;
    if there == wanted {
        return None;
    }
    if let (Object(a), Object(b)) = (there, wanted) {
        let null = serde_json::Value::Null;
        return a.keys().chain(b.keys()).find_map(|name| {
            let inner = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            first_difference(&inner, a.get(name).unwrap_or(&null), b.get(name).unwrap_or(&null))
        });
    }
    Some((key.to_owned(), there.to_string(), wanted.to_string()))
}
