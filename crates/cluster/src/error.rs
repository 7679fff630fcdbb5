//! Everything that can go wrong between ranks.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use locvtp_video::LockHolder;

/// Why ranks cannot work together, or no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The launcher counts other processes than the ranks do.
    #[error(
        "{variable} says that {said} processes were started, but this one finds {found} at work together; {way_out}"
    )]
    OtherWorld {
        /// The launcher's variable.
        variable: &'static str,
        /// Its count.
        said: String,
        /// The ranks that know each other.
        found: usize,
        /// What to do.
        way_out: &'static str,
    },
    /// MPI wants one thread, and this is another.
    #[error("MPI was to be started from a thread that is not the main thread; start it from main")]
    NotMainThread,
    /// MPI was started before, or cannot be used by a program of several threads.
    #[error("MPI cannot be started: {reason}")]
    NoMpi {
        /// Why.
        reason: &'static str,
    },
    /// Two ranks came to different exchanges.
    #[error("the ranks are not in step: rank {rank} {at}, and rank {other} {other_at}")]
    OutOfStep {
        /// This rank.
        rank: usize,
        /// Where it is, as a verb and its object.
        at: String,
        /// The first rank that is elsewhere.
        other: usize,
        /// Where it is.
        other_at: String,
    },
    /// The ranks do not do the same work.
    #[error("the ranks do not have the same {differences}; start all of them with the same")]
    NotTheSame {
        /// Name by name: which ranks have what.
        differences: String,
    },
    /// Ranks said that they are not well.
    #[error("{}", listed(.failures))]
    Failed {
        /// Each of them, in the order of ranks.
        failures: Vec<RankFailure>,
    },
    /// Another program works in the folder.
    #[error(
        "{path}: {holder} works in this folder; if both are ranks of one run, they do not know each other: start \
         them with the mpirun of the MPI that the program was built with, or with srun --mpi=pmix"
    )]
    FolderBusy {
        /// The folder.
        path: PathBuf,
        /// Who it is.
        holder: LockHolder,
    },
    /// A file cannot be read.
    #[error("{path}: cannot be read")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A rank that is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankFailure {
    /// Which.
    pub rank: usize,
    /// What it said.
    pub cause: String,
}

impl Display for RankFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} failed: {}", self.rank, self.cause)
    }
}

fn listed(failures: &[RankFailure]) -> String {
    let told: Vec<_> = failures.iter().map(ToString::to_string).collect();
    told.join("; ")
}
