//! The folder of a demo: where everything lies, and what may be removed from it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use locvtp_model::model_directory::write_synced;
use locvtp_train::{Experiment, RunFolder};
use serde::Serialize;
use serde_json::{Value, json};

/// Paths inside the folder.
pub(super) struct DemoFolder {
    out: PathBuf,
    pub(super) corpus: PathBuf,
    pub(super) run: PathBuf,
    /// Some held-out videos with their index.
    pub(super) videos: PathBuf,
    pub(super) report: PathBuf,
    pub(super) summary: PathBuf,
    stages: PathBuf,
}

impl DemoFolder {
    pub(super) fn new(out: &Path) -> Self {
        Self {
            out: out.into(),
            corpus: out.join("corpus"),
            run: out.join("run"),
            videos: out.join("videos"),
            report: out.join("report"),
            summary: out.join("summary.json"),
            stages: out.join("stages.json"),
        }
    }

    /// The folder as it was named.
    pub(super) fn path(&self) -> &Path {
        &self.out
    }

    /// Removes what a demo wrote, and nothing else.
    pub(super) fn remove(&self) -> anyhow::Result<()> {
        let marks = [
            (&self.corpus, "synthetic.json"),
            (&self.out.join("corpus.partial"), "synthetic.json"),
            (&self.report, "report.json"),
            (&self.videos, ".locvtp/catalogue.sqlite"),
        ];
        for (dir, mark) in marks {
            if dir.join(mark).is_file() {
                remove(dir)?;
            } else if dir.exists() {
                bail!(
                    "{}: is not of a demo ({mark} is missing in it), so it is not removed; choose \
                     another --out",
                    dir.display()
                );
            }
        }
        self.remove_run()?;
        for file in [&self.summary, &self.stages] {
            if file.is_file() {
                std::fs::remove_file(file)
                    .with_context(|| format!("{}: cannot be removed", file.display()))?;
            }
        }
        Ok(())
    }

    /// Removes the run, if there is one.
    pub(super) fn remove_run(&self) -> anyhow::Result<()> {
        if RunFolder::is_at(&self.run) || self.run.join("run.toml").is_file() {
            remove(&self.run)?;
        }
        Ok(())
    }

    /// The run that is there; an error when it was made with other settings.
    pub(super) fn earlier_run(&self, wanted: &Experiment) -> anyhow::Result<Option<RunFolder>> {
        if !RunFolder::is_at(&self.run) {
            return Ok(None);
        }
        let run = RunFolder::read(&self.run).with_context(|| {
            format!("{}: cannot be read; start over with --fresh", self.run.display())
        })?;
        if let Some(difference) = run.difference(wanted) {
            bail!(
                "{}: holds a run with other settings (`{}` is {} there and {} now); start over \
                 with --fresh, or choose another --out",
                self.run.display(),
                difference.key,
                difference.there,
                difference.wanted
            );
        }
        Ok(Some(run))
    }

    /// Seconds that making the corpus took, as an earlier demo noted.
    pub(super) fn corpus_seconds(&self) -> Option<f64> {
        let text = std::fs::read_to_string(&self.stages).ok()?;
        serde_json::from_str::<Value>(&text).ok()?["seconds"]["synthesize"].as_f64()
    }

    pub(super) fn write_corpus_seconds(&self, seconds: f64) -> anyhow::Result<()> {
        write_json(&self.stages, &json!({ "seconds": { "synthesize": seconds } }))
    }

    pub(super) fn write_summary(&self, summary: &impl Serialize) -> anyhow::Result<()> {
        write_json(&self.summary, summary)
    }
}

fn remove(dir: &Path) -> anyhow::Result<()> {
    std::fs::remove_dir_all(dir).with_context(|| format!("{}: cannot be removed", dir.display()))
}

fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    Ok(write_synced(path, text.as_bytes())?)
}
