//! `locvtp pretrain --plan`: what a run will be, in a table that is read in a hurry.

use locvtp_model::Device;
use locvtp_train::{Experiment, Plan, PlannedTimes};
use locvtp_video::counted::counted;
use serde_json::json;

use crate::Outcome;
use crate::output;
use crate::pace::{duration, rate};
use crate::progress::TrainingProgress;
use crate::table::{Column, Table};

/// Plans the run, trains nothing.
pub(crate) fn run(experiment: &Experiment, as_json: bool) -> anyhow::Result<Outcome> {
    let mut progress = TrainingProgress::new();
    let plan = Plan::of(experiment, &Device::flex(), &mut progress)?;
    if as_json {
        output::json(&to_json(&plan))?;
    } else {
        output::text(&to_text(&plan))?;
    }
    Ok(Outcome::Done)
}

fn to_json(plan: &Plan) -> serde_json::Value {
    json!({
        "videos": plan.num_videos,
        "pairs": plan.num_pairs,
        "steps_per_epoch": plan.steps_per_epoch,
        "steps": plan.total_steps,
        "parameters": {
            "video": plan.parameters.video,
            "text": plan.parameters.text,
            "heads": plan.parameters.heads,
        },
        "memory": plan.experiment.train.memory,
        "micro_batch": plan.experiment.train.micro_batch,
        "batches": plan.batches,
        "memory_bytes": plan.memory,
        "peak_bytes": plan.memory.total(),
        "available_bytes": plan.available_bytes,
        "change": plan.change,
        "times": plan.times,
    })
}

fn to_text(plan: &Plan) -> String {
    let mut table = Table::new([Column::words(0), Column::words(0)]);
    for [name, told] in corpus_and_model(plan).into_iter().chain(batches(plan)) {
        table.row([name, told]);
    }
    let mut lines = table.lines("  ");
    lines.push(String::new());
    lines.extend(memory(plan));
    lines.push(String::new());
    lines.extend(match &plan.times {
        Some(times) => told_times(plan, times),
        None => vec!["time: not measured, because a micro-batch does not fit".into()],
    });
    lines.join("\n")
}

fn corpus_and_model(plan: &Plan) -> Vec<[String; 2]> {
    let millions = |numbers: usize| format!("{:.1}", numbers as f64 / 1e6);
    let parameters = &plan.parameters;
    vec![
        [
            "corpus".into(),
            format!("{}, {}", counted(plan.num_videos, "video"), counted(plan.num_pairs, "pair")),
        ],
        [
            "steps".into(),
            format!("{} an epoch, {} of the run", plan.steps_per_epoch, plan.total_steps),
        ],
        [
            "model".into(),
            format!(
                "{} million parameters: video {}, text {}, heads {}",
                millions(parameters.total()),
                millions(parameters.video),
                millions(parameters.text),
                millions(parameters.heads)
            ),
        ],
    ]
}

fn batches(plan: &Plan) -> Vec<[String; 2]> {
    let of = |batch: &locvtp_train::BatchPlan| {
        let name = serde_json::to_value(batch.kind).unwrap_or_default();
        let name = format!("{} batch", name.as_str().unwrap_or("a"));
        let told = format!(
            "{} x {} x {} of {} x {}, sentences of {}; {} a step, {:.0}% of the steps",
            counted(batch.num_pairs, "pair"),
            counted(batch.num_clips, "clip"),
            counted(batch.num_frames, "frame"),
            batch.image_size,
            batch.image_size,
            counted(batch.num_tokens, "token"),
            operations(batch.operations),
            100.0 * batch.share,
        );
        [name, told]
    };
    plan.batches.iter().map(of).collect()
}

fn memory(plan: &Plan) -> Vec<String> {
    let mut table = Table::new([Column::words(24), Column::numbers(8)]);
    for (name, bytes) in plan.memory.parts() {
        table.row([name.to_owned(), mib(bytes)]);
    }
    table.row(["memory at the peak".to_owned(), mib(plan.memory.total())]);
    if let Some(there) = plan.available_bytes {
        table.row(["this machine has now".to_owned(), mib(there)]);
    }
    let mut lines = table.lines("  ");
    let fits = plan.available_bytes.map(|there| plan.memory.total() <= there);
    match (&plan.change, fits) {
        (Some(change), _) => {
            let fits = plan.available_bytes.is_some_and(|there| change.memory_bytes <= there);
            let does = if fits { "it fits with" } else { "nothing fits; least takes" };
            let set: Vec<String> = change.set.iter().map(|set| format!("--set {set}")).collect();
            lines.push(format!("too large; {does}:  {}", set.join(" ")));
            lines.push(format!("  {}: {}", mib(change.memory_bytes), change.means));
        }
        (None, Some(true)) => lines.push("it fits".into()),
        (None, _) => {}
    }
    lines
}

fn told_times(plan: &Plan, times: &PlannedTimes) -> Vec<String> {
    let mut table =
        Table::new([Column::words(12), Column::numbers(8), Column::numbers(8), Column::numbers(8)]);
    table.row(["processes", "step", "epoch", "run"]);
    for of in &times.processes {
        table.row([of.processes.to_string(), short(of.step_s), short(of.epoch_s), short(of.run_s)]);
    }
    let mut lines = table.lines("  ");
    let measured = times.measured.iter().map(|measured| {
        let rate = measured.operations / measured.seconds;
        format!(
            "{} of {} in {} ({} a second)",
            counted(measured.num_pairs, "pair"),
            counted(measured.num_clips, "clip"),
            short(measured.seconds),
            operations(rate)
        )
    });
    let measured = measured.collect::<Vec<_>>().join("; ");
    lines.push(format!("measured: {measured}; an update in {}", short(times.update_s)));
    lines.push("left out: losses, what processes exchange, waiting for the loader".into());
    if let Some(decoding) = &times.decoding {
        let threads = counted(plan.experiment.loader.threads, "loader thread");
        lines.push(format!(
            "decoding: {} from {threads} with cores of their own; the steps need {}",
            rate(decoding.pairs_per_s, "pairs"),
            rate(decoding.needed_per_s, "pairs")
        ));
        if let Some(first) = times.processes.first()
            && decoding.pairs_per_s < decoding.needed_per_s
        {
            let waiting_s = first.step_s * decoding.needed_per_s / decoding.pairs_per_s;
            lines.push(format!(
                "  the loader is waited for, until videos are remembered: {} a step",
                short(waiting_s)
            ));
        }
    }
    lines
}

/// `3.2 s`, or longer times as [`duration`] has them.
fn short(seconds: f64) -> String {
    if seconds < 0.1 {
        format!("{:.1} ms", 1e3 * seconds)
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        duration(seconds)
    }
}

/// `1234 MiB`.
fn mib(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / f64::from(1 << 20))
}

/// Floating-point operations in the unit that has digits.
fn operations(count: f64) -> String {
    let units = [(1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP")];
    let (size, unit) = units.into_iter().find(|(size, _)| count >= *size).unwrap_or((1e6, "MFLOP"));
    format!("{:.1} {unit}", count / size)
}
