//! One file a command: arguments in, library call, output.

pub(crate) mod evaluate;
pub(crate) mod pretrain;
pub(crate) mod synthesize;
