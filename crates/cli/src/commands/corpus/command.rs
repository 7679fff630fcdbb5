//! The commands of `locvtp corpus`.

use clap::Subcommand;

use super::check::CorpusCheck;
use super::pack::CorpusPack;

/// `locvtp corpus`
#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// Read corpora as training would, and tell what will be used and why the rest is not
    Check(CorpusCheck),
    /// Pack a corpus into tar shards, to be read from disk, a web server or S3
    Pack(CorpusPack),
}
