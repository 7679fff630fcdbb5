//! What goes wrong in an index, as the server tells it: words without paths for who asked, the causes for the
//! log.

use locvtp_finder::{FinderError, QuestionError};
use locvtp_search::catalogue::CatalogueError;
use locvtp_serve::{Cause, LibraryError};
use locvtp_transfer::TransferError;

/// What every address says of an index that cannot be read.
const UNREADABLE: &str = "the index cannot be read as it lies there now: it is damaged, or was exchanged for one that does not \
     open; put a good one in its place, and the server goes on with that. Where the index lies in a database on a server, that may not \
     answer now. The log says what is wrong";

/// What is said of a picture that shows nothing.
pub(super) const NO_PICTURE: &str =
    "the picture is damaged, or none that can be read; give JPEG, PNG, WebP, GIF or BMP";

/// Why an index gives no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Told as it is.
    Told(LibraryError),
    /// The catalogue cannot be read as it is open; opened anew it may be.
    Unreadable(CatalogueError),
}

impl Failure {
    /// As the server tells it.
    pub(super) fn told(self) -> LibraryError {
        match self {
            Self::Told(error) => error,
            Self::Unreadable(error) => unreadable(error.into()),
        }
    }
}

/// An index that cannot be read, and why.
pub(super) fn unreadable(cause: Cause) -> LibraryError {
    LibraryError::NotNow(UNREADABLE.into(), Some(cause))
}

/// A question that cannot be answered as it stands.
pub(super) fn refused(words: impl Into<String>) -> Failure {
    Failure::Told(LibraryError::Refused(words.into()))
}

/// What was asked for is not there any more.
pub(super) fn not_there(words: impl Into<String>) -> Failure {
    Failure::Told(LibraryError::NotThere(words.into(), None))
}

/// A failure that is nobody's fault who asks.
pub(super) fn failed(
    what: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> LibraryError {
    LibraryError::Failed(format!("{what}; the server's log says why"), Some(Box::new(error)))
}

impl From<LibraryError> for Failure {
    fn from(error: LibraryError) -> Self {
        Self::Told(error)
    }
}

impl From<CatalogueError> for Failure {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Busy { .. } => {
                let words = "the index is being written; ask again in a moment";
                Self::Told(LibraryError::NotNow(words.into(), None))
            }
            other => Self::Unreadable(other),
        }
    }
}

impl From<FinderError> for Failure {
    fn from(error: FinderError) -> Self {
        match error {
            FinderError::Question(QuestionError::OnlyWithout { .. } | QuestionError::Empty) => {
                refused("say what should be seen, not only what should not")
            }
            FinderError::Question(error) => refused(error.to_string()),
            FinderError::Transfer(TransferError::Embed(error)) => refused(error.to_string()),
            // The picture of a question is the one file that a search opens and needs.
            FinderError::NoPicture { .. } | FinderError::Transfer(TransferError::Video(_)) => {
                refused(NO_PICTURE)
            }
            FinderError::NotInIndex { .. } => {
                not_there("the video to look for others like it is gone")
            }
            FinderError::NoSuchMoment { at, duration, .. } => {
                refused(format!("nothing of the video is indexed at {at}; it plays for {duration}"))
            }
            FinderError::NoIndex => Self::Told(LibraryError::NotNow(error.to_string(), None)),
            FinderError::Catalogue(error) => error.into(),
            other => failed("the search failed", other).into(),
        }
    }
}
