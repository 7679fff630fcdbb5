//! The ranks of one run over MPI.
//!
//! MPI is asked for messages between two ranks and nothing else. Its own sums have an order that depends on the
//! library, the sizes and the network, and an exchange that some rank does not come to can be told only where each
//! rank is waited for by itself.
//!
//! - [`start`]: from the first call to the last, and every end in between
//! - [`ending`]: one line, and all ranks end
//! - [`watchdog`]: ends what does not move
//! - [`spread`]: the communicator
//! - [`meeting`]: all ranks tell what they came for
//! - [`gather`], [`sums`]: the exchanges
//! - [`mail`]: letters, for which nobody stops
//! - [`peers`]: messages to the other ranks, and waiting for theirs

mod ending;
mod gather;
mod mail;
mod meeting;
mod peers;
mod spread;
mod start;
mod sums;
mod watchdog;

pub use spread::Mpi;
pub(crate) use start::run;
