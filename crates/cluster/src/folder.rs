//! One run in a folder, also where its ranks do not know each other.

use std::path::Path;

use locvtp_video::causes::with_causes;
use locvtp_video::{FolderLock, FolderLockError};

use crate::agreement::{Course, agree};
use crate::communicator::Communicator;
use crate::error::ClusterError;

/// Has the folder for this run alone: rank 0 takes its lock, and all know whether it could. The lock is with rank 0
/// and holds while that is kept. Ranks that all believe they are alone each try to take it, and
/// all but one are refused.
///
/// # Errors
/// [`ClusterError::FolderBusy`] when another program works in it, [`ClusterError::Unreadable`] when it cannot be opened,
/// and on the other ranks [`ClusterError::Failed`].
pub fn claim_folder(
    ranks: &dyn Communicator,
    folder: &Path,
) -> Result<Option<FolderLock>, ClusterError> {
    let lock = match ranks.rank().index() {
        0 => taken(folder).map(Some),
        _ => Ok(None),
    };
    let own = lock.as_ref().map(|_| Course::GoOn).map_err(|error| with_causes(error));
    match (agree(ranks, own, &mut []), lock) {
        (Err(_), Err(own)) => Err(own),
        (Err(other), Ok(_)) => Err(other),
        (Ok(_), lock) => lock,
    }
}

fn taken(folder: &Path) -> Result<FolderLock, ClusterError> {
    FolderLock::take(folder).map_err(|error| match error {
        FolderLockError::Busy { holder } => {
            ClusterError::FolderBusy { path: folder.into(), holder }
        }
        FolderLockError::Open(source) => ClusterError::Unreadable { path: folder.into(), source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alone::Alone;
    use crate::threads::in_threads;

    #[test]
    fn a_second_one_that_believes_it_is_alone_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let lock = claim_folder(&Alone, folder.path()).unwrap();
        let error = claim_folder(&Alone, folder.path()).unwrap_err();
        assert!(error.to_string().contains("they do not know each other"), "{error}");
        drop(lock);
        claim_folder(&Alone, folder.path()).unwrap();
        let missing = claim_folder(&Alone, &folder.path().join("none")).unwrap_err();
        assert!(matches!(missing, ClusterError::Unreadable { .. }), "{missing}");
    }

    #[test]
    fn ranks_that_know_each_other_share_the_folder_or_are_all_refused() {
        let folder = tempfile::tempdir().unwrap();
        let claimed = || {
            in_threads(3, |ranks| {
                let lock = claim_folder(ranks, folder.path());
                // Nobody lets it go before all have tried.
                ranks.gather_bytes(b"").unwrap();
                lock.map(|lock| lock.is_some()).map_err(|error| error.to_string())
            })
        };
        assert_eq!(claimed(), [Ok(true), Ok(false), Ok(false)]);
        let _lock = claim_folder(&Alone, folder.path()).unwrap();
        let refused = claimed();
        assert!(refused[0].as_ref().unwrap_err().contains("works in this folder"), "{refused:?}");
        assert!(refused[2].as_ref().unwrap_err().starts_with("rank 0 failed: "), "{refused:?}");
    }
}
