//! `--sandbox`: videos are decoded by processes that may do nothing else.

use clap::Args as ClapArgs;
use locvtp_video::{ReadLimits, sandbox};

use crate::output;

/// `--sandbox`
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct Sandboxed {
    /// Decode videos in processes of their own that can open, write and reach nothing (Linux)
    #[arg(long)]
    pub(crate) sandbox: bool,
}

impl Sandboxed {
    /// Where it is asked for, no video is opened in this process from now on; says which layers hold.
    ///
    /// # Errors
    /// When the system cannot lock such a process up.
    pub(crate) fn enter(&self, limits: &ReadLimits) -> anyhow::Result<()> {
        if self.sandbox && sandbox::layers().is_none() {
            let layers = sandbox::enter(limits.worker_bytes)?;
            output::note(&format!("sandbox: {layers}"));
        }
        Ok(())
    }
}
