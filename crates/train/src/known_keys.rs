//! Which keys settings have, and which of them was meant by one that they have not.
//!
//! A name in another section (`steps` for `train.steps`) and another word for the same thing (`lr`
//! for `learning_rate`) are looked for first, and spelling last: the key that is spelled most alike
//! is often one of something else.

use serde_json::Value;

use crate::schema_forms::keys_with_schemas;

/// What people call settings elsewhere, and what they are called here.
const OTHER_WORDS: [(&str, &[&str]); 50] = [
    ("steps", &["training.epochs"]),
    ("lr", &["learning_rate"]),
    ("rate", &["learning_rate"]),
    ("base_lr", &["learning_rate"]),
    ("eps", &["epsilon"]),
    ("beta1", &["betas"]),
    ("warmup", &["warm_up_steps"]),
    ("warmup_steps", &["warm_up_steps"]),
    ("num_warmup_steps", &["warm_up_steps"]),
    ("grad_clip", &["gradient_clip"]),
    ("clip_grad", &["gradient_clip"]),
    ("max_grad_norm", &["gradient_clip"]),
    ("lr_schedule", &["optimizer.schedule"]),
    ("scheduler", &["optimizer.schedule"]),
    ("batch", &["training.batch", "pairs.long_batch", "pairs.short_batch"]),
    ("batch_size", &["training.batch", "pairs.long_batch", "pairs.short_batch"]),
    ("bs", &["training.batch", "pairs.long_batch", "pairs.short_batch"]),
    ("num_steps", &["steps"]),
    ("max_steps", &["steps"]),
    ("iterations", &["steps"]),
    ("num_epochs", &["epochs"]),
    ("max_epochs", &["epochs"]),
    ("workers", &["loader.threads"]),
    ("num_workers", &["loader.threads"]),
    ("save_every", &["checkpoint_every"]),
    ("checkpointing", &["train.memory"]),
    ("gradient_checkpointing", &["train.memory"]),
    ("micro_batch_size", &["train.micro_batch"]),
    ("accumulation_steps", &["train.micro_batch"]),
    ("gradient_accumulation_steps", &["train.micro_batch"]),
    ("accumulate_grad_batches", &["train.micro_batch"]),
    ("data", &["corpus.dir", "queries"]),
    ("data_dir", &["corpus.dir"]),
    ("dataset", &["grounding.dataset", "corpus.dir"]),
    ("path", &["corpus.dir"]),
    ("videos", &["features.videos", "corpus.videos"]),
    ("checkpoint", &["start.model", "features.model"]),
    ("pretrained", &["start.model", "features.model"]),
    ("weights", &["start.model", "features.model"]),
    ("init", &["start.model"]),
    ("random_seed", &["seed", "seeds"]),
    ("seed", &["seeds"]),
    ("temp", &["temperature"]),
    ("tau", &["temperature"]),
    ("frames", &["num_frames"]),
    ("resolution", &["image_size"]),
    ("img_size", &["image_size"]),
    ("mean", &["preprocessing.normalisation"]),
    ("augment", &["augmentation"]),
    ("glove", &["words.glove"]),
];

/// Keys that are named as probably meant, at most.
const NAMED: usize = 3;

/// All keys of the settings with this schema, with their sections, as `train.steps`; those of all kinds
/// that a section may be of.
pub(crate) fn known_keys(schema: &Value) -> Vec<String> {
    let mut known = Vec::new();
    collect("", schema, &mut known);
    known
}

fn collect(section: &str, schema: &Value, known: &mut Vec<String>) {
    for (name, inner) in keys_with_schemas(schema) {
        let key = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
        if !known.contains(&key) {
            known.push(key.clone());
        }
        collect(&key, inner, known);
    }
}

/// The keys of `known` that `unknown` was probably meant to be, the likeliest first.
pub fn meant<'a>(unknown: &str, known: &'a [String]) -> Vec<&'a str> {
    let typed = unknown;
    let unknown = typed.replace('-', "_").to_lowercase();
    if let Some(same) = known.iter().find(|key| **key == unknown && *key != typed) {
        return vec![same];
    }
    let name = last(&unknown);
    let same_name: Vec<&str> = named(known, name).filter(|key| *key != typed).collect();
    if !same_name.is_empty() {
        return likest(&unknown, same_name);
    }
    let other_words: Vec<&str> = OTHER_WORDS
        .iter()
        .filter(|(word, _)| *word == name)
        .flat_map(|(_, meant)| meant.iter().flat_map(|meant| named(known, meant)))
        .collect();
    if !other_words.is_empty() {
        // Of one section, if one of them is of that section.
        let beside = |key: &&str| section(key) == section(&unknown);
        let of_section: Vec<&str> = other_words.iter().copied().filter(beside).collect();
        let meant = if of_section.is_empty() { other_words } else { of_section };
        return meant.into_iter().take(NAMED).collect();
    }
    // A third of a name may be spelled otherwise.
    let near = |key: &&str| {
        let most = 1 + name.chars().count() / 4;
        let beside = section(key) == section(&unknown)
            && strsim::damerau_levenshtein(last(key), name) <= most;
        beside || strsim::damerau_levenshtein(key, &unknown) <= most
    };
    let mut alike = likest(&unknown, known.iter().map(String::as_str).filter(near).collect());
    if alike.is_empty() {
        let near = |key: &&str| strsim::damerau_levenshtein(last(key), name) <= name.len() / 4;
        alike = likest(&unknown, known.iter().map(String::as_str).filter(near).collect());
    }
    // The others are spelled less alike.
    alike.truncate(1);
    alike
}

/// The keys of that name, whatever section they are in.
fn named<'a>(known: &'a [String], name: &str) -> impl Iterator<Item = &'a str> {
    let inner = format!(".{name}");
    known.iter().map(String::as_str).filter(move |key| *key == &inner[1..] || key.ends_with(&inner))
}

fn likest<'a>(unknown: &str, mut keys: Vec<&'a str>) -> Vec<&'a str> {
    keys.sort_by_key(|key| strsim::damerau_levenshtein(key, unknown));
    keys.truncate(NAMED);
    keys
}

/// The name behind the last dot.
fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// What stands before it.
fn section(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(section, _)| section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;
    use crate::settings_schema::settings_schema;

    fn keys() -> Vec<String> {
        known_keys(&settings_schema::<Experiment>())
    }

    #[test]
    fn all_keys_are_known_those_without_a_default_too() {
        let keys = keys();
        for key in [
            "run.seed",
            "train.steps",
            "corpus.layout",
            "corpus.shards.cache_mib",
            "optimizer.gradient_clip",
            "start.model",
            "loader.frame_tables",
            "model.video.hidden_size",
            "model.projection.dim",
            "preprocessing.image_size",
            "augmentation.flip",
            "limits.stall_s",
        ] {
            assert!(keys.iter().any(|known| known == key), "{key} is missing in {keys:?}");
        }
        let written = toml::Table::try_from(Experiment::default()).unwrap();
        for (section, value) in &written {
            for key in value.as_table().into_iter().flat_map(|section| section.keys()) {
                let key = format!("{section}.{key}");
                assert!(keys.contains(&key), "{key}");
            }
        }
    }

    #[test]
    fn meaning_goes_before_spelling() {
        let keys = keys();
        for (unknown, wanted) in [
            ("steps", "train.steps"),
            ("epochs", "train.epochs"),
            ("optimizer.lr", "optimizer.learning_rate"),
            ("lr", "optimizer.learning_rate"),
            ("train.lr", "optimizer.learning_rate"),
            ("learning_rate", "optimizer.learning_rate"),
            ("optimizer.warmup_steps", "optimizer.warm_up_steps"),
            ("train.max_steps", "train.steps"),
            ("seed", "run.seed"),
            ("train.seed", "run.seed"),
            ("loader.num_workers", "loader.threads"),
            ("data", "corpus.dir"),
            ("corpus.path", "corpus.dir"),
            ("train.stpes", "train.steps"),
            ("train.checkpoint-every", "train.checkpoint_every"),
            ("train.gradient_checkpointing", "train.memory"),
            ("gradient_accumulation_steps", "train.micro_batch"),
            ("optimiser", "optimizer"),
            ("optimizer.learning_rat", "optimizer.learning_rate"),
            ("model.video.hidden_sise", "model.video.hidden_size"),
            ("chekpoint_every", "train.checkpoint_every"),
            ("Optimizer.Learning_Rate", "optimizer.learning_rate"),
            ("Corpus", "corpus"),
            ("TRAIN.STEPS", "train.steps"),
        ] {
            assert_eq!(meant(unknown, &keys).first(), Some(&wanted), "{unknown}");
        }
        let batches = ["pairs.long_batch", "pairs.short_batch"];
        assert_eq!(meant("train.batch_size", &keys), batches);
        assert_eq!(meant("pairs.colour_of_the_sky", &keys), [""; 0]);
    }
}
