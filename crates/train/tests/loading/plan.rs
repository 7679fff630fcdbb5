//! What a run is said to be before it is begun, and what is chosen for it.

use std::path::Path;

use locvtp_model::Device;
use locvtp_train::experiment::TrainMemory;
use locvtp_train::{
    ChosenMemory, Experiment, Observer, Plan, RunStart, StepReport, TrainError, pretrain,
};

use crate::small_corpus::*;

/// Remembers what was chosen.
#[derive(Default)]
struct Watching {
    chosen: Option<ChosenMemory>,
}

impl Observer for Watching {
    fn started(&mut self, start: &RunStart) {
        self.chosen = start.chosen_memory;
    }
    fn step(&mut self, _report: &StepReport, _total_steps: u64) {}
    fn checkpoint(&mut self, _path: &Path) {}
    fn warning(&mut self, text: &str) {
        panic!("{text}");
    }
    fn should_stop(&self) -> bool {
        false
    }
}

fn plan(experiment: &Experiment) -> Plan {
    Plan::of(experiment, &Device::flex(), &mut Watching::default()).unwrap()
}

#[test]
fn the_parts_of_a_plan_are_those_of_the_run() {
    let plan = plan(&experiment());
    assert_eq!((plan.num_videos, plan.total_steps), (12, 12));
    let [long, short] = &plan.batches[..] else { panic!("{:?}", plan.batches) };
    assert_eq!((long.num_pairs, long.num_clips, long.num_frames), (4, 4, 2));
    assert_eq!((short.num_pairs, short.num_clips), (4, 2));
    assert!((long.share + short.share - 1.0).abs() < 1e-9);
    let counted = plan.parameters.video + plan.parameters.text + plan.parameters.heads;
    assert_eq!(plan.memory.weights, 4.0 * counted as f64);
    assert_eq!(plan.memory.moments, 2.0 * plan.memory.weights);
    let parts: f64 = plan.memory.parts().into_iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(parts, plan.memory.total());
}

#[test]
fn memory_that_is_set_chooses_how_a_step_goes_and_the_run_file_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = experiment();
    experiment.train.steps = Some(2);
    let run = |experiment: &Experiment, name: &str| {
        let mut watching = Watching::default();
        pretrain(experiment, &folder.path().join(name), false, &Device::flex(), &mut watching)?;
        Ok::<_, TrainError>(watching.chosen)
    };
    let plain = plan(&experiment).memory.total();
    let mut two_passes = experiment.clone();
    two_passes.train.memory = TrainMemory::Recompute;
    two_passes.train.micro_batch = Some(1);
    let least = plan(&two_passes).memory.total();
    assert!(least < plain, "{least} {plain}");
    let gib = f64::from(1 << 30);

    experiment.train.memory_gib = Some(1.01 * plain / gib);
    let chosen = run(&experiment, "plain").unwrap().unwrap();
    assert_eq!((chosen.memory, chosen.micro_batch), (TrainMemory::Plain, None));

    experiment.train.memory_gib = Some((least + 1.0) / gib);
    let chosen = run(&experiment, "least").unwrap().unwrap();
    assert_eq!((chosen.memory, chosen.micro_batch), (TrainMemory::Recompute, Some(1)));
    let saved = std::fs::read_to_string(folder.path().join("least/run.toml")).unwrap();
    assert!(saved.contains("memory = \"recompute\"\nmicro_batch = 1\n"), "{saved}");
    // The same choice is no other run: nobody is warned.
    let at = folder.path().join("least");
    pretrain(&experiment, &at, true, &Device::flex(), &mut Watching::default()).unwrap();

    experiment.train.memory_gib = Some(0.01);
    let refused = run(&experiment, "too-small").unwrap_err().to_string();
    assert!(
        refused.contains("`train.memory_gib` is 0.01; the least that this run takes is 0."),
        "{refused}"
    );
    assert!(!folder.path().join("too-small").exists());
}
