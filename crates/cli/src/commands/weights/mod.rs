//! `locvtp weights`: checkpoints of other programs.

pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod random;
