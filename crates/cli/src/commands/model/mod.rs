//! `locvtp model`: models that others have published, by short names.

pub(crate) mod get;
pub(crate) mod info;
pub(crate) mod list;

use clap::Subcommand;

use self::get::GetModel;
use self::info::ModelInfo;
use self::list::ListModels;

/// `locvtp model`
#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// List the models that can be fetched, with size, licence, and what they are good for
    List(ListModels),
    /// Say all that is known of one, and whether it lies here already
    Info(ModelInfo),
    /// Fetch a model from the Hugging Face hub and make a model directory of it
    Get(Box<GetModel>),
}
