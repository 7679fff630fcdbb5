//! From MPI's first call to its last, and every end in between.

use std::error::Error;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::thread;
use std::time::Duration;

use locvtp_corpus::Rank;
use mpi::Threading;
use mpi::environment::Universe;
use mpi::traits::Communicator as _;

use crate::communicator::Communicator;
use crate::error::ClusterError;
use crate::mpi::ending::{end_all, say};
use crate::mpi::peers::Peers;
use crate::mpi::spread::Mpi;
use crate::mpi::watchdog::Watchdog;
use crate::settings::Settings;
use crate::world;

/// For so long a rank lets another say why all end.
const FIRST_SAY: Duration = Duration::from_secs(1);

/// Does the work as a rank of the world that MPI finds; returns when all ranks have done theirs.
///
/// The end of MPI waits for all ranks, and dropping a [`Universe`] ends MPI. So it is dropped at one place: when all ranks
/// said that they are done. On every other way the process ends before.
pub(crate) fn run<T, E>(
    settings: &Settings,
    work: impl FnOnce(&dyn Communicator) -> Result<T, E>,
) -> Result<T, ClusterError>
where
    E: From<ClusterError> + Into<Box<dyn Error + Send + Sync>>,
{
    let universe = started()?;
    let ranks = joined(&universe, settings);
    name_the_rank_in_panics(ranks.rank());
    match panic::catch_unwind(AssertUnwindSafe(|| work(&ranks))) {
        Ok(Ok(result)) => match ranks.all_done() {
            Ok(()) => {
                drop(universe);
                Ok(result)
            }
            Err(error) => end_for(&ranks, settings, &error),
        },
        Ok(Err(error)) => end_for(&ranks, settings, &*error.into()),
        // A panic that another thread handed on; the hook said what it was.
        Err(_) => end_all(ranks.rank(), "a panic, told above"),
    }
}

fn started() -> Result<Universe, ClusterError> {
    // SAFETY: both only give numbers.
    if cfg!(target_os = "linux") && unsafe { libc::gettid() != libc::getpid() } {
        return Err(ClusterError::NotMainThread);
    }
    let (universe, threading) = mpi::initialize_with_threading(Threading::Funneled)
        .ok_or(ClusterError::NoMpi { reason: "it runs already" })?;
    if threading < Threading::Funneled {
        std::mem::forget(universe);
        return Err(ClusterError::NoMpi { reason: "this MPI allows no other threads" });
    }
    Ok(universe)
}

/// Ends all ranks when the launcher counts others, or there is no thread for the watchdog.
fn joined(universe: &Universe, settings: &Settings) -> Mpi {
    let world = universe.world();
    let rank = Rank::new(world.rank() as usize, world.size() as usize);
    if let Err(error) = world::check(rank.world_size(), &world::environment) {
        end_all(rank, &error.to_string());
    }
    let watchdog = Watchdog::start(settings.watchdog, move |cause| end_all(rank, cause));
    let watchdog = watchdog
        .unwrap_or_else(|error| end_all(rank, &format!("no thread for the watchdog: {error}")));
    Mpi::new(Peers::new(world, rank, watchdog))
}

/// A panic of the main thread ends all ranks at once, before anything is dropped that might wait. Panics of other threads
/// may be caught on purpose; they are told, and end all when they come to the main thread.
fn name_the_rank_in_panics(rank: Rank) {
    let (main, before) = (thread::current().id(), panic::take_hook());
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        before(info);
        let place = info.location().map_or_else(String::new, |place| format!(" at {place}"));
        let said = info.payload_as_str().unwrap_or("no words");
        let cause = format!("panicked{place}: {said}");
        if thread::current().id() == main {
            end_all(rank, &cause);
        }
        say(rank, &format!("a thread {cause}"));
    }));
}

fn end_for(ranks: &Mpi, settings: &Settings, error: &(dyn Error + 'static)) -> ! {
    let own = ranks.rank().index();
    if who_says(error) != own {
        thread::sleep(FIRST_SAY);
    }
    end_all(ranks.rank(), &(settings.in_words)(error))
}

/// The rank that says an error at once: the first that failed where the ranks know of each other, else rank 0. What is
/// wrong for all, as a run file that is not there, is then said once.
fn who_says(error: &(dyn Error + 'static)) -> usize {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    let first_failed = causes.find_map(|cause| match cause.downcast_ref() {
        Some(ClusterError::Failed { failures }) => failures.first().map(|one| one.rank),
        _ => None,
    });
    first_failed.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RankFailure;

    #[test]
    fn what_is_wrong_for_all_is_said_by_the_first_rank_and_a_failure_by_who_failed() {
        assert_eq!(who_says(&ClusterError::NoMpi { reason: "none" }), 0);
        let failure = |rank| RankFailure { rank, cause: "no space".to_owned() };
        assert_eq!(who_says(&ClusterError::Failed { failures: vec![failure(2), failure(3)] }), 2);
    }
}
