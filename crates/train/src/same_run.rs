//! Which settings make two runs the same: the one rule for resuming and for not repeating a run, of
//! pre-training and of tasks. Each says itself which of its settings change no result.
//!
//! Some settings change no result and may always differ. Some may change while a run goes on; its
//! end is then not that of an uninterrupted run. All others make it another run.

use serde::Serialize;

use crate::experiment::Experiment;

/// A setting that two run files give different values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SettingDifference {
    /// The key, as `train.steps`.
    pub key: String,
    /// Its value in the run folder.
    pub there: String,
    /// Its value in the other run file.
    pub wanted: String,
}

impl SettingDifference {
    /// Stands for the value of a setting that one of the two has not.
    pub const NOTHING: &str = "nothing";

    /// The settings that differ and are not among those of which `changes_no_result` says that they
    /// may; keys as `train.steps`, in the order of the tables.
    pub fn between(
        there: &toml::Table,
        wanted: &toml::Table,
        changes_no_result: &dyn Fn(&str) -> bool,
    ) -> Vec<Self> {
        let mut found = Vec::new();
        collect_tables("", there, wanted, changes_no_result, &mut found);
        found
    }

    /// Whether a run may go on with the new value: how long it is, what helps against losses that
    /// are not finite, and in how much memory it runs.
    pub fn may_change_on_the_way(&self) -> bool {
        let keys = [
            "train.steps",
            "train.epochs",
            "train.memory",
            "train.micro_batch",
            "optimizer.learning_rate",
            "optimizer.gradient_clip",
        ];
        keys.contains(&self.key.as_str())
    }
}

/// Whether a setting changes no result: where the corpus lies and how it is fetched, names, threads,
/// what a file may cost, what is logged.
fn changes_no_result(key: &str) -> bool {
    let keys = [
        "run.name",
        "corpus.dir",
        "corpus.max_bad",
        "corpus.layout",
        "corpus.videos",
        // Which weights they are is `start.weights`.
        "start.model",
        "train.log_every",
        "train.checkpoint_every",
        "train.checkpoint_minutes",
        "train.keep_checkpoints",
    ];
    let sections = ["loader.", "limits.", "corpus.shards."];
    sections.iter().any(|section| key.starts_with(section)) || keys.contains(&key)
}

/// What `train.memory_gib` chooses, and the key itself.
const CHOSEN: [&str; 3] = ["train.memory", "train.micro_batch", "train.memory_gib"];

/// The settings that change the result and differ; what a person chooses first comes first.
pub(crate) fn differences(there: &Experiment, wanted: &Experiment) -> Vec<SettingDifference> {
    let table = |experiment: &Experiment| {
        toml::Table::try_from(experiment).expect("an experiment is plain data")
    };
    // They are chosen again, from the same run file and corpus.
    let is_chosen = |key: &str| wanted.train.memory_gib.is_some() && CHOSEN.contains(&key);
    let may_differ = |key: &str| changes_no_result(key) || is_chosen(key);
    let mut found = SettingDifference::between(&table(there), &table(wanted), &may_differ);
    let rank = |difference: &SettingDifference| {
        let chosen = ["run.", "train.", "objective."];
        chosen.iter().position(|section| difference.key.starts_with(section)).unwrap_or(3)
    };
    found.sort_by_key(rank);
    found
}

fn collect_tables(
    section: &str,
    there: &toml::Table,
    wanted: &toml::Table,
    changes_no_result: &dyn Fn(&str) -> bool,
    found: &mut Vec<SettingDifference>,
) {
    let only_wanted = wanted.keys().filter(|name| !there.contains_key(*name));
    for name in there.keys().chain(only_wanted) {
        let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
        let (there, wanted) = (there.get(name), wanted.get(name));
        if there == wanted || changes_no_result(&key) {
            continue;
        }
        if let (Some(toml::Value::Table(there)), Some(toml::Value::Table(wanted))) = (there, wanted)
        {
            collect_tables(&key, there, wanted, changes_no_result, found);
            continue;
        }
        let text = |value: Option<&toml::Value>| {
            value.map_or(SettingDifference::NOTHING.into(), ToString::to_string)
        };
        found.push(SettingDifference { there: text(there), wanted: text(wanted), key });
    }
}

#[cfg(test)]
mod tests {
    use locvtp_model::encoders::TimeSformerConfig;

    use super::*;

    fn found(change: impl FnOnce(&mut Experiment)) -> Vec<[String; 3]> {
        let there = Experiment::default();
        let mut wanted = there.clone();
        change(&mut wanted);
        let found = differences(&there, &wanted);
        found.into_iter().map(|found| [found.key, found.there, found.wanted]).collect()
    }

    #[test]
    fn what_changes_no_result_makes_no_other_run() {
        let same = found(|run| {
            run.loader.threads = 7;
            run.loader.frame_tables = Some("tables".into());
            run.limits.stall_s = 7;
            run.corpus.dir = "elsewhere".into();
            run.corpus.max_bad = 0.1;
            run.corpus.shards.retry_s = 7;
            run.train.checkpoint_minutes = None;
            run.train.log_every = 77.try_into().unwrap();
            run.run.name = "other".into();
            run.start.model = Some("elsewhere".into());
        });
        assert!(same.is_empty(), "{same:?}");
    }

    #[test]
    fn a_difference_names_the_key_and_both_values_the_chosen_ones_first() {
        let both = found(|run| {
            run.model.video =
                TimeSformerConfig { hidden_size: 96, ..TimeSformerConfig::default() }.into();
            run.train.steps = Some(7);
            run.tokenizer.file = Some("words.json".into());
            run.start.weights = Some("0badcafe".into());
        });
        assert_eq!(both[0], ["train.steps", "nothing", "7"].map(String::from));
        assert!(both.contains(&["model.video.hidden_size", "768", "96"].map(String::from)));
        let file = ["tokenizer.file", "nothing", "\"words.json\""].map(String::from);
        assert!(both.contains(&file), "{both:?}");
        let weights = ["start.weights", "nothing", "\"0badcafe\""].map(String::from);
        assert!(both.contains(&weights), "{both:?}");
        assert_eq!(both.len(), 4);
    }
}
