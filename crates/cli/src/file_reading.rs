//! The flags of commands that open many video files: where frame tables are kept, what one file may cost, and who
//! decodes it.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::Args as ClapArgs;
use clap::builder::{OsStringValueParser, TypedValueParser};
use locvtp_video::{FrameTableCache, ReadLimits, ReaderSettings, VideoOpener};

use crate::numbers::{MOST_IN_A_FILE, whole};
use crate::sandboxed::Sandboxed;

/// `--frame-tables`, `--limit` and `--sandbox`
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct FileReading {
    /// Folder where frame tables are kept, so that a file is read whole once; "" for none [default:
    /// locvtp/frame-tables in the user's cache folder]
    // A path of its own kind may not be empty.
    #[arg(long, value_name = "DIR", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub(crate) frame_tables: Option<PathBuf>,
    /// What one file may cost before it counts as bad: stall_s=120, call_s, frame_pixels, frames, clips,
    /// output_bytes or, with --sandbox, worker_bytes
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) limit: Vec<String>,
    #[command(flatten)]
    pub(crate) sandboxed: Sandboxed,
}

impl FileReading {
    /// Enters the sandbox where that is asked for; before the first video.
    ///
    /// # Errors
    /// When a limit is none, or the system has no sandbox.
    pub(crate) fn enter_sandbox(&self) -> anyhow::Result<()> {
        self.sandboxed.enter(&self.limits()?)
    }

    fn limits(&self) -> anyhow::Result<ReadLimits> {
        let limits = limits(&self.limit)?;
        let alone =
            limits.worker_bytes != ReadLimits::default().worker_bytes && !self.sandboxed.sandbox;
        if alone {
            bail!("--limit worker_bytes bounds what --sandbox starts: give both, or neither");
        }
        Ok(limits)
    }

    /// # Errors
    /// When the folder cannot be made, a limit is none, or the system has no sandbox that is asked for.
    pub(crate) fn opener(&self) -> anyhow::Result<VideoOpener> {
        self.enter_sandbox()?;
        let settings = ReaderSettings { limits: self.limits()?, ..ReaderSettings::default() };
        let folder = match &self.frame_tables {
            Some(folder) => Some(folder.clone()).filter(|folder| !folder.as_os_str().is_empty()),
            None => default_folder(),
        };
        let frame_tables = folder.map(FrameTableCache::create).transpose()?;
        Ok(VideoOpener { settings, frame_tables, ..VideoOpener::default() })
    }
}

/// `locvtp/frame-tables` in the user's cache folder, as freedesktop.org finds it; none for a user
/// without a home, or without the right to write there.
pub(crate) fn default_folder() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    let folder = cache.join("locvtp/frame-tables");
    std::fs::create_dir_all(&folder).is_ok().then_some(folder)
}

/// The frame tables in the [`default_folder`]: without them files are read anew.
pub(crate) fn default_tables() -> Option<FrameTableCache> {
    FrameTableCache::create(default_folder()?).ok()
}

fn limits(entries: &[String]) -> anyhow::Result<ReadLimits> {
    let mut table = serde_json::Map::new();
    for entry in entries {
        let Some((key, value)) = entry.split_once('=') else {
            bail!("--limit {entry}: expected KEY=VALUE, for example stall_s=120");
        };
        // 0 seconds are no limit; a reader that may take no pictures or bytes would read nothing.
        let (unit, least, most) = match key.trim() {
            seconds if seconds.ends_with("_s") => (" of seconds", 0, u64::from(u32::MAX)),
            bytes if bytes.ends_with("_bytes") => (" of bytes", 1, MOST_IN_A_FILE),
            _ => ("", 1, MOST_IN_A_FILE),
        };
        let number = whole(least, most)(value).map_err(|expected| {
            let expected = expected.replace(" number", &format!(" number{unit}"));
            anyhow!("--limit {entry}: {expected}")
        })?;
        table.insert(key.trim().to_owned(), number.into());
    }
    serde_json::from_value(table.into())
        .with_context(|| format!("--limit {}", entries.join(" --limit ")))
}

#[cfg(test)]
mod tests {
    use locvtp_train::plain_words;

    use super::*;

    #[test]
    fn limits_are_set_by_name_and_wrong_ones_are_refused_by_it() {
        let entries = |entries: &[&str]| {
            let entries: Vec<String> = entries.iter().map(|&entry| entry.to_owned()).collect();
            limits(&entries).map_err(|error| plain_words(&format!("{error:#}")))
        };
        let set = entries(&["stall_s=120", "frames=7"]).unwrap();
        assert_eq!(set, ReadLimits { stall_s: 120, frames: 7, ..ReadLimits::default() });
        assert_eq!(entries(&[]).unwrap(), ReadLimits::default());
        for (wrong, named) in [
            ("stall=3", "the key `stall` is not known here; known are stall_s"),
            ("stall_s=soon", "expected a whole number of seconds from 0 to 4294967295"),
            ("stall_s=99999999999", "expected a whole number of seconds from 0 to 4294967295"),
            ("frames=0", "expected a whole number from 1 to"),
            ("frame_pixels=-1", "expected a whole number from 1 to"),
            ("worker_bytes=200MB", "expected a whole number of bytes from 1 to"),
            ("stall_s", "expected KEY=VALUE"),
        ] {
            let message = entries(&[wrong]).unwrap_err();
            assert!(message.contains(wrong) && message.contains(named), "{message}");
        }
    }

    #[test]
    fn the_memory_of_workers_is_refused_where_there_are_none() {
        let limit = vec!["worker_bytes=80000000".to_owned()];
        let reading = FileReading { limit, ..FileReading::default() };
        let message = reading.opener().unwrap_err().to_string();
        assert!(message.contains("--sandbox"), "{message}");
    }
}
