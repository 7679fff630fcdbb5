//! Several ranks train the model that one process trains.

use std::collections::BTreeMap;
use std::path::Path;

use locvtp_cluster::{Communicator, in_threads};
use locvtp_corpus::Rank;
use locvtp_model::loss::Term;
use locvtp_model::weights::{ParameterPath, named_parameters};
use locvtp_model::{Device, LocVtp, ModelDirectory, ParameterGradients};
use locvtp_train::experiment::TrainMemory;
use locvtp_train::{
    Experiment, Observer, Position, RunEnd, RunStart, StepGradients, StepReport, TrainError,
    pretrain_together, read_log, step_gradients_together,
};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::small_corpus::*;

/// The gradients by parameter.
fn named(model: &LocVtp, gradients: &ParameterGradients) -> BTreeMap<String, Vec<f32>> {
    struct Names<'a> {
        path: ParameterPath,
        gradients: &'a ParameterGradients,
        named: BTreeMap<String, Vec<f32>>,
    }
    impl ModuleVisitor for Names<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.get(param) {
                let values = gradient.into_data().try_to_vec().unwrap();
                self.named.insert(self.path.name(), values);
            }
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
    }
    let mut names = Names { path: ParameterPath::default(), gradients, named: BTreeMap::new() };
    model.visit(&mut names);
    names.named
}

/// Losses and gradients of a step, as one of the ranks finds them.
fn of_step(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    step: u64,
) -> (Vec<f32>, BTreeMap<String, Vec<f32>>) {
    let device = Device::flex().autodiff();
    let mut config = experiment.model.clone();
    config.text.set_vocab_size(300);
    let model = config.init(0, &device);
    let batch = source(experiment, ranks.rank()).batch(step).unwrap();
    let position = Position { step, total_steps: 12, steps_per_epoch: 3 };
    let found = step_gradients_together(ranks, experiment, &model, batch, &position, &device);
    let StepGradients { losses, gradients } = found.unwrap();
    let terms = Term::ALL.iter().filter_map(|&term| losses.terms[term].clone());
    let losses = std::iter::once(losses.total.clone()).chain(terms);
    (losses.map(|loss| loss.into_scalar()).collect(), named(&model, &gradients))
}

/// The numbers of a parameter but for keys' biases: they add the same to every logit of a softmax, so that their
/// gradient is zero, and what is found of it is rounding.
fn that_matter(name: &str, values: &[f32]) -> Vec<f32> {
    let third = values.len() / 3;
    match name {
        _ if name.ends_with("k_lin.bias") => Vec::new(),
        _ if name.ends_with("qkv.bias") => [&values[..third], &values[2 * third..]].concat(),
        _ => values.to_vec(),
    }
}

/// How far apart two vectors are, by the length of the first.
fn distance(expected: &[f32], found: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let differences = expected.iter().zip(found).map(|(x, y)| square(x - y));
    let length: f64 = expected.iter().map(|&x| square(x)).sum();
    (differences.sum::<f64>() / length.max(f64::MIN_POSITIVE)).sqrt()
}

#[test]
fn the_losses_and_every_gradient_are_those_of_one_process() {
    let mut experiment = experiment();
    experiment.pairs.long_batch = 12;
    experiment.pairs.short_batch = 12;
    let random = "[correspondence]\nrule = \"random\"";
    let random = Experiment::parse(random, "random", &[]).unwrap().correspondence;
    let usual = experiment.correspondence;
    for (memory, correspondence, steps) in [
        (TrainMemory::Plain, &usual, &[0_u64, 1, 2][..]),
        (TrainMemory::Recompute, &usual, &[0]),
        (TrainMemory::Plain, &random, &[0]),
    ] {
        experiment.train.memory = memory;
        experiment.correspondence = *correspondence;
        for &step in steps {
            let (losses, gradients) =
                in_threads(1, |ranks| of_step(ranks, &experiment, step)).remove(0);
            assert!(gradients.len() > 30, "{} parameters", gradients.len());
            for num_ranks in [2, 3, 4] {
                let all = in_threads(num_ranks, |ranks| of_step(ranks, &experiment, step));
                // All ranks have the same bits, or they would drift apart.
                assert!(all.iter().all(|found| *found == all[0]), "{num_ranks} ranks");
                let (found_losses, found) = &all[0];
                // Embeddings of other batches are summed in another order: some 1e-7 of f32.
                for (x, y) in losses.iter().zip(found_losses) {
                    assert!((x - y).abs() < 1e-6 * x.abs().max(1.0), "{x} {y}, {num_ranks} ranks");
                }
                assert!(found.keys().eq(gradients.keys()));
                for (name, expected) in &gradients {
                    let [expected, found] =
                        [expected, &found[name]].map(|values| that_matter(name, values));
                    let distance = distance(&expected, &found);
                    assert!(distance < 1e-5, "{name}: {distance}, {num_ranks} ranks, step {step}");
                }
            }
        }
    }
}

/// Stops after so many steps, and remembers what it was told.
#[derive(Default)]
struct Watch {
    stop_after: Option<u64>,
    done: u64,
    pairs: Vec<usize>,
    warnings: Vec<String>,
}

impl Observer for Watch {
    fn started(&mut self, _start: &RunStart) {}
    fn step(&mut self, report: &StepReport, _total_steps: u64) {
        self.done = report.step + 1;
        self.pairs.push(report.num_pairs);
    }
    fn checkpoint(&mut self, _path: &Path) {}
    fn warning(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
    fn should_stop(&self) -> bool {
        self.stop_after == Some(self.done)
    }
}

/// One rank of a run; only the last of them asks to stop.
fn rank_of_run(
    ranks: &dyn Communicator,
    experiment: &Experiment,
    run: &Path,
    resume: bool,
    stop_after: Option<u64>,
) -> (Result<RunEnd, TrainError>, Watch) {
    let is_last = ranks.rank().index() + 1 == ranks.rank().world_size();
    let mut watch = Watch { stop_after: stop_after.filter(|_| is_last), ..Watch::default() };
    let end = pretrain_together(ranks, experiment, run, resume, &Device::flex(), &mut watch);
    (end, watch)
}

fn trained(num_ranks: usize, experiment: &Experiment, run: &Path) -> Vec<Watch> {
    let ends = in_threads(num_ranks, |ranks| rank_of_run(ranks, experiment, run, false, None));
    ends.into_iter().map(|(end, watch)| (end.unwrap().finished, watch).1).collect()
}

fn weights(run: &Path) -> BTreeMap<String, Vec<f32>> {
    let directory = ModelDirectory::read(&run.join("model"), &Device::flex()).unwrap();
    let named = named_parameters(&directory.model).into_iter();
    named.map(|(name, tensor)| (name, tensor.values)).collect()
}

/// Adam divides by the root of the second moment, so that the smallest gradients move a weight as far as
/// the others: what rounds them differently moves it by up to the learning rate. So weights are
/// compared by how far each parameter is off, against how far training moved it.
fn assert_same_training(expected: &Path, found: &Path) {
    let (expected_log, found_log) = (read_log(expected).unwrap(), read_log(found).unwrap());
    assert_eq!(expected_log.len(), found_log.len());
    for (x, y) in expected_log.iter().zip(&found_log) {
        assert_eq!((x.step, x.kind, x.num_pairs), (y.step, y.kind, y.num_pairs));
        assert!((x.total - y.total).abs() < 1e-4, "step {}: {} and {}", x.step, x.total, y.total);
    }
    let (expected, found) = (weights(expected), weights(found));
    for (name, expected) in &expected {
        let [expected, found] = [expected, &found[name]].map(|values| that_matter(name, values));
        let distance = distance(&expected, &found);
        assert!(distance < 1e-3, "{name}: {distance}");
    }
}

#[test]
fn a_run_of_several_ranks_is_that_of_one_and_its_bits_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let experiment = experiment();
    trained(1, &experiment, &run("one"));
    let watches = trained(2, &experiment, &run("two"));
    assert!(watches.iter().all(|watch| watch.pairs == vec![4; 12]), "{:?}", watches[0].pairs);
    assert_same_training(&run("one"), &run("two"));
    trained(2, &experiment, &run("again"));
    assert!(weights(&run("two")) == weights(&run("again")));
}

#[test]
fn a_bad_video_of_one_rank_stands_in_the_list_of_the_run_and_is_replaced_as_by_one() {
    let (copy, folder) = (copy(), tempfile::tempdir().unwrap());
    let mut experiment = experiment();
    experiment.corpus.dir = copy.path().into();
    // It opens, and cannot be decoded.
    let broken = &files(copy.path())[3];
    let mut bytes = std::fs::read(broken).unwrap();
    let media = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    let end = bytes.len().min(media + 20_000);
    bytes[media..end].fill(0);
    std::fs::write(broken, bytes).unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    trained(1, &experiment, &one);
    let watches = trained(2, &experiment, &two);
    let bad = |run: &Path| std::fs::read_to_string(run.join("bad_videos.json")).unwrap();
    assert!(bad(&one).contains(broken.file_name().unwrap().to_str().unwrap()), "{}", bad(&one));
    assert_eq!(bad(&one), bad(&two));
    assert!(watches[0].warnings.iter().any(|told| told.contains("left out from now on")));
    assert_same_training(&one, &two);
}

#[test]
fn any_rank_stops_all_and_a_run_goes_on_with_another_number_of_ranks() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parted) = (folder.path().join("whole"), folder.path().join("parted"));
    let experiment = experiment();
    trained(1, &experiment, &whole);
    let ends = in_threads(2, |ranks| rank_of_run(ranks, &experiment, &parted, false, Some(5)));
    for (end, _) in ends {
        let end = end.unwrap();
        assert_eq!((end.finished, end.next_step), (false, 5));
    }
    let ends = in_threads(4, |ranks| rank_of_run(ranks, &experiment, &parted, true, Some(9)));
    assert!(ends.iter().all(|(end, _)| end.as_ref().unwrap().next_step == 9));
    let ends = in_threads(1, |ranks| rank_of_run(ranks, &experiment, &parted, true, None));
    assert!(ends[0].0.as_ref().unwrap().finished);
    assert_same_training(&whole, &parted);
}

#[test]
fn ranks_with_another_run_file_and_batches_that_do_not_divide_are_refused_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let (run, experiment) = (folder.path().join("run"), experiment());
    let refused = |num_ranks, of_rank: &(dyn Fn(Rank) -> Experiment + Sync)| -> Vec<String> {
        let ends = in_threads(num_ranks, |ranks| {
            rank_of_run(ranks, &of_rank(ranks.rank()), &run, false, None).0
        });
        ends.into_iter().map(|end| end.unwrap_err().to_string()).collect()
    };
    let other = refused(2, &|rank| {
        let mut other = experiment.clone();
        other.optimizer.learning_rate *= (1 + rank.index()) as f64;
        other
    });
    assert!(other.iter().all(|told| told.contains("settings of the run file")), "{other:?}");
    assert!(other[1].contains("rank 1 has"), "{other:?}");
    let uneven = refused(3, &|_| experiment.clone());
    assert!(uneven.iter().all(|told| told.contains("3 processes")), "{uneven:?}");
    assert!(!run.exists());
    // Files are read on each machine in its own way.
    let ends = in_threads(2, |ranks| {
        let mut own = experiment.clone();
        own.loader.cache_mib = 16 * ranks.rank().index();
        own.train.steps = Some(1);
        rank_of_run(ranks, &own, &run, false, None).0.unwrap().finished
    });
    assert_eq!(ends, [true, true]);
}
