//! Videos of a folder that no captions belong to: what they are.

use std::path::{Path, PathBuf};

use locvtp_corpus::{Caption, LeftFiles, MediaCheck, NarratedVideo, check_media};
use locvtp_video::{TimeSpan, VideoOpener};
use rayon::prelude::*;
use serde::Serialize;

use crate::grouped_counts::{counted_grouped, grouped};

/// Videos that are named; all are counted, and all are in the JSON.
const NAMED: usize = 5;

/// What lies in a corpus's folder and was not read.
#[derive(Serialize)]
pub(super) struct LeftFilesReport {
    #[serde(flatten)]
    left: LeftFiles,
    /// What the videos without captions are, where files are looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bare_videos: Vec<BareVideo>,
}

/// A video, or why it is none.
#[derive(Serialize)]
struct BareVideo {
    path: PathBuf,
    #[serde(flatten)]
    about: About,
}

#[derive(Serialize)]
#[serde(untagged)]
enum About {
    Video {
        codec: String,
        container: String,
        width: u32,
        height: u32,
        duration_s: f64,
        /// Where pictures are missing.
        gaps: Vec<TimeSpan>,
    },
    Unreadable {
        problem: String,
    },
}

impl LeftFilesReport {
    /// Looks at the videos, if files are looked at.
    pub(super) fn look(left: LeftFiles, check: Option<MediaCheck>, opener: &VideoOpener) -> Self {
        let bare = |check| {
            let look = |path: &PathBuf| BareVideo {
                path: path.clone(),
                about: about(path, check, opener),
            };
            left.without_captions.par_iter().map(look).collect()
        };
        let bare_videos = check.map_or_else(Vec::new, bare);
        Self { left, bare_videos }
    }

    /// Videos without captions that cannot be read.
    pub(super) fn unreadable(&self) -> usize {
        let is_unreadable = |video: &&BareVideo| matches!(video.about, About::Unreadable { .. });
        self.bare_videos.iter().filter(is_unreadable).count()
    }

    pub(super) fn videos(&self) -> &[PathBuf] {
        &self.left.without_captions
    }

    /// Lines for the table; `alone` says that nothing has captions, `see_all` where all videos are named.
    pub(super) fn lines(&self, alone: bool, see_all: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let videos = self.videos();
        if !videos.is_empty() {
            let names: Vec<_> = videos.iter().take(NAMED).map(|path| name(path)).collect();
            let more = match videos.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {} more; {see_all}", grouped(more)),
            };
            let (count, names) = (counted_grouped(videos.len(), "video"), names.join(", "));
            lines.push(format!("  no text   without captions: {count}: {names}{more}"));
        }
        for video in self.bare_videos.iter().take(NAMED) {
            lines.push(match &video.about {
                About::Video { codec, container, width, height, duration_s, gaps } => format!(
                    "  video     {}: {codec} in {container}, {width} x {height} pixels, {duration_s:.2} s{}",
                    name(&video.path),
                    gaps.iter().map(|gap| format!(", {gap} is missing")).collect::<String>()
                ),
                About::Unreadable { problem } => format!("  unusable  {problem}"),
            });
        }
        if self.bare_videos.len() > NAMED {
            let seconds = self.bare_videos.iter().map(|video| match video.about {
                About::Video { duration_s, .. } => duration_s,
                About::Unreadable { .. } => 0.0,
            });
            let hours = seconds.sum::<f64>() / 3600.0;
            lines.push(format!(
                "  video     {} more; {hours:.1} hours in all, {} cannot be read",
                grouped(self.bare_videos.len() - NAMED),
                self.unreadable()
            ));
        }
        if alone && let Some(first) = videos.first() {
            let subtitles = first.with_extension("srt");
            lines.push(format!(
                "  way out   write what is said in {} to {}, and so on; or give a manifest: a CSV with the \
                 columns path,start,end,text",
                name(first),
                name(&subtitles)
            ));
        }
        if !self.left.passed_over.is_empty() {
            lines.push(format!("  left out  other files: {}", self.left.passed_over));
        }
        lines
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn about(path: &Path, check: MediaCheck, opener: &VideoOpener) -> About {
    match looked_at(path, check, opener) {
        Ok(about) => about,
        Err(error) => About::Unreadable { problem: format!("{error:#}") },
    }
}

fn looked_at(path: &Path, check: MediaCheck, opener: &VideoOpener) -> anyhow::Result<About> {
    let reader = opener.open(&path.to_path_buf().into())?;
    let info = reader.info().clone();
    drop(reader);
    if check > MediaCheck::Probe {
        let whole = Caption::new(TimeSpan::new(0.0, f64::INFINITY), name(path));
        check_media(
            &NarratedVideo::new(name(path), path.to_path_buf(), vec![whole]),
            check,
            opener,
        )?;
    }
    Ok(About::Video {
        codec: info.codec,
        container: info.container,
        width: info.width,
        height: info.height,
        duration_s: info.duration.0,
        gaps: info.gaps,
    })
}
