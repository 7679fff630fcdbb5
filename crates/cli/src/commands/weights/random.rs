//! `locvtp weights random`: a model like another, with all weights drawn anew.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_model::model_directory::CONFIG_FILE;
use locvtp_model::{Device, ModelDirectory};
use locvtp_transfer::locate_model;
use serde_json::json;

use crate::{Outcome, missing, output};

/// `locvtp weights random`
#[derive(Debug, ClapArgs)]
pub(crate) struct RandomWeights {
    /// The model directory whose sizes, words and preprocessing it gets, or a run or demo folder
    /// that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) like: PathBuf,
    /// Model directory to write
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The weights are drawn from it
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = crate::numbers::seed)]
    pub(crate) seed: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &RandomWeights) -> anyhow::Result<Outcome> {
    let like = locate_model(&args.like);
    if args.out.exists() {
        bail!("{}: is there already; choose another --out folder", args.out.display());
    }
    if !like.join(CONFIG_FILE).is_file() {
        bail!(missing::no_model(&args.like));
    }
    let (config, preprocessing, tokenizer) = ModelDirectory::read_settings(&like)?;
    let model = config.init(args.seed, &Device::flex());
    let parameters = burn::module::Module::num_params(&model);
    ModelDirectory { config, preprocessing, tokenizer, model }.write(&args.out)?;
    if args.json {
        output::json(&json!({"model": args.out, "like": like, "seed": args.seed}))?;
    } else {
        output::text(&format!(
            "{}: {:.2} million parameters drawn from seed {}, sizes and words of {}",
            args.out.display(),
            parameters as f64 / 1e6,
            args.seed,
            like.display()
        ))?;
    }
    Ok(Outcome::Done)
}
