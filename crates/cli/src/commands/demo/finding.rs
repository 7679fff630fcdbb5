//! What comes after training: an index of the held-out videos, and three sentences to it, by the commands
//! that a person would type.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::folder::DemoFolder;
use crate::page::MeasuredSplit;
use crate::{command_line, output};

/// What is in no video of shapes.
const ABSENT: &str = "a dog rides a skateboard";

/// Moments of each sentence that are shown.
const TOP: &str = "3";

/// Indexes the held-out videos; `tells` says whether what is printed is for people.
pub(super) fn index(folder: &DemoFolder, tells: bool) -> anyhow::Result<()> {
    let videos = ["seen", "new"].map(|split| folder.corpus.join(split).join("videos"));
    let [seen, new] = videos.each_ref().map(|videos| videos.to_string_lossy());
    let (place, model) = (folder.index.to_string_lossy(), folder.path().to_string_lossy());
    let arguments = ["index", "add", &seen, &new, "--catalog", &place, "--model", &model];
    let code = typed(&arguments, tells)?;
    if code != Some(0) {
        bail!("the held-out videos were not indexed; the reason stands above");
    }
    Ok(())
}

/// Asks for two things that happen in the videos, and for one that does not.
pub(super) fn ask(folder: &DemoFolder, splits: &[MeasuredSplit]) -> anyhow::Result<()> {
    let of_split = |split: &MeasuredSplit| {
        let example = split.examples.first()?;
        let video = &split.embedded.videos[example.query.video];
        Some(video.truth.events[example.query.event].query.clone())
    };
    let there = splits.iter().filter_map(of_split);
    let place = folder.path().to_string_lossy();
    for sentence in there.chain([ABSENT.to_owned()]) {
        output::text("")?;
        let arguments = ["search", "--catalog", &place, "--top", TOP, &sentence];
        // 0: found, 1: not in these videos.
        if !matches!(typed(&arguments, true)?, Some(0 | 1)) {
            bail!("the search failed; the reason stands above");
        }
    }
    Ok(())
}

/// The command that opens the page of these videos.
pub(super) fn serve(folder: &Path) -> String {
    command_line::command(["serve", &folder.to_string_lossy(), "--open"])
}

/// Does what a person types, and shows it.
fn typed(arguments: &[&str], tells: bool) -> anyhow::Result<Option<i32>> {
    if tells {
        output::text(&format!("$ {}", command_line::command(arguments.iter().copied())))?;
    }
    let program = std::env::current_exe().context("this program's own file is not to be found")?;
    let out = if tells { Stdio::inherit() } else { Stdio::null() };
    let status = Command::new(program).args(arguments).stdout(out).status();
    let status = status.context("this program cannot be started again")?;
    Ok(status.code())
}
