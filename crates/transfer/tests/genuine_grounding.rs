//! Grounding on the benchmarks' own annotation files, with random features of the right shapes, at
//! full size: loaders, heads and evaluators run, and say what they cost.
//!
//! `cargo test --release --locked --workspace --test genuine_grounding -- --ignored --nocapture` prints
//! a line a data set and head; `csmgan` or `2d_tan` behind `genuine_grounding --` takes one head.
//! `LOCVTP_BATCH` is the samples of a step: when not given 1 for 2D-TAN, of which a step of 32 takes
//! minutes on a few cores, and the release's 128 or 64 for CSMGAN. `LOCVTP_QUERIES` is how many test
//! queries CSMGAN answers, 256 when not given. The files are looked for as in the corpus crate's
//! `published_counts`.

#![expect(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]
#![expect(clippy::print_stdout, reason = "what it measures is what it is run for")]

#[path = "../../../tests/support/not_run.rs"]
mod not_run;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use locvtp_measure::score::{GroundingProtocol, Truth, TruthSource, score_grounding};
use locvtp_train::{Adam, OptimizerConfig};
use locvtp_transfer::fit::{FitBatch, Learner};
use locvtp_transfer::inputs::ClipFeatures;
use locvtp_transfer::inputs::FeatureSection;
use locvtp_transfer::results::PredictionFile;
use locvtp_transfer::results::{PREDICTIONS, TEST_VIDEOS};
use locvtp_transfer::tasks::grounding::DataSet;
use locvtp_transfer::tasks::grounding::QuerySection;
use locvtp_transfer::tasks::grounding::csmgan::FrameSampling;
use locvtp_transfer::tasks::grounding::csmgan::scored_moments;
use locvtp_transfer::tasks::grounding::csmgan::{CsmganLearner, CsmganOutput};
use locvtp_transfer::tasks::grounding::csmgan::{offset_bases, proposals};
use locvtp_transfer::tasks::grounding::tan::Proposals;
use locvtp_transfer::tasks::grounding::tan::best_moments;
use locvtp_transfer::tasks::grounding::tan::{MomentMap, TanLearner};
use locvtp_transfer::tasks::grounding::{Query, QueryParts};
use locvtp_transfer::tasks::grounding::{SentenceWords, WordSection};
use locvtp_video::TimeSpan;

use not_run::genuine_annotations;

/// Numbers in -1..1, the same for the same seed (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        bits as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// Random features in 2D-TAN's layouts: ActivityNet Captions has a group a video, the others have not.
fn write_features(path: &Path, ids: &[String], clips: usize, width: usize, grouped: bool) {
    let file = hdf5::File::create(path).unwrap();
    let mut numbers = Numbers::new(7);
    for id in ids {
        let rows: Vec<f32> = (0..clips * width).map(|_| numbers.next()).collect();
        let name = if grouped { format!("{id}/c3d_features") } else { id.clone() };
        if grouped {
            file.create_group(id).unwrap();
        }
        let dataset = file.new_dataset::<f32>().shape([clips, width]).create(name.as_str());
        dataset.unwrap().write_raw(&rows).unwrap();
    }
}

/// Random vectors for every word of the sentences, in GloVe's layout.
fn write_vectors(path: &Path, sentences: &[&str]) {
    let mut numbers = Numbers::new(8);
    let split = sentences.iter().flat_map(|text| text.split_whitespace());
    let words: BTreeSet<String> = split.map(str::to_lowercase).collect();
    let line = |word: &String| {
        let vector: Vec<String> = (0..300).map(|_| format!("{:.4}", numbers.next())).collect();
        format!("{word} {}\n", vector.join(" "))
    };
    std::fs::write(path, words.iter().map(line).collect::<String>()).unwrap();
}

/// The videos of annotation files, by the corpus crate.
fn ids(files: &[&Path]) -> Vec<String> {
    use locvtp_corpus::{CorpusReader, FileLookup, NarratedVideo, ReadSettings};
    let mut ids = BTreeSet::new();
    for file in files {
        let reader = CorpusReader::new(file, &ReadSettings::default(), FileLookup::Never).unwrap();
        let mut videos: Vec<NarratedVideo> = Vec::new();
        reader.read(&reader.sources()[0], &mut videos).unwrap();
        ids.extend(videos.into_iter().map(|video| video.id));
    }
    ids.into_iter().collect()
}

fn features(file: PathBuf) -> ClipFeatures {
    let section = FeatureSection { file, ..FeatureSection::default() };
    section.open(&Device::flex(), &mut ()).unwrap()
}

/// User and system seconds of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn peak_rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

struct Genuine {
    set: DataSet,
    section: QuerySection,
    clips: usize,
    width: usize,
    grouped: bool,
}

/// The genuine queries beside random features and vectors, read as a task reads them.
struct Ready {
    set: DataSet,
    parts: QueryParts,
    words: SentenceWords,
    features: ClipFeatures,
    reading_s: f64,
    /// Queries to train with, to validate with and to test with.
    counts: [usize; 3],
    /// Holds the feature file.
    _folder: tempfile::TempDir,
}

impl Genuine {
    fn read(self) -> Ready {
        let Self { set, section, clips, width, grouped } = self;
        let folder = tempfile::tempdir().unwrap();
        let (file, vectors) =
            (folder.path().join("features.hdf5"), folder.path().join("glove.txt"));
        let files: Vec<&Path> =
            [&section.train, &section.test].into_iter().flatten().map(PathBuf::as_path).collect();
        write_features(&file, &ids(&files), clips, width, grouped);

        let began = Instant::now();
        let features = features(file);
        let parts = QueryParts::read(&section, &features, &mut ()).unwrap();
        write_vectors(&vectors, &parts.sentences());
        let words = WordSection {
            glove: Some(vectors),
            strip_final_period: set.strips_final_period(),
            ..WordSection::default()
        };
        let words = words.read(&parts.sentences(), &Device::flex()).unwrap();
        let parts = parts.keep_known_words(&words).unwrap();
        let reading_s = began.elapsed().as_secs_f64();
        for (name, count) in &parts.counts {
            println!("{set:?}: {name}: {count}");
        }
        let counts = [parts.train.len(), parts.validation.len(), parts.test.len()];
        Ready { set, parts, words, features, reading_s, counts, _folder: folder }
    }
}

/// What steps at full size took.
struct Steps<M> {
    model: M,
    /// Of the last step, before its update.
    loss: f32,
    wall_s: f64,
    cpu_s: f64,
}

/// Some steps on the first `batch` samples from random weights; the last is measured.
fn steps<L: Learner>(
    learner: &L,
    optimizer: OptimizerConfig,
    batch: usize,
    count: usize,
) -> Steps<L::Model> {
    let device = Device::flex().autodiff();
    let mut adam = Adam::new(optimizer);
    let samples: Vec<usize> = (0..batch).collect();
    let model = learner.init(0, &device).unwrap();
    let mut made = Steps { model, loss: 0.0, wall_s: 0.0, cpu_s: 0.0 };
    for step in 0..count {
        let (began, before) = (Instant::now(), cpu_seconds());
        let sample = FitBatch { samples: &samples, epoch: 0, step: step as u64, seed: 0 };
        let loss = learner.loss(&made.model, &sample, &device).unwrap();
        made.loss = loss.clone().into_scalar();
        let gradients = loss.backward();
        let norm = Adam::gradient_norm(&made.model, &gradients);
        made.model = adam.step(made.model, &gradients, norm, 1e-4);
        (made.wall_s, made.cpu_s) = (began.elapsed().as_secs_f64(), cpu_seconds() - before);
    }
    made
}

/// A number from the environment.
fn given(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// 2D-TAN: measures chance, makes one step at full size and answers a few queries; returns how many
/// queries there are of each part.
fn tan(genuine: Genuine) -> [usize; 3] {
    let Ready { set, parts, words, features, reading_s, counts, _folder } = genuine.read();
    // Chance: nothing known, and a map of random scores.
    let (metrics, config) = (set.metrics(), set.tan(Proposals::MaxPool));
    for (name, value) in metrics.references(&parts.test).unwrap().iter() {
        println!("{set:?}: {name}: {value:.2}");
    }
    let map = MomentMap::new(&config);
    let mut numbers = Numbers::new(9);
    let began = Instant::now();
    let answer = |query: &Query| {
        let scores: Vec<f32> = map.moments().iter().map(|_| numbers.next()).collect();
        best_moments(&map, &scores, query.duration, config.nms, 5).unwrap()
    };
    let answers: Vec<_> = parts.test.iter().map(answer).collect();
    let measured = metrics.measure(&parts.test, &answers).unwrap();
    let evaluating_s = began.elapsed().as_secs_f64();
    for (name, value) in measured.iter() {
        println!("{set:?}: random scores: {name}: {value:.2}");
        assert!((0.0..=100.0).contains(&value));
    }

    let learner = TanLearner::new(config, metrics, parts, words, features, 1).unwrap();
    let batch = given("LOCVTP_BATCH", 1);
    let optimizer = OptimizerConfig { gradient_clip: 10.0, ..OptimizerConfig::default() };
    let Steps { model, loss, wall_s, cpu_s } = steps(&learner, optimizer, batch, 1);
    // An untrained head says about 1/2 of every moment: -ln(1/2), whatever the targets.
    assert!((loss - std::f32::consts::LN_2).abs() < 0.1, "{loss}");
    let (began, before) = (Instant::now(), cpu_seconds());
    let few = &learner.parts().test[..2];
    let answers = learner.answers(&model.valid(), few, &Device::flex()).unwrap();
    assert!(answers.iter().all(|moments| !moments.is_empty()));
    let answer_cpu_s = (cpu_seconds() - before) / few.len() as f64;
    println!(
        "{set:?}: read in {reading_s:.1} s, {} test queries ranked and measured in {evaluating_s:.1} s; \
         a step of {batch}: {cpu_s:.1} CPU s ({wall_s:.1} s), loss {loss:.4}; an answer: \
         {answer_cpu_s:.2} CPU s ({:.2} s); an epoch of {} queries would take {:.1} CPU hours; {} MiB",
        counts[2],
        began.elapsed().as_secs_f64() / few.len() as f64,
        counts[0],
        cpu_s / batch as f64 * counts[0] as f64 / 3600.0,
        peak_rss_mib(),
    );
    counts
}

/// CSMGAN: the release's measure, in frames, of random scores for every test query; then two steps
/// of the release's batch, and the untrained head's answers to some test queries, read, answered,
/// ranked and measured.
fn csmgan(genuine: Genuine) {
    let mut ready = genuine.read();
    measure_random_proposals(&mut ready);
    let Ready { set, mut parts, words, features, reading_s, counts, _folder } = ready;
    let (metrics, config, training) = (set.metrics(), set.csmgan(), set.csmgan_training());
    let some = given("LOCVTP_QUERIES", 256).min(parts.test.len());
    parts.test.truncate(some);
    let learner = CsmganLearner::new(config, metrics, parts, words, features).unwrap();
    assert_eq!(learner.num_samples(), counts[0]);
    let batch = given("LOCVTP_BATCH", training.batch);
    let Steps { model, loss, wall_s, cpu_s } = steps(&learner, training.optimizer, batch, 2);
    // About ln 2 from proposals that lie within the video, less for those that do not, and a
    // thousandth or five of some frames' distance.
    assert!((0.0..1.5).contains(&loss), "{loss}");
    let (began, before) = (Instant::now(), cpu_seconds());
    let measured = learner.test(&model.valid(), &Device::flex()).unwrap().metrics;
    let (answer_s, answer_cpu_s) = (began.elapsed().as_secs_f64(), cpu_seconds() - before);
    for (name, value) in measured.iter() {
        println!("{set:?}, CSMGAN: untrained, {some} test queries: {name}: {value:.2}");
        assert!((0.0..=100.0).contains(&value));
    }
    let per_query = |seconds: f64| seconds / some as f64;
    println!(
        "{set:?}, CSMGAN: read in {reading_s:.1} s; a step of {batch}: {cpu_s:.1} CPU s ({wall_s:.1} s), \
         loss {loss:.4}; an answer of {some}: {:.3} CPU s ({:.3} s); extrapolated: an epoch of {} queries \
         {:.0} CPU s, all {} test queries {:.0} CPU s; {} MiB",
        per_query(answer_cpu_s),
        per_query(answer_s),
        counts[0],
        cpu_s / batch as f64 * counts[0] as f64,
        counts[2],
        per_query(answer_cpu_s) * counts[2] as f64,
        peak_rss_mib(),
    );
}

/// Prints recall and mean IoU, in frames, of the preset's proposals in a random order.
fn measure_random_proposals(ready: &mut Ready) {
    let Ready { set, parts, features, .. } = ready;
    let (metrics, config) = (set.metrics(), set.csmgan());
    let (proposals, bases, device) = (proposals(&config), offset_bases(&config), Device::flex());
    let (p, mut numbers) = (proposals.len(), Numbers::new(9));
    let began = Instant::now();
    let keys: Vec<(usize, f64)> =
        metrics.ranks.iter().flat_map(|n| metrics.ious.iter().map(|m| (*n, *m))).collect();
    let (mut sum_iou, mut hits) = (0.0, vec![0usize; keys.len()]);
    for query in &parts.test {
        let scores: Vec<f32> = (0..p).map(|_| numbers.next()).collect();
        let output = CsmganOutput {
            logits: Tensor::from_data(TensorData::new(scores, [1, p]), &device),
            offsets: Tensor::zeros([1, p, 2], &device),
        };
        let answer = &scored_moments(output, &proposals, &bases, config.num_frames)[0];
        let spans = features.spans(&query.features, query.duration).unwrap();
        let sampling = FrameSampling::new(spans.len(), config.num_frames);
        let truth = query.windows.iter().map(|window| sampling.moment(window, &spans));
        let truth: Vec<_> = truth.collect();
        sum_iou += answer.iou_of_best(&truth);
        for ((n, required), hits) in keys.iter().zip(&mut hits) {
            *hits += usize::from(answer.hits(&truth, *n, *required));
        }
    }
    let percent = |sum: f64| 100.0 * sum / parts.test.len() as f64;
    println!("{set:?}, CSMGAN: random scores: mIoU: {:.2}", percent(sum_iou));
    for ((n, required), hits) in keys.iter().zip(&hits) {
        println!(
            "{set:?}, CSMGAN: random scores: R@{n},IoU@{required}: {:.2}",
            percent(*hits as f64)
        );
    }
    println!(
        "{set:?}, CSMGAN: {} test queries of {p} proposals ranked and measured in {:.1} s",
        parts.test.len(),
        began.elapsed().as_secs_f64()
    );
    // Nothing is known, so a hit at a lower IoU is never rarer.
    let at = |it: usize| hits[it];
    assert!((1..metrics.ious.len()).all(|it| at(it) <= at(it - 1)), "{hits:?}");
    assert!(sum_iou > 0.0);
}

/// Where the annotation files are, and what is read of them.
fn activitynet(folder: &Path) -> Genuine {
    Genuine {
        set: DataSet::Activitynet,
        section: QuerySection {
            train: Some(folder.join("ActivityNet_val.json")),
            validation_share: 0.1,
            test_share: 0.4,
            ..QuerySection::default()
        },
        clips: 20,
        width: 500,
        grouped: true,
    }
}

/// The table with the lengths of the training videos is not there; the test file is shared out.
fn charades(folder: &Path) -> Genuine {
    Genuine {
        set: DataSet::Charades,
        section: QuerySection {
            train: Some(folder.join("Charades-STA_charades_sta_test.txt")),
            test_share: 0.5,
            ..QuerySection::default()
        },
        clips: 4,
        width: 4096,
        grouped: false,
    }
}

fn tacos(folder: &Path) -> Genuine {
    Genuine {
        set: DataSet::Tacos,
        section: QuerySection {
            train: Some(folder.join("TACoS_val.json")),
            test: Some(folder.join("TACoS_test.json")),
            ..QuerySection::default()
        },
        clips: 200,
        width: 4096,
        grouped: false,
    }
}

/// Random answers of a task are worth the same when `score` reads them from their file, to the last bit:
/// also where videos have no features, queries stand there twice, and the file is not in order.
#[test]
fn answers_to_the_genuine_queries_are_measured_alike_by_the_task_and_by_score() {
    let Some(folder) = genuine_annotations() else { return };
    for (name, grouped, set) in [
        ("ActivityNet_val.json", true, DataSet::Activitynet),
        ("Charades-STA_charades_sta_test.txt", false, DataSet::Charades),
        ("TACoS_test.json", false, DataSet::Tacos),
    ] {
        let place = tempfile::tempdir().unwrap();
        let (file, truth) = (place.path().join("features.hdf5"), folder.join(name));
        let there: Vec<String> = ids(&[&truth])
            .into_iter()
            .enumerate()
            .filter_map(|(place, id)| (place % 9 != 4).then_some(id))
            .collect();
        write_features(&file, &there, 2, 1, grouped);
        let section = QuerySection { test: Some(truth.clone()), ..QuerySection::default() };
        let parts = QueryParts::read(&section, &features(file), &mut ()).unwrap();
        assert!(parts.counts.iter().any(|(name, _)| name.contains("no features")));
        let mut numbers = Numbers::new(3);
        let mut moment = |query: &Query| {
            let mut time = || f64::from(numbers.next().abs()) * query.duration.0;
            let (a, b) = (time(), time());
            TimeSpan::new(a.min(b), a.max(b))
        };
        let answers: Vec<Vec<TimeSpan>> = parts
            .test
            .iter()
            .enumerate()
            .map(|(place, query)| (0..place % 8).map(|_| moment(query)).collect())
            .collect();
        let metrics = set.metrics();
        let measured = metrics.measure(&parts.test, &answers).unwrap();
        let answers = metrics.file(PREDICTIONS, &parts.test, &answers);
        answers.write(place.path()).unwrap();
        let videos: BTreeSet<&String> = parts.test.iter().map(|query| &query.video).collect();
        PredictionFile::lines(TEST_VIDEOS, videos).write(place.path()).unwrap();
        let only = Some(place.path().join(TEST_VIDEOS));
        let mut source = TruthSource::new(vec![truth]);
        source.only = only;
        let mut protocol = GroundingProtocol::default();
        protocol.top.clone_from(&metrics.ranks);
        protocol.iou.clone_from(&metrics.ious);
        let truth = Truth::read(&source).unwrap();
        let path = place.path().join(PREDICTIONS);
        let report = score_grounding(&path, &truth, &protocol).unwrap();
        assert_eq!(report.metrics.iter().count(), measured.iter().count());
        for (name, value) in measured.iter() {
            assert_eq!(report.metrics.get(name), Some(value), "{set:?}: {name}");
        }
    }
}

#[test]
#[ignore = "full-size heads take minutes"]
fn activitynet_captions_through_2d_tan_at_full_size() {
    let Some(folder) = genuine_annotations() else { return };
    assert_eq!(tan(activitynet(&folder)).iter().sum::<usize>(), 17_505);
}

#[test]
#[ignore = "full-size heads take minutes"]
fn charades_sta_through_2d_tan_at_full_size() {
    let Some(folder) = genuine_annotations() else { return };
    assert_eq!(tan(charades(&folder)).iter().sum::<usize>(), 3720);
}

#[test]
#[ignore = "full-size heads take minutes"]
fn tacos_through_2d_tan_at_full_size() {
    let Some(folder) = genuine_annotations() else { return };
    assert_eq!(tan(tacos(&folder)), [4436, 0, 4001]);
}

#[test]
#[ignore = "full-size heads take minutes"]
fn activitynet_captions_through_csmgan_at_full_size() {
    let Some(folder) = genuine_annotations() else { return };
    csmgan(activitynet(&folder));
}

#[test]
#[ignore = "full-size heads take minutes"]
fn charades_sta_through_csmgan_at_full_size() {
    let Some(folder) = genuine_annotations() else { return };
    csmgan(charades(&folder));
}

#[test]
#[ignore = "full-size heads take minutes"]
fn tacos_through_csmgan_at_full_size() {
    let Some(folder) = genuine_annotations() else { return };
    csmgan(tacos(&folder));
}
