//! One file a command: arguments in, library call, output.

pub(crate) mod corpus;
pub(crate) mod demo;
pub(crate) mod embed;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod extract;
pub(crate) mod ground;
pub(crate) mod index;
pub(crate) mod inspect;
pub(crate) mod model;
pub(crate) mod plan;
pub(crate) mod pretrain;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod score;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod synthesize;
pub(crate) mod transfer;
pub(crate) mod weights;
