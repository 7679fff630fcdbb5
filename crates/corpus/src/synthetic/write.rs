//! The corpus as a folder: scripts drawn, videos rendered and encoded in parallel, everything moved
//! into place at the end.
//!
//! A folder that is there is whole: it is written as `<out>.partial` and renamed. What exists is
//! never overwritten: a corpus of the same config is used as it is, anything else is an error. A call
//! that was stopped is gone on with by the same call: the videos that it finished are kept, and the
//! corpus has the bytes that it would have had.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use locvtp_video::{Encoder, EncoderPreset, EncoderSettings};
use rayon::prelude::*;
use serde::Serialize;

use super::annotations::Annotated;
use super::combination::Combinations;
use super::config::SyntheticConfig;
use super::plan::Plan;
use super::procedure::Procedures;
use super::render::Renderer;
use super::reuse::{is_finished, is_there, locked, own_folder, start_partial, sweep, write_config};
use super::script::Script;
use super::split::Split;
use super::truth::Truth;
use crate::error::CorpusError;
use crate::layouts::howto100m::{ListedVideo, write_captions, write_video_list};

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SynthesisReport {
    /// Whether the folder already held this corpus and was used as it is.
    pub reused: bool,
    /// Videos that an earlier call had finished before it was stopped.
    pub kept: usize,
    /// Each split, in the order of [`Split::ALL`].
    pub splits: Vec<SplitReport>,
    /// Combinations of colour, shape and action that training shows.
    pub training_combinations: usize,
    /// Combinations only `new` shows.
    pub held_out_combinations: usize,
    /// Procedures of `train` and `seen`; 0 when the order is random.
    pub procedures: usize,
    /// Different words in the narration of `train`.
    pub words: usize,
    /// Wall-clock time of the call, in seconds.
    pub seconds: f64,
}

/// What was made of one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitReport {
    /// Which.
    pub split: Split,
    /// Its folder.
    pub dir: PathBuf,
    /// Video files.
    pub videos: usize,
    /// Captions of the narration.
    pub captions: usize,
    /// True events.
    pub events: usize,
}

/// Makes the corpus of `config` at `out`, or finds it there.
///
/// Videos are rendered on all threads of the current rayon pool; `progress` is told how many of how
/// many are done, those of a stopped call first.
///
/// # Errors
/// When the config cannot be used, `out` holds anything else than this corpus, or a file cannot be
/// written.
pub fn synthesize(
    config: &SyntheticConfig,
    out: &Path,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<SynthesisReport, CorpusError> {
    let started = Instant::now();
    config.check()?;
    let parts = Combinations::new(config);
    let training = Procedures::draw(config, parts.training.clone(), config.procedures.count, 0);
    let share = parts.held_out.len() as f64 / parts.training.len() as f64;
    let new_count = (config.procedures.count as f64 * share).ceil() as usize;
    let held_out = Procedures::draw(config, parts.held_out.clone(), new_count, 1);
    let plans: Vec<_> = Split::ALL
        .into_iter()
        .map(|split| {
            let procedures = if split == Split::New { &held_out } else { &training };
            Plan::new(config, procedures, split, &out.join(split.name()))
        })
        .collect();
    let annotated = Annotated { config, plans: &plans, procedures: [&training, &held_out] };
    let mut reused = is_there(config, out, &plans)?;
    let mut kept = 0;
    if !reused {
        let (partial, _lock) = start_partial(config, out)?;
        // Another program may have finished it since this one looked.
        reused = is_there(config, out, &plans)?;
        if reused {
            let _ = fs::remove_dir(&partial);
        } else {
            kept = write_all(config, &plans, &partial, progress)?;
            annotated.write(&partial)?;
            // An empty folder may stand in the way; it may also not be there.
            let _ = fs::remove_dir(out);
            fs::rename(&partial, out).map_err(CorpusError::writing(out))?;
        }
    }
    if reused && !Annotated::are_there(out) {
        // Earlier versions wrote none.
        let _lock = locked(out)?;
        annotated.write(out)?;
    }
    let words: BTreeSet<_> = plans[0]
        .videos
        .iter()
        .flat_map(|video| &video.captions)
        .flat_map(|caption| caption.text.split(' '))
        .collect();
    Ok(SynthesisReport {
        reused,
        kept,
        training_combinations: parts.training.len(),
        held_out_combinations: parts.held_out.len(),
        procedures: training.steps().len(),
        words: words.len(),
        splits: plans.iter().map(|plan| report(plan, out)).collect(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn report(plan: &Plan, out: &Path) -> SplitReport {
    SplitReport {
        split: plan.split,
        dir: out.join(plan.split.name()),
        videos: plan.videos.len(),
        captions: plan.videos.iter().map(|video| video.captions.len()).sum(),
        events: plan.scripts.iter().map(|script| script.events.len()).sum(),
    }
}

/// Writes everything that is not there yet; how many videos were.
fn write_all(
    config: &SyntheticConfig,
    plans: &[Plan],
    partial: &Path,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<usize, CorpusError> {
    write_config(config, partial)?;
    let video = |plan: &Plan, script: &Script| {
        let videos = partial.join(plan.split.name()).join("videos");
        videos.join(format!("{}.mp4", script.id))
    };
    let all = plans.iter().flat_map(|plan| plan.scripts.iter().map(move |script| (plan, script)));
    let total = all.clone().count();
    let kept = all.filter(|(plan, script)| is_finished(&video(plan, script))).count();
    if kept > 0 {
        progress(kept, total);
    }
    let done = AtomicUsize::new(kept);
    for plan in plans {
        let dir = partial.join(plan.split.name());
        let videos = dir.join("videos");
        own_folder(&dir)?;
        own_folder(&videos)?;
        sweep(&videos);
        write_captions(&dir.join("caption.json"), &plan.videos)?;
        write_video_list(&dir.join("HowTo100M_v1.csv"), &listed(plan))?;
        Truth::of(config, plan.split, &plan.scripts).write(&dir)?;
        plan.scripts.par_iter().try_for_each(|script| {
            let file = video(plan, script);
            if !is_finished(&file) {
                encode(config, script, &file)?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            }
            Ok::<_, CorpusError>(())
        })?;
    }
    Ok(kept)
}

fn encode(config: &SyntheticConfig, script: &Script, path: &Path) -> Result<(), CorpusError> {
    let mut encoder = Encoder::create(
        path,
        EncoderSettings {
            key_frame_interval: config.key_frame_interval,
            crf: config.crf,
            // The fastest preset is also the one that gives equal bytes: with others, libx264's
            // macroblock tree (`mbtree`) reads memory nobody wrote when frames are this small, and
            // the files of one seed differ now and then.
            preset: EncoderPreset::Ultrafast,
            ..EncoderSettings::new(config.width, config.height, config.frame_rate_hz)
        },
    )?;
    let mut renderer = Renderer::new(config, script);
    let mut rgb = Vec::new();
    for frame in 0..config.num_frames() {
        renderer.draw(frame, &mut rgb);
        encoder.push(&rgb)?;
    }
    Ok(encoder.finish()?)
}

/// The list of videos; the task is the procedure, counted from 1, or 0 when there is none.
fn listed(plan: &Plan) -> Vec<ListedVideo> {
    let list = |(index, script): (usize, &Script)| ListedVideo {
        id: script.id.clone(),
        categories: ["Synthetic".to_owned(), "Shapes".to_owned()],
        rank: index + 1,
        task: script.procedure.map_or(0, |procedure| procedure + 1),
    };
    plan.scripts.iter().enumerate().map(list).collect()
}
