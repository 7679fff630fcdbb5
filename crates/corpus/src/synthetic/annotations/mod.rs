//! The truth once more, in the layouts in which the benchmarks of the tasks hand theirs out, so that
//! a head is trained and measured on the synthetic corpus through the readers it is measured
//! through on the genuine data.
//!
//! ```text
//! <out>/annotations/README.md     what is in the folder
//! <out>/annotations/activitynet/  {train,val,test_seen,test_new}.json: queries and their moments
//! <out>/annotations/crosstask/    procedures as tasks: some of their events as steps, and what narration tells
//! <out>/annotations/coin/         COIN_{seen,new}.json, taxonomy.csv: which action when
//! <out>/annotations/retrieval/    {train,val,test_seen,test_new}.jsonl: a sentence a video
//! ```
//!
//! Pre-training reads one of the folders `train`, `seen` or `new`, never the folder above them, so
//! it cannot find these by accident. Heads learn from videos of `train`, as those of the paper do
//! from videos that pre-training may have seen; nine in ten of them, and the tenth is for choosing
//! an epoch. They are measured on `seen` or `new`.

mod activitynet;
mod annotated_video;
mod coin;
mod crosstask;
mod files;
mod retrieval;

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use self::annotated_video::{AnnotatedVideo, Part};
use self::files::{made, text_file};
use super::config::SyntheticConfig;
use super::plan::Plan;
use super::procedure::Procedures;
use super::truth::Truth;
use crate::error::CorpusError;

/// The folder's name in the corpus.
pub const ANNOTATIONS: &str = "annotations";

/// Says what is in the folder. A folder with another text was made by another version and is made
/// anew, so a change of what is written must show here.
const README: &str = "\
# Annotations of a synthetic corpus

Written by `locvtp synthesize`, format 3: what truly happens in the videos, in the layouts of
ActivityNet Captions, CrossTask, COIN, and a plain list for retrieval. For training and measuring the
heads of the tasks; pre-training never reads this folder.

Parts: `train` and `val` are videos of `train/` (every tenth is `val`), `test_seen` are those of
`seen/`, `test_new` those of `new/`, whose combinations of colour, shape and action no other part
shows.

- `activitynet/`: the query of every event, and when it happens.
- `crosstask/crosstask_release/`: a task is a procedure, its steps half of the procedure's events in
  their usual order, the others background; a video may lack a step or have two swapped. `videos_val.csv` lists `val`; the lists
  `train.txt`, `test_seen.txt` and `test_new.txt` hold the other parts. `crosstask_constraints/` has the
  intervals of the captions that tell a step. A corpus without procedures has none of it.
- `coin/`: a step is a colour that does something (\"a red one moves left\"), in whatever shape. What the
  last fifth of the actions does (spins, blinks) is no step: background. `COIN_seen.json` and
  `COIN_new.json` have `train` and `val` as their training part.
- `retrieval/`: one sentence for a whole video.
";

/// What there is to annotate.
pub(super) struct Annotated<'a> {
    pub(super) config: &'a SyntheticConfig,
    pub(super) plans: &'a [Plan],
    /// Of `train` and `seen`, and of `new`.
    pub(super) procedures: [&'a Procedures; 2],
}

impl Annotated<'_> {
    /// Whether the folder is in the corpus at `out`, whole and of this format.
    pub(super) fn are_there(out: &Path) -> bool {
        let text = fs::read_to_string(out.join(ANNOTATIONS).join("README.md"));
        text.is_ok_and(|text| text == README)
    }

    /// Writes the folder into the corpus at `out`, unless it is there, whole and of this format.
    pub(super) fn write(&self, out: &Path) -> Result<(), CorpusError> {
        if Self::are_there(out) {
            return Ok(());
        }
        let folder = out.join(ANNOTATIONS);
        let partial = out.join(format!("{ANNOTATIONS}.partial"));
        for stale in [&partial, &folder] {
            // Of a link the link goes, and what it leads to stays.
            match fs::remove_dir_all(stale) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(CorpusError::writing(stale)(error));
                }
                _ => {}
            }
        }
        let truths: Vec<_> = self
            .plans
            .iter()
            .map(|plan| Truth::of(self.config, plan.split, &plan.scripts))
            .collect();
        let videos: Vec<_> = truths.iter().zip(self.plans).flat_map(annotated).collect();
        let vocabulary = &truths[0].vocabulary;
        activitynet::write(&made(partial.join("activitynet"))?, &videos)?;
        let (seed, tasks) = (self.config.seed, partial.join("crosstask"));
        crosstask::write(&tasks, seed, self.procedures, vocabulary, &videos)?;
        coin::write(&made(partial.join("coin"))?, vocabulary, &videos)?;
        retrieval::write(&made(partial.join("retrieval"))?, &videos)?;
        // The last of all: the folder is whole when it is there.
        text_file(&partial.join("README.md"), |file| file.write_all(README.as_bytes()))?;
        fs::rename(&partial, &folder).map_err(CorpusError::writing(&folder))
    }
}

fn annotated<'a>((truth, plan): (&'a Truth, &'a Plan)) -> Vec<AnnotatedVideo<'a>> {
    let videos = truth.videos.iter().zip(&plan.narration).enumerate();
    videos
        .map(|(index, (truth, narration))| AnnotatedVideo {
            part: Part::of(plan.split, index),
            split: plan.split,
            truth,
            narration,
        })
        .collect()
}
