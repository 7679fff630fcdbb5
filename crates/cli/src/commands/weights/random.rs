//! `locvtp weights random`: a model like another, with all weights drawn anew.

use anyhow::bail;
use locvtp_model::{Device, ModelDirectory};
use locvtp_transfer::model_location::locate_model;
use serde_json::json;

use crate::args::RandomWeights;
use crate::{Outcome, output};

pub(crate) fn run(args: &RandomWeights) -> anyhow::Result<Outcome> {
    let like = locate_model(&args.like);
    if args.out.exists() {
        bail!("{}: is there already; choose another --out folder", args.out.display());
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
