//! What comes after training: an index of some held-out videos, and three sentences to it, by the commands
//! that a person would type.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::folder::DemoFolder;
use crate::page::MeasuredSplit;
use crate::{command_line, output};

/// Videos of each split. Of many more, everything happens somewhere, and nothing could be absent.
const OF_SPLIT: usize = 6;

/// What is in no video of shapes.
const ABSENT: &str = "a dog rides a skateboard";

/// Sentences that are shown to be there.
const PRESENT: usize = 2;

/// Moments of each sentence that are shown.
const TOP: &str = "3";

/// Puts some held-out videos into a folder of their own, and indexes it; `tells` says whether what is
/// printed is for people.
pub(super) fn index(
    folder: &DemoFolder,
    splits: &[MeasuredSplit],
    tells: bool,
) -> anyhow::Result<()> {
    let videos = &folder.videos;
    std::fs::create_dir_all(videos)
        .with_context(|| format!("{}: cannot be made", videos.display()))?;
    for (path, _) in chosen(splits) {
        let copy = videos.join(path.file_name().unwrap_or_default());
        // One that is there already keeps its times, so nothing of it is looked at again.
        if !copy.exists() {
            std::fs::copy(&path, &copy)
                .with_context(|| format!("{}: cannot be copied", path.display()))?;
        }
    }
    let (videos, model) = (videos.to_string_lossy(), folder.path().to_string_lossy());
    if typed(&["index", "add", &videos, "--model", &model], tells)? != Some(0) {
        bail!("the held-out videos were not indexed; the reason stands above");
    }
    Ok(())
}

/// Asks for two things that happen in the videos, and for one that does not. Those that happen are the
/// first that the search finds: a model of ten minutes does not find all.
pub(super) fn ask(folder: &DemoFolder, splits: &[MeasuredSplit]) -> anyhow::Result<()> {
    let place = folder.videos.to_string_lossy();
    let first = chosen(splits).filter_map(|(_, sentences)| sentences.first().cloned());
    let first: Vec<String> = first.collect();
    let mut shown: Vec<String> = Vec::new();
    for sentence in &first {
        if shown.len() < PRESENT
            && typed(&["search", "--catalog", &place, sentence], false)? == Some(0)
        {
            shown.push(sentence.clone());
        }
    }
    if shown.is_empty() {
        shown.extend(first.into_iter().take(PRESENT));
    }
    for sentence in shown.iter().map(String::as_str).chain([ABSENT]) {
        output::text("")?;
        let arguments = ["search", "--catalog", &place, "--top", TOP, sentence];
        // 0: found, 1: not in these videos.
        if !matches!(typed(&arguments, true)?, Some(0 | 1)) {
            bail!("the search failed; the reason stands above");
        }
    }
    Ok(())
}

/// The command that opens the page of these videos.
pub(super) fn serve(folder: &DemoFolder) -> String {
    command_line::command(["serve", &folder.videos.to_string_lossy(), "--open"])
}

/// The videos, with the plain sentences of what happens in each.
fn chosen(splits: &[MeasuredSplit]) -> impl Iterator<Item = (PathBuf, Vec<String>)> {
    splits
        .iter()
        .flat_map(|split| &split.embedded.videos[..OF_SPLIT.min(split.embedded.videos.len())])
        .map(|video| {
            let sentences = video.truth.events.iter().map(|event| event.query.clone());
            (video.path.clone(), sentences.collect())
        })
}

/// Does what a person types, and shows it where it is told.
fn typed(arguments: &[&str], tells: bool) -> anyhow::Result<Option<i32>> {
    let program = std::env::current_exe().context("this program's own file is not to be found")?;
    let mut command = Command::new(program);
    command.args(arguments);
    if tells {
        output::text(&format!("$ {}", command_line::command(arguments.iter().copied())))?;
    } else {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    let status = command.status().context("this program cannot be started again")?;
    Ok(status.code())
}
