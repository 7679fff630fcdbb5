//! The start of a run's ranks, and every end.

use std::error::Error;

use crate::alone::Alone;
use crate::communicator::Communicator;
use crate::error::ClusterError;
use crate::settings::Settings;
use crate::world;

/// Does the work as one rank of those that the launcher started, or alone where it was started alone. Over MPI the
/// ranks end together: each says that its work is done, and waits for all. An error or a panic of one
/// ends all at once with exit code 1, after a line on standard error that names the rank and the cause; then this
/// does not return.
///
/// # Errors
/// Those of the work, where it was done alone, and [`ClusterError`] when the ranks cannot be started.
///
/// # Panics
/// When the work does, alone.
pub fn run<T, E>(
    settings: &Settings,
    work: impl FnOnce(&dyn Communicator) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<ClusterError> + Into<Box<dyn Error + Send + Sync>>,
{
    #[cfg(feature = "mpi")]
    if world::is_launched(&world::environment) {
        return Ok(crate::mpi::run(settings, work)?);
    }
    let _ = settings;
    world::check(1, &world::environment)?;
    work(&Alone)
}
