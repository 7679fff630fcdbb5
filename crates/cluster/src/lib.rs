//! Processes that work together on one thing: what they tell each other, and how all of them end.
//!
//! A program hands its work to [`run`] and gets a [`Communicator`] for it: the one process [`Alone`], or, in a
//! build with the feature `mpi` that `mpirun` or `srun` started, one rank of several. All ranks run the same program and
//! come to the same exchanges in the same order; what decides how it goes on must therefore be the same on all
//! ([`same_on_all`], [`agree`]).
//!
//! - **Sums have an order.** A sum is that of rank 0, plus that of rank 1, and so on, whatever the machine or the network. So
//!   every rank has the same bits, and they repeat with the same number of ranks. Sums are never divided: each rank
//!   brings its share of one global loss.
//! - **One end for all.** An error, a panic, or a rank that does not move ends all ranks, and the line on standard
//!   error names the rank and the cause.
//! - **One thread.** A communicator stays in the main thread; the compiler holds it there.
//!
//! | module | |
//! |---|---|
//! | [`Communicator`] | what ranks can tell each other; [`Alone`], and `Mpi` behind the feature |
//! | [`run`], [`Settings`] | the start, and every end |
//! | [`agree`] | each step's "I am well", with the counts that the step divides by |
//! | [`same_on_all`], [`Fact`] | run file, corpus and program are the same on all ranks |
//! | [`claim_folder`] | one run in a folder, also where ranks do not know each other |
//! | [`Progress`] | what the watchdog looks at |
//! | [`in_threads`] | ranks as threads of one process, for tests |
//!
//! # Example
//! ```
//! use locvtp_cluster::{ClusterError, Course, Settings, agree};
//!
//! let loss = locvtp_cluster::run(&Settings::default(), |ranks| {
//!     // Every rank counts its own words, and all divide by the words of all.
//!     let mut counts = [20.0];
//!     if agree(ranks, Ok(Course::GoOn), &mut counts)? == Course::Stop {
//!         return Ok(None);
//!     }
//!     let mut share = [50.0 / counts[0]];
//!     ranks.sum_f64(&mut share)?;
//!     Ok::<_, ClusterError>(Some(share[0]))
//! })?;
//! assert_eq!(loss, Some(2.5));
//! # Ok::<(), ClusterError>(())
//! ```

/// Whether this build can work over MPI.
pub const WITH_MPI: bool = cfg!(feature = "mpi");

mod agreement;
mod alone;
mod communicator;
mod error;
mod folder;
#[cfg(feature = "mpi")]
mod mpi;
mod progress;
mod sameness;
mod settings;
mod start;
mod threads;
mod world;

#[cfg(feature = "mpi")]
pub use crate::mpi::Mpi;
pub use agreement::{Course, agree};
pub use alone::Alone;
pub use communicator::{Communicator, GatheredRows, Letter};
pub use error::{ClusterError, RankFailure};
pub use folder::claim_folder;
pub use progress::Progress;
pub use sameness::{Fact, same_on_all};
pub use settings::Settings;
pub use start::run;
pub use threads::in_threads;
pub use world::{Launched, launched, speaks_first};
