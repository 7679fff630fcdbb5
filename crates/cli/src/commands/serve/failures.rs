//! What goes wrong in an index, as the server tells it.

use locvtp_finder::{FinderError, QuestionError};
use locvtp_search::catalogue::CatalogueError;
use locvtp_serve::LibraryError;
use locvtp_transfer::TransferError;

/// Why a question has no answer. Paths that the asker did not give are not told.
pub(super) fn of_finder(error: FinderError) -> LibraryError {
    match error {
        FinderError::Question(QuestionError::OnlyWithout { .. } | QuestionError::Empty) => {
            LibraryError::Refused("say what should be seen, not only what should not".into())
        }
        FinderError::Question(error) => LibraryError::Refused(error.to_string()),
        FinderError::Transfer(TransferError::Embed(error)) => {
            LibraryError::Refused(error.to_string())
        }
        FinderError::NoPicture { .. } => LibraryError::Refused(
            "the picture is damaged, or none that can be read; give JPEG, PNG, WebP, GIF or BMP"
                .into(),
        ),
        FinderError::NotInIndex { .. } => {
            LibraryError::NotThere("the video to look for others like it is gone".into())
        }
        FinderError::NoSuchMoment { at, duration, .. } => LibraryError::Refused(format!(
            "nothing of the video is indexed at {at}; it plays for {duration}"
        )),
        FinderError::NoIndex => LibraryError::NotNow(error.to_string()),
        FinderError::Catalogue(error) => of_catalogue(error),
        other => failed("the search failed", other),
    }
}

/// Why the catalogue gives nothing.
pub(super) fn of_catalogue(error: CatalogueError) -> LibraryError {
    match error {
        CatalogueError::Busy { .. } => {
            LibraryError::NotNow("the index is being written; ask again in a moment".into())
        }
        other => failed("the index cannot be read", other),
    }
}

/// A failure that is nobody's fault who asks.
pub(super) fn failed(
    what: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> LibraryError {
    LibraryError::Failed(what.to_owned(), Some(Box::new(error)))
}
