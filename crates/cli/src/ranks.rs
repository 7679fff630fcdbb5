//! Several processes of one command, started by `mpirun` or `srun`.

use std::time::Duration;

use anyhow::bail;
use locvtp_cluster::{
    Communicator, Fact, Launched, Settings, launched, run, same_on_all, speaks_first,
};

use crate::output;

/// For so long a process waits for the launcher to end it, because the first has ended.
const LAUNCHERS_TIME: Duration = Duration::from_secs(10);

/// Another limit of the watchdog than the cluster's, in seconds.
const WATCHDOG: &str = "LOCVTP_WATCHDOG_S";

/// Refuses several processes of a command that one does alone: each would do all of it.
pub(crate) fn one_alone() -> anyhow::Result<()> {
    match launched() {
        Some(Launched { variable, said }) => bail!(
            "this command runs in one process, and {variable} says that {said} were started; start it without mpirun, \
             srun and torchrun. What can be shared among several: `locvtp pretrain`, `locvtp extract`, also of the features that a \
             task takes, and `locvtp index add`"
        ),
        None => Ok(()),
    }
}

/// Does the work as one of several processes or alone. What rank 0 then says and how it ends is for it alone: by then the others
/// are gone, and their exit code is 0.
pub(crate) fn together<T>(
    work: impl FnOnce(&dyn Communicator) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    run(&settings()?, |ranks| {
        let typed: Vec<_> = std::env::args_os().skip(1).collect();
        let typed = typed.join("\0".as_ref());
        let typed = Fact::hashed("arguments", typed.as_encoded_bytes());
        if ranks.rank().world_size() > 1 {
            same_on_all(ranks, &[Fact::program()?, typed])?;
        }
        work(ranks)
    })
}

/// Waits where another process of the same launch says the same: the launcher ends all when the first has ended.
pub(crate) fn let_the_first_speak() {
    if !speaks_first() {
        std::thread::sleep(LAUNCHERS_TIME);
    }
}

/// Whether this process writes and tells how it goes.
pub(crate) fn is_first(ranks: &dyn Communicator) -> bool {
    ranks.rank().index() == 0
}

fn settings() -> anyhow::Result<Settings> {
    let mut settings = Settings { in_words: output::error_in_words, ..Settings::default() };
    if let Ok(text) = std::env::var(WATCHDOG) {
        let Ok(seconds @ 1..) = text.parse::<u64>() else {
            bail!("{WATCHDOG} is {text:?}; give whole seconds, 1 or more");
        };
        settings.watchdog = Some(Duration::from_secs(seconds));
    }
    Ok(settings)
}
