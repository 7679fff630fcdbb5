//! Settings that no run survives, and pairs of them that contradict each other, found before anything
//! is read.

use super::{Experiment, TrainMemory};
use crate::augmentation;
use crate::error::TrainError;
use locvtp_model::VideoEncoderConfig;
use locvtp_video::counted::counted;

type Checked = Result<(), TrainError>;

impl Experiment {
    /// # Errors
    /// When a setting cannot be used, or two contradict each other; the message names them.
    pub fn check(&self) -> Checked {
        self.corpus.narration.check()?;
        self.corpus.shards.check()?;
        self.pairs.check()?;
        self.preprocessing.check()?;
        self.model.check().map_err(|error| error.in_section("model"))?;
        self.objective.check()?;
        self.optimizer.check()?;
        augmentation::check(&self.augmentation)?;
        self.loader.check()?;
        self.check_words()?;
        self.check_pictures()?;
        self.check_neighbours()?;
        self.check_counts()?;
        self.check_micro_batch()?;
        self.check_ema()?;
        self.check_layer_decay()?;
        self.check_patch_dropout()?;
        self.check_memory()?;
        self.check_shares()
    }

    /// Clips are compared with words, and one file says which.
    fn check_words(&self) -> Checked {
        if self.model.text.is_none() {
            let expected = "a text encoder: pre-training compares clips with words";
            return setting("model.text.kind", "\"none\"".into(), expected);
        }
        if let (Some(dir), Some(file)) = (&self.start.model, &self.tokenizer.file) {
            let (dir, file) = (dir.display(), file.display());
            return contradiction(
                "start.model",
                "tokenizer.file",
                format!("{dir} brings the tokenizer of its text encoder; leave out {file}"),
            );
        }
        Ok(())
    }

    /// The pictures that are made are those that the encoder takes.
    fn check_pictures(&self) -> Checked {
        let (made, encoder) = (&self.preprocessing, &self.model.video);
        if made.image_size != encoder.image_size() {
            return contradiction(
                "preprocessing.image_size",
                "model.video.image_size",
                format!(
                    "pictures of {} for an encoder of {}; set both to the same",
                    counted(made.image_size, "pixel"),
                    encoder.image_size()
                ),
            );
        }
        if made.short_side < made.image_size {
            return contradiction(
                "preprocessing.short_side",
                "preprocessing.image_size",
                format!(
                    "a centre of {} cannot be cut from {}; raise short_side",
                    counted(made.image_size, "pixel"),
                    made.short_side
                ),
            );
        }
        if made.num_frames != encoder.num_frames() {
            return contradiction(
                "preprocessing.num_frames",
                "model.video.num_frames",
                format!(
                    "clips of {} for an encoder of {}; set both to the same",
                    counted(made.num_frames, "frame"),
                    encoder.num_frames()
                ),
            );
        }
        Ok(())
    }

    /// Where `L_t` is the only loss, it has neighbours to compare.
    fn check_neighbours(&self) -> Checked {
        if !self.objective.ends_with_temporal_alone() {
            return Ok(());
        }
        for (key, clips) in [
            ("sampling.long_clips", self.sampling.long_clips),
            ("sampling.short_clips", self.sampling.short_clips),
        ] {
            if clips < 2 {
                return contradiction(
                    "objective.temporal",
                    key,
                    "L_t alone has nothing to compare in a span of one clip; take 2 clips or more, \
                     or raise another weight"
                        .into(),
                );
            }
        }
        if self.model.context_warp.max_distance == 0 {
            return contradiction(
                "objective.temporal",
                "model.context_warp.max_distance",
                "L_t alone has nothing to compare at a distance of 0; raise max_distance, or \
                 another weight"
                    .into(),
            );
        }
        Ok(())
    }

    /// What is counted is there at least once.
    fn check_counts(&self) -> Checked {
        if self.train.steps == Some(0) {
            let expected = "1 or more; leave it out and train.epochs decides how long the run is";
            return setting("train.steps", "0".into(), expected);
        }
        for (key, is_zero) in [
            ("limits.frame_pixels", self.limits.frame_pixels == 0),
            ("limits.output_bytes", self.limits.output_bytes == 0),
            ("limits.worker_bytes", self.limits.worker_bytes == 0),
            ("sampling.long_clips", self.sampling.long_clips == 0),
            ("sampling.short_clips", self.sampling.short_clips == 0),
            ("correspondence.num_matches", self.correspondence.num_matches == 0),
            ("limits.frames", self.limits.frames == 0),
            ("limits.clips", self.limits.clips == 0),
            ("tokenizer.vocab_size", self.tokenizer.vocab_size == 0),
            ("preprocessing.num_frames", self.preprocessing.num_frames == 0),
        ] {
            if is_zero {
                return setting(key, "0".into(), "1 or more");
            }
        }
        Ok(())
    }

    /// A bound of memory can be kept, and chooses alone.
    fn check_memory(&self) -> Checked {
        let Some(gib) = self.train.memory_gib else { return Ok(()) };
        if !(gib > 0.0 && gib.is_finite()) {
            return setting("train.memory_gib", gib.to_string(), "a number above 0");
        }
        if self.train.micro_batch.is_some() {
            return contradiction(
                "train.memory_gib",
                "train.micro_batch",
                "one is chosen by the other; leave out one of them".into(),
            );
        }
        Ok(())
    }

    /// A micro-batch is a part of a batch, and of a step that has parts.
    fn check_micro_batch(&self) -> Checked {
        let Some(micro_batch) = self.train.micro_batch else { return Ok(()) };
        if micro_batch == 0 {
            let expected = "1 or more; leave it out and it is chosen";
            return setting("train.micro_batch", "0".into(), expected);
        }
        if self.train.memory != TrainMemory::Recompute {
            return contradiction(
                "train.micro_batch",
                "train.memory",
                "only a step in two passes has micro-batches; set train.memory to \"recompute\", or \
                 leave out train.micro_batch"
                    .into(),
            );
        }
        let (long, short) = (self.pairs.long_batch, self.pairs.short_batch);
        if micro_batch > long.max(short) {
            let key = if long >= short { "pairs.long_batch" } else { "pairs.short_batch" };
            return contradiction(
                "train.micro_batch",
                key,
                format!(
                    "{} at once, and no batch has more than {}; lower train.micro_batch",
                    counted(micro_batch, "pair"),
                    long.max(short)
                ),
            );
        }
        Ok(())
    }

    fn check_patch_dropout(&self) -> Checked {
        let dropout = self.train.patch_dropout;
        if !(0.0..1.0).contains(&dropout) {
            return setting(
                "train.patch_dropout",
                dropout.to_string(),
                "a share from 0 to below 1",
            );
        }
        if dropout > 0.0 && matches!(self.model.video, VideoEncoderConfig::C3d(_)) {
            let reason = "C3D has no patches that could be left out; set train.patch_dropout to 0";
            return contradiction("train.patch_dropout", "model.video.kind", reason.into());
        }
        Ok(())
    }

    fn check_layer_decay(&self) -> Checked {
        let decay = self.train.layer_decay;
        if decay > 0.0 && decay <= 1.0 {
            return Ok(());
        }
        setting("train.layer_decay", decay.to_string(), "above 0, and 1 (off) at most")
    }

    fn check_ema(&self) -> Checked {
        match self.train.ema {
            Some(ema) if !(0.0..1.0).contains(&ema) => {
                let expected =
                    "a number from 0 to below 1, such as 0.999; leave it out for no average";
                setting("train.ema", ema.to_string(), expected)
            }
            _ => Ok(()),
        }
    }

    fn check_shares(&self) -> Checked {
        if !(0.0..=1.0).contains(&self.corpus.max_bad) {
            let found = self.corpus.max_bad.to_string();
            return setting("corpus.max_bad", found, "a share between 0 and 1");
        }
        let temperature = self.loss.temperature;
        if !(temperature > 0.0 && temperature.is_finite()) {
            return setting("loss.temperature", temperature.to_string(), "a number above 0");
        }
        Ok(())
    }
}

fn setting(key: &'static str, found: String, expected: &'static str) -> Checked {
    Err(TrainError::Setting { key: key.to_owned(), found, expected })
}

fn contradiction(first: &'static str, second: &'static str, reason: String) -> Checked {
    Err(TrainError::Contradiction { first, second, reason })
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use serde_json::Value as Json;
    use toml::{Table, Value};

    use super::*;
    use crate::known_keys::known_keys;
    use crate::schema_forms::keys_with_schemas;
    use crate::settings_schema;

    fn refusal(text: &str, overrides: &[&str]) -> String {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        match Experiment::parse(text, "run.toml", &overrides) {
            Ok(experiment) => experiment.check().expect_err("should be refused").to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn contradictory_settings_are_both_named() {
        let message = refusal("[preprocessing]\nimage_size = 64\n", &[]);
        assert!(message.contains("`preprocessing.image_size`"), "{message}");
        assert!(message.contains("`model.video.image_size`"), "{message}");
        let message = refusal("[model.video]\npatch_size = 17\n", &[]);
        assert!(
            message.contains("model.video.image_size")
                && message.contains("model.video.patch_size"),
            "{message}"
        );
        let message = refusal("[train]\nsteps = 9\n", &["train.epochs=3"]);
        let parts = ["`train.epochs`", "`train.steps`", "3 epochs", "run.toml"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        let both = ["train.epochs=3".to_owned(), "train.steps=5".to_owned()];
        assert!(Experiment::parse("[train]\nsteps = 9\n", "x", &both).is_ok());
    }

    #[test]
    fn settings_that_no_run_survives_are_refused_by_name() {
        let scaled = "[model.context_warp]\nscale_magnitude = true\nmax_distance = 0";
        let temporal =
            "[objective]\nschedule = \"weighted\"\ncoarse = 0.0\nfine = 0.0\ntemporal = 1.0\n";
        let one_clip = format!("{temporal}[sampling]\nshort_clips = 1");
        let no_distance = format!("{temporal}[model.context_warp]\nmax_distance = 0");
        let large_micro_batch = "[train]\nmemory = \"recompute\"\nmicro_batch = 9\n\
                                 [pairs]\nlong_batch = 4\nshort_batch = 8";
        for (text, named) in [
            ("[model.projection]\ndropout = 1.5", "model.projection.dropout"),
            ("[model.projection]\ndim = 0", "model.projection.dim"),
            ("[model.text]\ndim = 0", "model.text.dim"),
            ("[model.text]\nkind = \"none\"", "model.text.kind"),
            ("[model.text]\nmax_position_embeddings = 2", "model.text.max_position_embeddings"),
            ("[model.video]\nhidden_size = 0", "model.video.hidden_size"),
            ("[model.video]\nnum_channels = 4", "model.video.num_channels"),
            ("[model.video]\npatch_size = 0", "model.video.patch_size"),
            ("[model.video]\ninitializer_range = nan", "model.video.initializer_range"),
            (scaled, "model.context_warp.max_distance"),
            ("[preprocessing]\nclip_duration_s = -1.0", "preprocessing.clip_duration_s"),
            ("[preprocessing]\nclip_duration_s = nan", "preprocessing.clip_duration_s"),
            ("[optimizer]\nepsilon = 0.0", "optimizer.epsilon"),
            (
                "[optimizer]\nschedule = { shape = \"cosine\", floor = 1.5 }",
                "optimizer.schedule.floor",
            ),
            (
                "[optimizer]\nschedule = { shape = \"steps\", at_epochs = [nan], factor = 0.1 }",
                "optimizer.schedule.at_epochs",
            ),
            (
                "[objective]\nschedule = \"weighted\"\ncoarse = 0.0\nfine = 0.0\ntemporal = 0.0",
                "objective.temporal",
            ),
            (&one_clip, "sampling.short_clips"),
            (&no_distance, "model.context_warp.max_distance"),
            ("[corpus]\nmax_bad = nan", "corpus.max_bad"),
            ("[augmentation]\nflip = 1.5", "augmentation.flip"),
            ("[augmentation]\ncrop = { scale = [0.5, 2.0] }", "augmentation.crop.scale"),
            ("[augmentation]\ncrop = { ratio = [2.0, 1.0] }", "augmentation.crop.ratio"),
            ("[augmentation]\ncolour_jitter = { hue = 0.6 }", "augmentation.colour_jitter.hue"),
            (
                "[augmentation]\ncolour_jitter = { contrast = -0.1 }",
                "augmentation.colour_jitter.contrast",
            ),
            ("[loader]\nqueue_mib = 0", "loader.queue_mib"),
            ("[loader]\nthreads = 0", "loader.threads"),
            ("[loader]\nthreads = 99999999999", "loader.threads"),
            ("[train]\nsteps = 0", "train.steps"),
            ("[train]\nepochs = 0", "train.epochs"),
            ("[train]\nlog_every = 0", "train.log_every"),
            ("[train]\nmemory_gib = 0.0", "train.memory_gib"),
            ("[train]\nmemory_gib = nan", "train.memory_gib"),
            (
                "[train]\nmemory_gib = 4.0\nmemory = \"recompute\"\nmicro_batch = 2",
                "train.memory_gib",
            ),
            ("[train]\nmicro_batch = 2", "train.memory"),
            ("[train]\nmicro_batch = 2", "train.micro_batch"),
            ("[train]\nmemory = \"recompute\"\nmicro_batch = 0", "train.micro_batch"),
            (large_micro_batch, "train.micro_batch"),
            (large_micro_batch, "pairs.short_batch"),
            ("[train]\nema = 1.0", "train.ema"),
            ("[train]\npatch_dropout = 1.0", "train.patch_dropout"),
            ("[train]\nlayer_decay = 0.0", "train.layer_decay"),
            ("[train]\nlayer_decay = 1.1", "train.layer_decay"),
            ("[train]\nkeep_checkpoints = 0", "train.keep_checkpoints"),
            ("[tokenizer]\nvocab_size = 0", "tokenizer.vocab_size"),
            ("[pairs]\nlong_batch = 0", "pairs.long_batch"),
            ("[pairs]\nshort_batch = 0", "pairs.short_batch"),
            ("[limits]\nframe_pixels = 0", "limits.frame_pixels"),
            ("[limits]\noutput_bytes = 0", "limits.output_bytes"),
            ("[limits]\nworker_bytes = 0", "limits.worker_bytes"),
            ("[limits]\nclips = 0", "limits.clips"),
        ] {
            let message = refusal(text, &[]);
            assert!(message.contains(&format!("`{named}`")), "{text}: {message}");
        }
    }

    /// The value of a key in the file form of the default experiment.
    fn value_of<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
        let (first, rest) = key.split_once('.').map_or((key, None), |(a, b)| (a, Some(b)));
        let value = table.get(first)?;
        rest.map_or(Some(value), |rest| value_of(value.as_table()?, rest))
    }

    /// The whole numbers of a section, with the least that may stand there.
    fn whole_numbers(schema: &Json, section: &str, found: &mut Vec<(String, u64)>) {
        for (name, inner) in keys_with_schemas(schema) {
            let key = format!("{section}{name}");
            if let (Some("integer"), Some(least)) =
                (inner["type"].as_str(), inner["minimum"].as_u64())
            {
                found.push((key.clone(), least));
            }
            whole_numbers(inner, &format!("{key}."), found);
        }
    }

    #[test]
    fn a_whole_number_that_may_not_be_0_is_said_to_be_1_or_more() {
        let mut numbers = Vec::new();
        whole_numbers(&settings_schema::<Experiment>(), "", &mut numbers);
        assert!(numbers.len() > 50, "{numbers:?}");
        for (key, least) in numbers {
            let set = format!("{key}=0");
            let experiment = match Experiment::parse("", "x", &[set]) {
                Ok(experiment) => experiment,
                // A key of another kind than the usual.
                Err(error) if error.to_string().contains("is a key of") => continue,
                Err(error) => {
                    assert!(least > 0, "{key} is said to take 0: {error}");
                    continue;
                }
            };
            let refused = experiment.check().err().map(|error| error.to_string());
            let is_about = |error: &String| error.contains(&format!("`{key}`"));
            let is_refused = refused.as_ref().is_some_and(is_about);
            assert_eq!(is_refused, least > 0, "{key}, from {least}: {refused:?}");
        }
    }

    #[test]
    fn every_number_is_in_its_range_or_refused_with_its_key() {
        let table = Table::try_from(Experiment::default()).unwrap();
        let (mut tried, mut taken) = (0, Vec::new());
        for key in known_keys(&settings_schema::<Experiment>()) {
            let values: &[&str] = match value_of(&table, &key) {
                Some(Value::Float(_)) => &["nan", "inf", "-inf", "-1.0", "0.0", "1e300"],
                Some(Value::Integer(_)) => &["-1", "0", "9223372036854775807"],
                _ => continue,
            };
            for value in values {
                let set = format!("{key}={value}");
                let checked = catch_unwind(|| {
                    let experiment = Experiment::parse("", "x", std::slice::from_ref(&set));
                    experiment.and_then(|experiment| {
                        experiment.check().map(|()| {
                            // What a run asks of its settings before it begins.
                            experiment.loader_mib();
                            experiment.total_steps(u64::MAX);
                        })
                    })
                });
                let checked = checked.unwrap_or_else(|_| panic!("{set} panics"));
                let name = key.rsplit('.').next().unwrap();
                match checked {
                    Ok(()) => {
                        if ["nan", "inf", "-inf", "-1"].contains(value) {
                            taken.push(set.clone());
                        }
                    }
                    Err(error) => {
                        assert!(error.to_string().contains(name), "{set}: {error}");
                    }
                }
                tried += 1;
            }
        }
        assert_eq!(taken, Vec::<String>::new(), "are taken");
        assert!(tried > 150, "{tried} values were tried");
    }
}
